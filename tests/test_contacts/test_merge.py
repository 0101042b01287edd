"""Two contacts into one: everything moves, nothing is lost silently, one open conversation a device."""

import threading

import pytest
from sqlalchemy import select

from cloudchat.errors import AppError, Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import AuditEntry, Contact, ContactIdentity, Conversation
from cloudchat.services import contact_merge, contacts
from cloudchat.tenancy import acting_as


@pytest.fixture
def pair(cast, make):
    """Two contacts of one person, each with an open conversation on the same device."""
    device = make.device(cast.organization_id)
    older = make.conversation(cast.organization_id, device, name="Budi")
    make.message(older, "dulu")
    newer = make.conversation(cast.organization_id, device, name="Budi S.")
    make.message(newer, "baru")
    return cast.organization_id, older, newer


def contact(contact_id):
    return db.session.get(Contact, contact_id)


def test_preview_says_what_merging_does(pair):
    organization_id, older, newer = pair
    with acting_as(organization_id):
        contacts.change(
            older.contact_id, {"email": "budi@contoh.com", "custom_fields": {"Kota": "A", "X": "1"}}
        )
        contacts.change(newer.contact_id, {"custom_fields": {"Kota": "B", "Y": "2"}})
        shown = contact_merge.preview(newer.contact_id, older.contact_id)
        assert shown.moved == 1
        assert [row.id for row in shown.resolved] == [older.id]
        assert shown.custom_fields == {"Kota": "B", "X": "1", "Y": "2"}
        assert shown.lost["custom_fields.Kota"] == "A"
        assert shown.lost["name"] == "Budi"
        assert shown.email == "budi@contoh.com"
        lost_phone = contact(older.contact_id).phone
        assert shown.lost["phone"] == lost_phone
        db.session.rollback()

        kept = contact_merge.merge(newer.contact_id, older.contact_id)
        assert (kept.email, kept.custom_fields) == (shown.email, shown.custom_fields)
        db.session.expire_all()
        rows = db.session.scalars(select(Conversation).order_by(Conversation.id)).all()
        assert {row.contact_id for row in rows} == {kept.id}
        assert [row.status for row in rows] == ["resolved", "open"]
        assert rows[0].unread_count == 0
        assert contact(older.contact_id) is None
        identities = db.session.scalars(select(ContactIdentity.contact_id)).all()
        assert identities == [kept.id, kept.id]
        noted = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "contact.merged"))
        assert noted.data["lost"]["phone"] == lost_phone


def test_the_other_way_round_the_newer_conversation_stays_open(pair):
    organization_id, older, newer = pair
    with acting_as(organization_id):
        kept = contact_merge.merge(older.contact_id, newer.contact_id)
        assert kept.name == "Budi"
        db.session.expire_all()
        assert db.session.get(Conversation, newer.id).status == "open"
        assert db.session.get(Conversation, older.id).status == "resolved"


def test_different_devices_keep_both_open(cast, make):
    one = make.conversation(cast.organization_id, make.device(cast.organization_id))
    two = make.conversation(cast.organization_id, make.device(cast.organization_id, "webchat"))
    with acting_as(cast.organization_id):
        assert contact_merge.preview(one.contact_id, two.contact_id).resolved == []
        db.session.rollback()
        contact_merge.merge(one.contact_id, two.contact_id)
        db.session.expire_all()
        assert [row.status for row in db.session.scalars(select(Conversation))] == ["open", "open"]


def test_labels_of_both(cast, make):
    labels = [make.label(cast.organization_id, name).id for name in ("A", "B", "C")]
    with acting_as(cast.organization_id):
        one = contacts.create({"name": "Satu", "labels": labels[:2]})
        two = contacts.create({"name": "Dua", "labels": labels[1:]})
        contact_merge.merge(one.id, two.id)
        assert [label.name for label in contacts.labels_of([one.id])[one.id]] == ["A", "B", "C"]


def test_refusals(cast, make):
    mine = make.contact(cast.organization_id).id
    theirs = make.contact(cast.neighbour_id).id
    full = make.contact(cast.organization_id, custom_fields={f"a{i}": "1" for i in range(30)}).id
    other = make.contact(cast.organization_id, custom_fields={f"b{i}": "1" for i in range(30)}).id
    with acting_as(cast.organization_id):
        for call in (contact_merge.preview, contact_merge.merge):
            for ids, error in (
                ((mine, mine), Invalid),
                ((mine, theirs), NotFound),
                ((theirs, mine), NotFound),
                ((full, other), Invalid),
            ):
                with pytest.raises(error):
                    call(*ids)
                db.session.rollback()
    with acting_as(cast.neighbour_id):
        assert contact(theirs) is not None


def test_crossed_merges_at_once(app, cast, make):
    """A into B while B into A: one wins, the other is told, one contact is left."""
    a, b = (make.contact(cast.organization_id, name).id for name in "AB")
    outcomes = []
    start = threading.Barrier(2)

    def merge(kept, other):
        with app.app_context(), acting_as(cast.organization_id):
            start.wait()
            try:
                contact_merge.merge(kept, other)
                outcomes.append("merged")
            except AppError as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=merge, args=ids) for ids in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["merged", "not_found"]
    with acting_as(cast.organization_id):
        assert len(db.session.scalars(select(Contact)).all()) == 1


def test_pages(cast, make, as_person):
    mine, other = make.contact(cast.organization_id), make.contact(cast.organization_id)
    theirs = make.contact(cast.neighbour_id)
    api = as_person(cast.manager)
    page = api.get(f"/app/contacts/{mine.id}/merge")
    assert page.status_code == 200
    assert f"other={other.id}" in page.text, "the same name is offered by itself"
    assert api.get(f"/app/contacts/{mine.id}/merge?other={other.id}").status_code == 200
    for wrong in (theirs.id, "x", -1, 2**31, "1e3", "1 "):
        assert api.get(f"/app/contacts/{mine.id}/merge?other={wrong}").status_code == 404
        answer = api.post(f"/app/contacts/{mine.id}/merge", data={"contact_id": wrong})
        assert answer.status_code == 404
    assert as_person(cast.agent).get(f"/app/contacts/{mine.id}/merge").status_code == 403
    assert api.post(f"/app/contacts/{mine.id}/merge", data={"contact_id": other.id}).status_code == 303
    assert api.get(f"/app/contacts/{other.id}").status_code == 404
