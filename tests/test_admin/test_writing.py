"""Forms end in services: right values are saved and recorded, wrong ones come back beside their fields."""

import re

import pytest
from sqlalchemy import func, select

from admin.audit_texts import ACTIONS
from cloudchat.extensions import db
from cloudchat.models import (
    AuditEntry,
    CannedReply,
    Contact,
    Division,
    DivisionAgent,
    Invitation,
    Label,
    User,
    WebhookEvent,
)
from cloudchat.services import contacts
from cloudchat.tenancy import acting_as
from tests import factories
from tests.conftest import ROOT
from tests.test_admin.conftest import make_dead_event


def recorded(organization_id: int) -> list[str]:
    with acting_as(organization_id):
        return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def only(organization_id: int, model):
    with acting_as(organization_id):
        return db.session.scalars(select(model).order_by(model.id.desc())).first()


def test_a_label_is_made_changed_and_deleted(home, browser):
    mine, organization_id = browser(home), home.organization_id

    assert mine.post("/admin/labels/new/", {"name": "VIP", "color": "#112233"}).status_code == 302
    label = only(organization_id, Label)
    assert (label.name, label.color) == ("VIP", "#112233")
    assert mine.post(f"/admin/labels/edit/?id={label.id}", {"name": "Utama", "color": "#112233"}).location
    assert "Utama" in mine.get("/admin/labels/").text
    assert mine.post("/admin/labels/delete/", {"id": label.id}).status_code == 302
    assert only(organization_id, Label) is None
    assert recorded(organization_id)[-3:] == ["label.created", "label.changed", "label.deleted"]


def test_wrong_values_come_back_beside_their_fields(home, browser):
    answer = browser(home).post("/admin/labels/new/", {"name": "", "color": "red"})

    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') >= 1
    assert 'id="name-error"' in answer.text
    assert 'value="red"' in answer.text


def test_a_services_refusal_comes_back_beside_its_field(home, browser):
    factories.label(home.organization_id, "VIP")
    answer = browser(home).post("/admin/labels/new/", {"name": "vip", "color": "#112233"})
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text


def test_several_rows_are_deleted_at_once(home, browser):
    ids = [factories.canned_reply(home.organization_id).id for _ in range(3)]
    answer = browser(home).post("/admin/canned-replies/action/", {"action": "delete", "rowid": ids[:2]})
    assert answer.status_code == 302
    assert only(home.organization_id, CannedReply).id == ids[2]
    assert recorded(home.organization_id).count("canned_reply.deleted") == 2


@pytest.mark.parametrize("rows", [[], list(range(1, 202))])
def test_a_bulk_action_needs_a_sane_number_of_rows(rows, home, browser):
    answer = browser(home).post("/admin/labels/action/", {"action": "delete", "rowid": rows})
    assert answer.status_code == 422


def test_fields_that_a_form_does_not_have_are_not_written(home, browser, cast):
    label = factories.label(home.organization_id, "Lama")
    hidden = {
        "id": "999999",
        "organization_id": str(cast.neighbour_id),
        "created_at": "2001-01-01",
        "is_operator": "y",
        "email": "lain@contoh.test",
        "password_hash": "x",
        "is_active": "",
        "token_hash": "x",
        "public_key": "x",
        "secrets": "x",
        "status": "disconnected",
        "external_account": "x",
        "deleted_at": "2001-01-01",
    }
    mine = browser(home)
    kept = factories.person(home.organization_id, "agent")
    before = factories.user_row(kept)

    mine.post(f"/admin/labels/edit/?id={label.id}", {**hidden, "name": "Baru", "color": "#112233"})
    mine.post(
        f"/admin/users/edit/?id={kept.id}", {**hidden, "name": "Baru", "role": "agent", "capacity": "3"}
    )

    changed = only(home.organization_id, Label)
    assert (changed.id, changed.name, changed.organization_id) == (label.id, "Baru", home.organization_id)
    assert changed.created_at == label.created_at
    after = factories.user_row(kept)
    assert (after.name, after.capacity) == ("Baru", 3)
    for name in ("is_operator", "email", "password_hash", "is_active", "organization_id"):
        assert getattr(after, name) == getattr(before, name), name


# --- people ------------------------------------------------------------------------------------


def test_a_user_gets_another_role_and_capacity(home, browser):
    agent = factories.person(home.organization_id, "agent")
    browser(home).post(
        f"/admin/users/edit/?id={agent.id}", {"name": "Ani", "role": "manager", "capacity": "9"}
    )
    row = factories.user_row(agent)
    assert (row.name, row.role, row.capacity) == ("Ani", "manager", 9)
    assert {"user.changed", "user.role_changed"} <= set(recorded(home.organization_id))


def test_the_last_admin_stays_admin_and_nothing_else_is_saved(home, browser):
    answer = browser(home).post(
        f"/admin/users/edit/?id={home.id}", {"name": "Lain", "role": "agent", "capacity": "1"}
    )
    assert answer.status_code == 422
    row = factories.user_row(home)
    assert (row.name, row.role) == (home.name, "admin")


@pytest.mark.parametrize(
    "fields", [{"role": "owner"}, {"capacity": "-1"}, {"capacity": "1001"}, {"name": ""}]
)
def test_wrong_users_are_refused(fields, home, browser):
    agent = factories.person(home.organization_id, "agent")
    given = {"name": "Ani", "role": "agent", "capacity": "5", **fields}
    assert browser(home).post(f"/admin/users/edit/?id={agent.id}", given).status_code == 422


def test_deactivating_ends_sessions_and_reactivating_lets_in_again(home, browser, app):
    agent = factories.person(home.organization_id, "agent", password=factories.PASSWORD)
    theirs, mine = browser(agent), browser(home)

    mine.post("/admin/users/active/", {"id": agent.id, "active": "no"})
    assert theirs.get("/app/settings/security").location.startswith("/login")
    assert app.test_client().get("/api/app/me", headers=agent.headers).status_code == 401
    mine.post("/admin/users/active/", {"id": agent.id, "active": "yes"})
    assert browser(agent).get("/app/settings/security").status_code == 200


def test_nobody_deactivates_themselves(home, browser):
    factories.person(home.organization_id, "admin")
    mine = browser(home)
    mine.post("/admin/users/active/", {"id": home.id, "active": "no"})
    mine.post("/admin/users/action/", {"action": "deactivate", "rowid": [home.id]})
    assert factories.user_row(home).is_active


def test_an_invitation_link_is_shown_once_and_works(home, browser, app):
    mine = browser(home)
    answer = mine.post(
        "/admin/invitations/new/",
        {"email": f"baru{factories.number()}@contoh.test", "name": "Baru", "role": "manager"},
    )
    assert answer.status_code == 201
    link = re.search(r'value="(http[^"]+/invitation/[^"]+)"', answer.text).group(1)
    token = link.rpartition("/")[2]

    assert token not in mine.get("/admin/invitations/").text
    assert app.test_client().get(f"/invitation/{token}").status_code == 200
    invitation = only(home.organization_id, Invitation)
    mine.post("/admin/invitations/delete/", {"id": invitation.id})
    assert app.test_client().get(f"/invitation/{token}").status_code == 404
    assert recorded(home.organization_id)[-1] == "invitation.revoked"


def test_an_address_in_use_is_not_invited(home, browser):
    answer = browser(home).post("/admin/invitations/new/", {"email": home.email, "name": "", "role": "agent"})
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text


# --- divisions, contacts, events ---------------------------------------------------------------


def test_a_division_gets_and_loses_members(home, browser):
    people = [factories.person(home.organization_id, "agent") for _ in range(3)]
    division = factories.division(home.organization_id, "Penagihan", tuple(people[:2]))
    values = {"name": "Penagihan", "position": "2", "is_active": "y", "avg_handling_time_minutes": "12"}
    browser(home).post(
        f"/admin/divisions/edit/?id={division.id}",
        {**values, "keywords": "tagihan, bayar", "members": [people[1].id, people[2].id]},
    )
    with acting_as(home.organization_id):
        members = set(db.session.scalars(select(DivisionAgent.user_id)))
        kept = db.session.get(Division, division.id, populate_existing=True)
    assert members == {people[1].id, people[2].id}
    assert (kept.keyword_triggers, kept.avg_handling_time_minutes) == (["tagihan", "bayar"], 12)


def test_a_contact_is_saved_with_labels_and_custom_fields(home, browser):
    label = factories.label(home.organization_id)
    answer = browser(home).post(
        "/admin/contacts/new/",
        {
            "name": "Budi",
            "phone": "0812-3456-7890",
            "email": "budi@contoh.test",
            "labels": [label.id],
            "custom_fields": "Kota: Bandung\nUkuran: XL: besar\n\n",
        },
    )
    assert answer.status_code == 302
    contact = only(home.organization_id, Contact)
    assert (contact.name, contact.phone) == ("Budi", "+6281234567890")
    assert contact.custom_fields == {"Kota": "Bandung", "Ukuran": "XL: besar"}
    with acting_as(home.organization_id):
        assert [row.id for row in contacts.labels_of([contact.id])[contact.id]] == [label.id]


@pytest.mark.parametrize(
    ("fields", "bad"),
    [({"phone": "abc"}, "phone"), ({"email": "x"}, "email"), ({"custom_fields": "kota"}, "custom_fields")],
)
def test_a_wrong_contact_comes_back(fields, bad, home, browser):
    contact = factories.contact(home.organization_id, "Budi")
    answer = browser(home).post(f"/admin/contacts/edit/?id={contact.id}", {"name": "Budi", **fields})
    assert answer.status_code == 422
    assert f'id="{bad}-error"' in answer.text


def test_a_dead_event_is_taken_up_again(home, browser):
    event_id = make_dead_event(home.organization_id, "wamid.x")
    mine = browser(home)
    assert "wamid.x" in mine.get(f"/admin/events/details/?id={event_id}").text
    mine.post("/admin/events/replay/", {"id": event_id})
    with acting_as(home.organization_id):
        assert db.session.get(WebhookEvent, event_id).dead_at is None
    assert recorded(home.organization_id)[-1] == "event.replayed"
    assert mine.post("/admin/events/replay/", {"id": event_id}).status_code == 404


def test_an_entry_names_who_did_it(home, browser):
    browser(home).post("/admin/labels/new/", {"name": "VIP", "color": "#112233"})
    with acting_as(home.organization_id):
        entry = db.session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()))
        count = db.session.scalar(select(func.count(User.id)).where(User.id == entry.actor_id))
    assert (entry.actor_id, entry.actor_name, count) == (home.id, home.name, 1)


def test_every_recorded_action_has_words():
    """The audit screen can name and filter whatever the services record."""
    written = set()
    for path in (ROOT / "cloudchat" / "services").rglob("*.py"):
        for call in re.findall(r"audit\.record\((.*?)\)", path.read_text(), re.DOTALL):
            written |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"', call))
        written |= set(re.findall(r'"((?:operator|organization|division)\.[a-z_]+)"', path.read_text()))
    assert written <= set(ACTIONS)


def test_screens_answer_in_both_languages(home, browser, context):
    mine = browser(home)
    with acting_as(home.organization_id):
        db.session.get(User, home.id).locale = "en"
        db.session.commit()
    page = mine.get("/admin/labels/").text
    assert '<html lang="en"' in page
    assert "Labels" in page
