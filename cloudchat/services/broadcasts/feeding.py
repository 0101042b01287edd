"""From the list of recipients into the outbox, a little ahead of the device's pace.

The sender of a device calls `top_up` while it works. Each batch is one transaction: the message, its
outbox row and the recipient's mark, so a crash neither loses anybody nor writes to anybody twice.
Little waits in the outbox at a time: agents' answers are not held up, and a pause acts at once.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import exists, func, select

from cloudchat.errors import AppError, Conflict, Invalid
from cloudchat.events import (
    BroadcastChanged,
    BroadcastFinished,
    NotificationWanted,
    publish,
)
from cloudchat.extensions import db, now
from cloudchat.models import (
    Broadcast,
    BroadcastRecipient,
    Contact,
    Device,
    DevicePace,
    Organization,
    OutboxEntry,
)
from cloudchat.services import addressing, quiet_hours
from cloudchat.services.addressing import Sender
from cloudchat.services.broadcasts import adding, texts
from cloudchat.services.broadcasts.preparing import opted_out
from cloudchat.services.broadcasts.rules import PAUSING
from cloudchat.services.broadcasts.texts import Text
from cloudchat.services.claims import rate_of
from cloudchat.services.presenting import preview

log = structlog.get_logger(__name__)

AHEAD = 2.0  # seconds of the device's pace that wait in the outbox
EVERY = 0.5  # seconds between two looks
MOST_AT_ONCE = 200
HASTE = 1.25  # due a little faster than the pace, which is the bucket's to keep
LOOK_BACK = timedelta(seconds=30)  # for failures that concern everybody


def top_up(device_id: int) -> float | None:
    """Fill the device's outbox from its running broadcasts; commits. Answers in how many seconds to
    look again, or None where only time or a person can bring more."""
    ids = db.session.scalars(
        select(Broadcast.id)
        .where(Broadcast.device_id == device_id, Broadcast.status == "running")
        .order_by(Broadcast.id)
    ).all()
    if not ids:
        db.session.rollback()
        return None
    device = db.session.get(Device, device_id, populate_existing=True)
    going = [_one(broadcast_id, device) for broadcast_id in ids]
    return max(EVERY, 1.0 / rate_of(device)) if any(going) else None


def _one(broadcast_id: int, device: Device) -> bool:
    """A helping of one broadcast; whether to come back soon."""
    row = db.session.scalar(
        select(Broadcast)
        .where(Broadcast.id == broadcast_id, Broadcast.status == "running")
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if row is None:  # ended meanwhile, or another sender is at it
        db.session.rollback()
        return False
    try:
        text = texts.load(device, row.template_id)
        texts.check_device(device)
        _check_failures(row)
    except AppError as error:
        pause(row, {"code": error.code, "message": error.message, **error.extra})
        db.session.commit()
        return False
    going = _feed(row, device, text)
    publish(BroadcastChanged(row.organization_id, row.id))
    db.session.commit()
    return going


def _check_failures(row: Broadcast) -> None:
    """Raises Conflict after a refusal that the next messages would meet as well."""
    since = max(row.resumed_at or row.created_at, (row.fed_at or now()) - LOOK_BACK)
    code = BroadcastRecipient.error["code"].astext
    error = db.session.scalar(
        select(BroadcastRecipient.error)
        .where(
            BroadcastRecipient.broadcast_id == row.id,
            BroadcastRecipient.status == "failed",
            BroadcastRecipient.status_at >= since,
            code.in_(PAUSING),
        )
        .limit(1)
    )
    if error:
        raise Conflict("broadcast_refused", code="broadcast_refused", extra={"reason": error})


def pause(row: Broadcast, reason: dict[str, Any] | None) -> None:
    """Stop feeding the locked broadcast; with a reason its maker is told. Part of the transaction."""
    row.status, row.pause_reason = "paused", reason
    if reason:
        log.info("broadcast_paused", broadcast_id=row.id, code=reason.get("code"))
        _tell(row, "broadcast_paused")
    publish(BroadcastChanged(row.organization_id, row.id))


def _tell(row: Broadcast, kind: str) -> None:
    if row.created_by:
        data = {"name": row.name, "url": f"/app/broadcasts/{row.id}"}
        topic = f"broadcast:{row.id}"
        publish(NotificationWanted(row.organization_id, kind, (row.created_by,), topic, data=data))


# --- a helping ---------------------------------------------------------------------------------


def _feed(row: Broadcast, device: Device, text: Text) -> bool:
    if _is_quiet(row):
        return False
    waiting, held = _outbox_of(device)
    room = 0 if held else min(MOST_AT_ONCE, math.ceil(rate_of(device) * AHEAD) - waiting)
    chosen = _next_recipients(row.id, room) if room > 0 else []
    row.fed_at = now()
    if chosen:
        _send_to(row, device, text, chosen, waiting)
        return True
    if _is_done(row):
        row.status, row.finished_at = "completed", now()
        publish(BroadcastFinished(row.organization_id, row.id))
        _tell(row, "broadcast_finished")
        return False
    return not held


def _is_quiet(row: Broadcast) -> bool:
    if not row.quiet_start or not row.quiet_end:
        return False
    zone = db.session.scalar(select(Organization.timezone).where(Organization.id == row.organization_id))
    hours = quiet_hours.from_words(range(7), row.quiet_start, row.quiet_end)
    return quiet_hours.quiet_until(hours, now(), ZoneInfo(zone)) is not None


def _outbox_of(device: Device) -> tuple[int, bool]:
    """How much waits for the device already, and whether its provider wants to be left alone."""
    waiting = db.session.scalar(
        select(func.count(OutboxEntry.id)).where(
            OutboxEntry.device_id == device.id, OutboxEntry.state == "pending"
        )
    )
    held = select(exists().where(DevicePace.device_id == device.id, DevicePace.blocked_until > now()))
    return waiting, bool(db.session.scalar(held))


def _next_recipients(broadcast_id: int, most: int) -> list[BroadcastRecipient]:
    return list(
        db.session.scalars(
            select(BroadcastRecipient)
            .where(
                BroadcastRecipient.broadcast_id == broadcast_id,
                BroadcastRecipient.status == "queued",
                BroadcastRecipient.message_id.is_(None),
            )
            .order_by(BroadcastRecipient.id)
            .limit(most)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
    )


def _is_done(row: Broadcast) -> bool:
    left = exists().where(BroadcastRecipient.broadcast_id == row.id, BroadcastRecipient.status == "queued")
    return row.prepared_at is not None and not db.session.scalar(select(left))


@dataclass(frozen=True)
class _Ready:
    """A recipient with what is said to them."""

    recipient: BroadcastRecipient
    sender: Sender
    kind: str
    text: str
    payload: dict[str, Any]


def _send_to(
    row: Broadcast, device: Device, text: Text, chosen: list[BroadcastRecipient], waiting: int
) -> None:
    ready = _fill(row, device, text, chosen)
    if not ready:
        return
    places = addressing.places_of([one.sender for one in ready], status="pending")
    rate = rate_of(device) * HASTE
    rows = []
    for number, one in enumerate(ready):
        place = places[one.sender.key]
        due = now() + timedelta(seconds=(waiting + number) / rate)
        rows.append(
            {
                "place": number,
                "recipient_id": one.recipient.id,
                "device_id": device.id,
                "contact_id": place.contact_id,
                "conversation_id": place.conversation_id,
                "type": one.kind,
                "text": one.text,
                "payload": one.payload | {"broadcast_id": row.id, "recipient_id": one.recipient.id},
                "preview": preview(one.text, one.kind),
                "due": due,
            }
        )
    db.session.flush()
    adding.add(rows)


def _fill(row: Broadcast, device: Device, text: Text, chosen: list[BroadcastRecipient]) -> list[_Ready]:
    """What is said to each; those who cannot or do not want to get it are marked so."""
    ids = [one.contact_id for one in chosen if one.contact_id]
    contacts = {
        contact.id: contact for contact in db.session.scalars(select(Contact).where(Contact.id.in_(ids)))
    }
    no_phones, no_contacts = opted_out([one.phone for one in chosen if one.phone], ids)
    keys = [field["key"] for field in text.fields()]
    ready = []
    for one in chosen:
        if one.phone in no_phones or one.contact_id in no_contacts:
            _refuse(one, "cancelled", {"code": "opted_out", "message": "opted_out"})
            continue
        person = texts.person_of(contacts.get(one.contact_id), one.name, one.phone, one.variables)
        try:
            filled = text.fill(texts.variables_for(person, row.variables, keys))
        except Invalid as error:
            missing = {"code": "variables_missing", "message": "variables_missing"}
            _refuse(one, "failed", missing | {"fields": sorted(error.fields)})
            continue
        sender = Sender(device.id, one.external_id, one.name or None, one.phone)
        ready.append(_Ready(one, sender, *filled))
    return ready


def _refuse(recipient: BroadcastRecipient, status: str, error: dict) -> None:
    recipient.status, recipient.error, recipient.status_at = status, error, now()


def devices_with_running() -> list[tuple[int, int]]:
    """(organization id, device id) where a broadcast runs; read across organizations."""
    statement = select(Broadcast.organization_id, Broadcast.device_id).where(Broadcast.status == "running")
    return [tuple(row) for row in db.session.execute(statement.distinct())]
