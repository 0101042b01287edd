"""How long an organization keeps what: off at first, counted before it is saved, done each night.

Conversations that are not resolved are held, however old: nobody's open case disappears. Everything is
deleted in batches that are committed by themselves, oldest first, so a run that breaks off is simply
continued by the next.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select, update

from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db, now
from cloudchat.models import (
    Attachment,
    AuditEntry,
    Conversation,
    DataExport,
    Message,
    Organization,
    RetentionSettings,
    WebhookDelivery,
    WebhookEvent,
)
from cloudchat.services import audit, edits, files
from cloudchat.services.data import exporting
from cloudchat.tenancy import current_organization_id

FIELDS = ("messages_days", "media_days", "events_days", "audit_days", "exports_days")
SHORTEST = {"messages_days": 30, "media_days": 30, "events_days": 8, "audit_days": 31, "exports_days": 1}
LONGEST = 3650
WRONG = {
    "messages_days": "period_of_30_days",
    "media_days": "period_of_30_days",
    "events_days": "period_of_8_days",
    "audit_days": "period_of_31_days",
    "exports_days": "period_of_a_day",
}
AT_ONCE = 1000


def get(locked: bool = False) -> RetentionSettings:
    """The organization's settings; everything is kept where there are none."""
    found = db.session.get(
        RetentionSettings, current_organization_id(), populate_existing=True, with_for_update=locked or None
    )
    return found or RetentionSettings(organization_id=current_organization_id())


def editable(row: RetentionSettings) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def change(values: dict[str, int | None], expected: str | None = None) -> RetentionSettings:
    """Change the periods that are named; None keeps for ever. Raises Invalid, Conflict."""
    check(values)
    row = get(locked=True)
    before = editable(row)
    _check_version(before, values, expected)
    for name in FIELDS:
        setattr(row, name, values.get(name, before[name]))
    db.session.add(row)
    after = editable(row)
    if after != before:
        changed = [name for name in FIELDS if after[name] != before[name]]
        audit.record(
            "retention.changed",
            None,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    db.session.commit()
    return row


def _check_version(facts: dict[str, Any], values: dict[str, Any], expected: str | None) -> None:
    """Raises Conflict where somebody else has changed the same periods meanwhile."""
    names = edits.differing(facts, values, expected) if expected and expected.strip() != "*" else []
    if names:
        current = {name: facts[name] for name in names}
        extra = {"version": edits.version_of(facts), "changed_by": None, "current": current}
        raise Conflict("changed_meanwhile", code="changed_meanwhile", extra=extra)


def check(values: dict[str, int | None]) -> None:
    """Raises Invalid with every period that is too short or too long."""
    errors = {
        name: [WRONG[name]]
        for name, days in values.items()
        if name in SHORTEST and days is not None and not SHORTEST[name] <= days <= LONGEST
    }
    if errors:
        raise Invalid("retention", fields=errors)


# --- what would go -----------------------------------------------------------------------------


def _before(days: int) -> datetime:
    return now() - timedelta(days=days)


_RESOLVED = select(Conversation.id).where(Conversation.status == "resolved")


def _messages(days: int) -> Select:
    return select(Message.id).where(
        Message.created_at < _before(days), Message.conversation_id.in_(_RESOLVED)
    )


def _media(days: int) -> Select:
    return select(Attachment.id).where(
        Attachment.created_at < _before(days),
        Attachment.state == "ready",
        Attachment.conversation_id.in_(_RESOLVED),
    )


def _deliveries(days: int) -> Select:
    return select(WebhookDelivery.id).where(
        WebhookDelivery.created_at < _before(days), WebhookDelivery.state != "pending"
    )


def _events(days: int) -> Select:
    return select(WebhookEvent.id).where(
        WebhookEvent.received_at < _before(days), WebhookEvent.processed_at.is_not(None)
    )


def _audit(days: int) -> Select:
    return select(AuditEntry.id).where(AuditEntry.created_at < _before(days))


def _exports(days: int) -> Select:
    return select(DataExport.id).where(DataExport.finished_at < _before(days))


CHOSEN: dict[str, tuple[Callable[[int], Select], ...]] = {
    "messages_days": (_messages,),
    "media_days": (_media,),
    "events_days": (_events, _deliveries),
    "audit_days": (_audit,),
    "exports_days": (_exports,),
}


def consequences(values: dict[str, int | None]) -> dict[str, int]:
    """How many rows each period would delete now. Raises Invalid."""
    check(values)
    counts = {}
    for name, days in values.items():
        if name in CHOSEN and days is not None:
            chosen = [choose(days).subquery() for choose in CHOSEN[name]]
            counts[name] = sum(db.session.scalar(select(func.count()).select_from(rows)) for rows in chosen)
    return counts


# --- the night ---------------------------------------------------------------------------------


def organizations_with_periods() -> list[int]:
    """Who has any period set and is switched on. Reads across organizations."""
    statement = (
        select(RetentionSettings.organization_id)
        .join(Organization, Organization.id == RetentionSettings.organization_id)
        .where(
            Organization.is_active,
            func.coalesce(*(getattr(RetentionSettings, name) for name in FIELDS)).is_not(None),
        )
    )
    return list(db.session.scalars(statement))


def run() -> dict[str, int]:
    """Delete what is past its period; answers how much of each."""
    row = get()
    periods = editable(row)
    db.session.rollback()
    done = {name: 0 for name in FIELDS if periods[name] is not None}
    if (days := periods["media_days"]) is not None:
        done["media_days"] = _in_batches(_media(days), Attachment, _drop_media)
    if (days := periods["messages_days"]) is not None:
        done["messages_days"] = _in_batches(_messages(days), Message, _drop_messages)
        _drop_empty_conversations(days)
    if (days := periods["events_days"]) is not None:
        done["events_days"] = _in_batches(_events(days), WebhookEvent, _drop(WebhookEvent))
        done["events_days"] += _in_batches(_deliveries(days), WebhookDelivery, _drop(WebhookDelivery))
    if (days := periods["audit_days"]) is not None:
        done["audit_days"] = _in_batches(_audit(days), AuditEntry, _drop(AuditEntry))
    exporting.drop_old(periods["exports_days"])
    if any(done.values()):
        audit.record("retention.applied", None, **{name: count for name, count in done.items() if count})
        db.session.commit()
    return done


def _in_batches(chosen: Select, model: type, work: Callable[[list[int]], None]) -> int:
    done = 0
    while ids := list(db.session.scalars(chosen.order_by(model.id).limit(AT_ONCE))):
        work(ids)
        done += len(ids)
    db.session.rollback()
    return done


def _drop(model: type) -> Callable[[list[int]], None]:
    def work(ids: list[int]) -> None:
        _delete(model, model.id.in_(ids))
        db.session.commit()

    return work


def _delete(model: type, *criteria: Any) -> None:
    db.session.execute(delete(model).where(*criteria).execution_options(synchronize_session=False))


def _drop_messages(ids: list[int]) -> None:
    keys = _keys(Attachment.message_id.in_(ids))
    _delete(Attachment, Attachment.message_id.in_(ids))
    _delete(Message, Message.id.in_(ids))
    db.session.commit()
    _discard(keys)


def _drop_media(ids: list[int]) -> None:
    """The message stays and says that its file is gone."""
    keys = _keys(Attachment.id.in_(ids))
    db.session.execute(
        update(Attachment)
        .where(Attachment.id.in_(ids))
        .values(state="failed", error="file_expired", file_key=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    _discard(keys)


def _keys(criterion: Any) -> list[str]:
    return list(
        db.session.scalars(select(Attachment.file_key).where(criterion, Attachment.file_key.is_not(None)))
    )


def _discard(keys: list[str]) -> None:
    """After the commit: a file without a row is found by the sweeper, a row without a file is lost."""
    for key in keys:
        files.discard(key)


def _drop_empty_conversations(days: int) -> None:
    """Resolved conversations of which no message is left, with their notes and lines."""
    empty = select(Conversation.id).where(
        Conversation.status == "resolved",
        Conversation.created_at < _before(days),
        Conversation.updated_at < _before(days),
        ~select(Message.id).where(Message.conversation_id == Conversation.id).exists(),
    )
    _in_batches(empty, Conversation, _drop(Conversation))
