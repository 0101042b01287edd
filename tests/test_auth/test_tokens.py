"""API tokens: shown once, kept as a hash, gone when revoked; and the links of invitations."""

import re
from datetime import timedelta

import pytest

from cloudchat.config import active
from cloudchat.extensions import db, now
from cloudchat.models import ApiToken, AuditEntry, Invitation
from cloudchat.services import accounts, mailing
from cloudchat.tenancy import acting_as
from tests.factories import PASSWORD


def test_a_token_is_kept_as_a_hash_and_shown_once(browser, person):
    someone = person("admin")
    there = browser()
    there.log_in(someone.email)
    made = there.post("/app/settings/api", data={"name": "Kasir"})
    token = made.text.split("cc_")[1].split("<")[0].split('"')[0]
    token = "cc_" + token.strip()
    assert browser().get("/api/app/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    secret = token.split("_", 2)[2]
    assert secret not in there.get("/app/settings/api").text
    with acting_as(someone.organization_id):
        rows = db.session.query(ApiToken).all()
        assert all(secret not in f"{row.prefix} {row.token_hash} {row.name}" for row in rows)


def test_a_revoked_token_is_nobody(browser, person):
    someone = person("admin")
    with acting_as(someone.organization_id):
        row = db.session.query(ApiToken).filter_by(user_id=someone.id).one()
        accounts.revoke_api_token(row.id)
    assert browser().get("/api/app/me", headers=someone.headers).status_code == 401


def test_a_token_of_one_organization_does_not_name_another(browser, person, make):
    """The number in it is only where to look: the hash is of the whole."""
    someone = person("admin")
    _head, _number, secret = someone.token.split("_", 2)
    forged = f"cc_{make.organization()}_{secret}"
    answer = browser().get("/api/app/me", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401


def test_secrets_are_in_no_answer(as_person, cast, make):
    """H40: neither an agent nor an admin gets to see a device's secrets or a hash."""
    device = make.device(cast.organization_id, secrets={"access_token": "EAAsangatrahasia"})
    for person in (cast.agent, cast.manager, cast.admin):
        for url in ("/api/app/devices", f"/api/app/devices/{device.id}", "/api/app/agents", "/api/app/me"):
            text = as_person(person).get(url).text
            assert "EAAsangatrahasia" not in text
            assert "password_hash" not in text and "$argon2" not in text


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_with_limits_is_made_on_the_page(browser, person):
    someone, there = person("admin"), browser()
    there.log_in(someone.email)
    page = "/app/settings/api"
    nothing = there.post(page, data={"name": "Kasir", "reach": "some"})
    foreign = there.post(page, data={"name": "Kasir", "reach": "some", "scopes": ["root"]})
    assert (nothing.status_code, foreign.status_code) == (422, 422)
    form = {"name": "Kasir", "reach": "some", "scopes": ["contacts", "messages:read"], "days": "30"}
    made = there.post(page, data=form)
    token = re.search(r'value="(cc_[^"]+)"', made.text)[1]
    program = browser()
    assert program.get("/api/app/contacts", headers=bearer(token)).status_code == 200
    assert program.get("/api/app/inbox/conversations", headers=bearer(token)).status_code == 200
    refused = program.post("/api/app/labels", json={"name": "A"}, headers=bearer(token))
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "scope_missing")
    assert program.get("/app/inbox", headers=bearer(token)).status_code == 403
    with acting_as(someone.organization_id):
        row = db.session.query(ApiToken).filter_by(name="Kasir").one()
        assert row.scopes == ["messages:read", "contacts"] and row.last_used_ip == program.ip
        row.expires_at = now() - timedelta(seconds=1)
        db.session.commit()
    assert program.get("/api/app/contacts", headers=bearer(token)).status_code == 401
    assert "badge-red" in there.get(page).text


def test_a_token_is_renamed(browser, person):
    someone, there = person("admin"), browser()
    there.log_in(someone.email)
    with acting_as(someone.organization_id):
        row = db.session.query(ApiToken).one()
    there.post(f"/app/settings/api/{row.id}/rename", data={"name": " Kasir toko "})
    there.post(f"/app/settings/api/{row.id}/rename", data={"name": " "})
    with acting_as(someone.organization_id):
        assert db.session.query(ApiToken).one().name == "Kasir toko"
        assert db.session.query(AuditEntry).filter_by(action="api_token.renamed").count() == 1


def test_a_use_is_noted_at_most_once_a_minute(browser, person):
    someone, program = person("admin"), browser()

    def last():
        program.get("/api/app/me", headers=someone.headers)
        with acting_as(someone.organization_id):
            return db.session.query(ApiToken.last_used_at).scalar()

    first = last()
    assert first and last() == first


# --- invitations -------------------------------------------------------------------------------


@pytest.fixture
def invited(make):
    """`(link, organization id)` of a fresh invitation."""

    def one(email: str | None = None, role: str = "agent"):
        organization_id = make.organization("Toko Undangan")
        with acting_as(organization_id):
            token = accounts.invite(email or f"baru{make.number()}@contoh.test", "Baru", role, None)
        return f"/invitation/{token}", organization_id

    return one


def accept(there, link: str, **form):
    page = there.get(link)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    there.csrf_token = token
    return there.post(link, data={"name": "Rani", "password": PASSWORD, **form})


def test_an_invitation_is_accepted_once(browser, invited):
    link, _organization_id = invited()
    there = browser()
    assert accept(there, link).status_code == 302 and there.is_in()
    again = browser().get(link)
    assert again.status_code == 404 and "/login" in again.text, "what to do next is said"


def test_joining_is_recorded_as_by_the_invited_person(browser, invited):
    link, organization_id = invited()
    accept(browser(), link)
    with acting_as(organization_id):
        row = db.session.scalar(db.select(AuditEntry).where(AuditEntry.action == "invitation.accepted"))
        assert (row.object_type, row.object_id) == ("users", str(row.actor_id))
        assert (row.actor_name, bool(row.ip)) == ("Rani", True)


def test_an_invitation_gives_the_role_that_it_was_made_for(browser, invited):
    link, organization_id = invited(role="agent")
    there = browser()
    accept(there, link, role="admin", is_operator="1", organization_id="1", email="lain@contoh.test")
    me = there.get("/api/app/me").json
    assert (me["role"], me["is_operator"]) == ("agent", False)
    assert me["organization"]["id"] == organization_id and me["email"] != "lain@contoh.test"


def test_an_old_invitation_is_gone(browser, invited):
    link, organization_id = invited()
    with acting_as(organization_id):
        row = db.session.query(Invitation).one()
        row.expires_at = now() - timedelta(seconds=1)
        db.session.commit()
    assert browser().get(link).status_code == 404


def test_a_weak_password_is_refused_and_the_link_stays(browser, invited):
    link, _organization_id = invited()
    there = browser()
    assert accept(there, link, password="pendek").status_code == 422
    assert accept(there, link).status_code == 302


def test_an_invitation_is_mailed_and_sent_again(browser, person, mail_server):
    someone, office = person("admin"), browser()
    office.log_in(someone.email)
    email = f"baru{someone.id}@contoh.test"
    form = {"email": email, "name": "Baru", "role": "agent"}
    assert office.post("/admin/invitations/new/", data=form).status_code == 201
    assert office.post("/admin/invitations/new/", data=form).status_code == 201
    with acting_as(someone.organization_id):
        row = db.session.query(Invitation).one()  # the older one is worth nothing
        row.expires_at = now() - timedelta(seconds=1)
        db.session.commit()
        mailing.deliver()
    old = mail_server.link_to(email).removeprefix(active().public_url)
    assert browser().get(old).status_code == 404
    assert office.get("/admin/invitations/").status_code == 200
    stranger = browser()
    stranger.log_in(person("admin").email)
    assert stranger.post("/admin/invitations/resend/", data={"id": row.id}).status_code == 404
    again = office.post("/admin/invitations/resend/", data={"id": row.id})
    assert again.status_code == 201 and "/invitation/" in again.text
    with acting_as(someone.organization_id):
        mailing.deliver()
    fresh = mail_server.link_to(email).removeprefix(active().public_url)
    assert fresh != old and accept(browser(), fresh).status_code == 302
    assert office.post("/admin/invitations/resend/", data={"id": row.id}).status_code == 404


def test_who_is_logged_in_is_told_whom_an_invitation_is_for(browser, person, invited):
    link, _organization_id = invited("dewi@contoh.test")
    someone, there = person("agent"), browser()
    there.log_in(someone.email)
    page = there.get(link)
    assert "dewi@contoh.test" in page.text and someone.email in page.text
    assert there.post(link, data={"name": "X", "password": PASSWORD}).status_code == 200
    with acting_as(_organization_id):
        assert db.session.query(Invitation).one().accepted_at is None
    assert there.post("/logout", data={"next": link}).location == link
    assert accept(there, link).status_code == 302


@pytest.mark.parametrize("token", ["x", "0.x", "1.x", "99999999999.x", "1." + "a" * 200, "%00.x", "١.x"])
def test_a_made_up_link_leads_nowhere(browser, token):
    assert browser().get(f"/invitation/{token}").status_code == 404


def test_an_invitation_needs_the_forms_own_token(browser, invited):
    link, _organization_id = invited()
    assert browser().post(link, data={"name": "A", "password": PASSWORD}).status_code == 403
