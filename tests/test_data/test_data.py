"""An organization's data: exported whole, kept as long as wanted, deleted without a trace."""

import json
import re
import zipfile
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text, update

from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db, now
from cloudchat.models import (
    Attachment,
    AuditEntry,
    ChatbotInteraction,
    Contact,
    Conversation,
    Message,
    Organization,
    WebhookDelivery,
    WebhookEvent,
)
from cloudchat.services import contacts, files
from cloudchat.services.data import ending, erasure, exporting, retention, tables
from cloudchat.services.webhooks import endpoints
from cloudchat.tenancy import acting_as, all_organizations
from tests import factories

ALLOWED = {  # columns whose names sound like secrets and are none
    "devices.public_key",
    "divisions.keyword_triggers",
    "divisions.auto_detect_keywords",
    "assistant_settings.key_hint",
    "ongkir_cache.key",
    "ongkir_settings.key_hint",
    "queue_settings.check_queue_keyword",
    "queue_settings.leave_keyword",
    "device_paces.tokens",
    "attachments.file_key",
    "notes.author_id",
    "broadcast_recipients.key",
    "broadcast_opt_outs.key",
}


@pytest.fixture
def talk(cast):
    """A conversation with a message, a file, a bot's turn, a raw event and a webhook's delivery."""
    return made_talk(cast.organization_id, "Budi Rahasia")


def made_talk(organization_id, name):
    device = factories.device(organization_id)
    row = factories.conversation(organization_id, device, name=name)
    message = factories.message(row, f"Saya {name}")
    bot = factories.bot(organization_id)
    with acting_as(organization_id):
        kept = files.store_bytes(b"isi berkas", "ktp.txt")
        hook, _ = endpoints.create({"url": "https://8.8.8.8/", "events": ["message.created"]}, None)
        event = {"provider_id": message.external_id, "kind": "message", "processed_at": now()}
        delivery = {"event_id": "evt_1", "event": "message.created", "data": {"name": name}}
        db.session.add_all(
            [
                files.ready_attachment(row.id, message.id, kept),
                ChatbotInteraction(bot_id=bot.id, conversation_id=row.id, question=f"Saya {name}"),
                WebhookEvent(device_id=device.id, payload={"from": row.external_user_id, "n": name}, **event),
                WebhookDelivery(webhook_id=hook.id, contact_id=row.contact_id, **delivery),
            ]
        )
        db.session.commit()
    return row


def key_of(row) -> str:
    with acting_as(row.organization_id):
        return db.session.scalar(select(Attachment.file_key).where(Attachment.conversation_id == row.id))


def everywhere(organization_id, word) -> set[str]:
    """The tables in which an organization's rows hold this word."""
    found = set()
    with all_organizations("a test looks for what was to be forgotten"):
        for table in tables.all_tables():
            statement = text(
                f"select 1 from {table.name} t where organization_id = :id and t::text like :word limit 1"
            )
            if db.session.execute(statement, {"id": organization_id, "word": f"%{word}%"}).first():
                found.add(table.name)
    return found


# --- exports -----------------------------------------------------------------------------------


def test_secrets_are_never_exported():
    for table in tables.exported_tables():
        for column in table.c:
            if re.search("secret|password|token|hash|key|sealed|auth|totp|recovery", column.name):
                known = column.name in tables.SECRETS.get(table.name, ())
                assert known or f"{table.name}.{column.name}" in ALLOWED, f"{table.name}.{column.name}"


def export(row_or_cast, contact_id):
    with acting_as(row_or_cast.organization_id):
        made = exporting.start(contact_id, None)
        exporting.work(made.id)
        done = exporting.get(made.id)
        assert (done.state, done.done) == ("done", done.total)
        with zipfile.ZipFile(exporting.file_of(made.id)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def test_a_contacts_export_has_everything_and_nobody_else(cast, talk):
    made_talk(cast.organization_id, "Sari Lain")
    made_talk(cast.neighbour_id, "Tetangga")
    found = export(talk, talk.contact_id)
    whole = b"".join(found.values())
    assert b"Budi Rahasia" in whole
    assert b"Sari Lain" not in whole
    assert b"Tetangga" not in whole
    assert b"isi berkas" in [content for name, content in found.items() if name.startswith("files/")]
    assert json.loads(found["data/messages.jsonl"])["text"] == "Saya Budi Rahasia"
    assert json.loads(found["about.json"])["counts"]["messages"] == 1


def test_an_organizations_export_is_for_admins_and_without_secrets(cast, talk, as_person):
    made_talk(cast.neighbour_id, "Tetangga")
    found = export(talk, None)
    whole = b"".join(found.values())
    assert b"Budi Rahasia" in whole
    assert b"Tetangga" not in whole
    assert b"password_hash" not in found["data/users.jsonl"]
    assert b'"secrets"' not in found["data/devices.jsonl"]
    manager, admin = as_person(cast.manager), as_person(cast.admin)
    assert manager.post("/api/app/exports", json={}).status_code == 403
    [row] = admin.get("/api/app/exports").json["items"]
    assert admin.get(row["url"]).data[:2] == b"PK"
    assert manager.get(row["url"]).status_code == 403
    with time_machine.travel(now() + timedelta(days=8), tick=True), acting_as(cast.organization_id):
        exporting.drop_old()
        assert exporting.page() == []


def test_an_export_that_a_dead_worker_left_is_begun_anew_three_times(cast, monkeypatch):
    with acting_as(cast.organization_id):
        row = exporting.start(None, None)
        with pytest.raises(Conflict):
            exporting.start(None, None)
        monkeypatch.setattr(exporting, "_write", lambda *_args: 1 / 0)
        for number in range(3):
            moment = now() + timedelta(minutes=3 * number)
            with time_machine.travel(moment, tick=True), pytest.raises(ZeroDivisionError):
                exporting.work(row.id)
        assert exporting.get(row.id).state == "failed"


# --- a contact's end ---------------------------------------------------------------------------


def test_a_deleted_contact_is_forgotten_everywhere(cast, talk):
    other = made_talk(cast.organization_id, "Sari Lain")
    path = files.path_of(key_of(talk))
    with acting_as(cast.organization_id):
        contacts.delete(talk.contact_id)
        erasure.remove_files([f"{cast.organization_id}/{path.name}", key_of(other).replace("/", "9/")])
        erasure.blank_events([(talk.device_id, talk.external_user_id)])
        turns = db.session.scalars(select(ChatbotInteraction.question).order_by(ChatbotInteraction.id)).all()
    assert not path.exists()
    assert turns == [erasure.ERASED, "Saya Sari Lain"]  # the turn still counts
    assert everywhere(cast.organization_id, "Budi Rahasia") == set()
    assert everywhere(cast.organization_id, talk.external_user_id) == set()
    assert files.path_of(key_of(other)).exists()


# --- retention ---------------------------------------------------------------------------------


def aged(row, days, **values):
    moment = now() - timedelta(days=days)
    with acting_as(row.organization_id):
        for model in (Message, Attachment):
            db.session.execute(update(model).where(model.conversation_id == row.id).values(created_at=moment))
        stamps = {"created_at": moment, "updated_at": moment}
        db.session.execute(update(Conversation).where(Conversation.id == row.id).values(**stamps, **values))
        db.session.commit()


def test_old_messages_go_and_open_conversations_are_held(cast, talk):
    held, young = (made_talk(cast.organization_id, name) for name in ("Terbuka", "Muda"))
    aged(talk, 100, status="resolved")
    aged(held, 100)
    aged(young, 10, status="resolved")
    path = files.path_of(key_of(talk))
    with acting_as(cast.organization_id):
        assert retention.run() == {}
        wanted = {"messages_days": 90, "media_days": 5 + 25}
        assert retention.consequences(wanted) == {"messages_days": 1, "media_days": 1}
        retention.change(wanted)
        assert retention.run() == {"messages_days": 1, "media_days": 1}
        assert retention.run() == {"messages_days": 0, "media_days": 0}
        left = set(db.session.scalars(select(Conversation.id)))
        assert db.session.scalar(select(AuditEntry.data).where(AuditEntry.action == "retention.applied"))
    assert left == {held.id, young.id}
    assert not path.exists()
    assert files.path_of(key_of(held)).exists()


def test_a_file_goes_before_its_message(cast, talk):
    aged(talk, 40, status="resolved")
    with acting_as(cast.organization_id):
        retention.change({"media_days": 30})
        retention.run()
        row = db.session.scalar(select(Attachment))
        assert (row.state, row.error, row.file_key) == ("failed", "file_expired", None)
        assert db.session.scalar(select(Message.id).where(Message.conversation_id == talk.id))


def test_audit_lines_are_deleted_only_when_they_are_old(cast):
    with acting_as(cast.organization_id):
        db.session.add(AuditEntry(action="label.created", created_at=now() - timedelta(days=40)))
        db.session.commit()
        young = len(db.session.scalars(select(AuditEntry.id)).all()) - 1
        db.session.execute(text("delete from audit_log"))  # the wall itself keeps the young ones
        db.session.commit()
        assert len(db.session.scalars(select(AuditEntry.id)).all()) == young
        with pytest.raises(Invalid):
            retention.change({"audit_days": 30})


# --- the organization's end --------------------------------------------------------------------


def test_nothing_is_left_of_a_deleted_organization(cast, talk, as_person):
    neighbour = made_talk(cast.neighbour_id, "Tetangga")
    folder = files.path_of(key_of(talk)).parent
    admin = as_person(cast.admin)
    url = "/api/app/organization/deletion"
    assert admin.post(url, json={"name": "salah"}).status_code == 422
    name = admin.get(url).json["name"]
    assert admin.post(url, json={"name": name}).json["deletion_due_at"]
    assert admin.delete(url).json["deletion_due_at"] is None
    admin.post(url, json={"name": name})
    with all_organizations("what a neighbour has"):
        before = ending.rows_left(cast.neighbour_id)
        assert cast.organization_id not in ending.due()
    with acting_as(cast.organization_id):
        assert ending.delete_all() == 0  # the seven days are not over
    with time_machine.travel(now() + timedelta(days=7, minutes=1), tick=True):
        with all_organizations("who is due"):
            assert cast.organization_id in ending.due()
        with acting_as(cast.organization_id):
            assert ending.delete_all() > 10
    with all_organizations("a look at what is left"):
        assert ending.rows_left(cast.organization_id) == {}
        assert db.session.get(Organization, cast.organization_id) is None
        assert ending.rows_left(cast.neighbour_id) == before
    assert not folder.exists()
    assert files.path_of(key_of(neighbour)).exists()
    with acting_as(cast.neighbour_id):
        assert db.session.get(Contact, neighbour.contact_id).name == "Tetangga"
