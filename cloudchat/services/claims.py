"""Which messages a device may send now: its pace, and claims that outlive a crash of the sender."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import DeviceAccount, OutboundMessage
from cloudchat.errors import AppError, ProviderError
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Conversation, Device, DevicePace, Message, OutboxEntry
from cloudchat.services import device_fields, devices, files
from cloudchat.services.receipts import reference

log = structlog.get_logger(__name__)

# Messages a second, where the device does not say. A linked phone has no published limit: it is kept
# to the pace of somebody who types, and not an even one.
RATES = {"wa_official": 80.0, "telegram": 25.0, "messenger": 100.0, "wa_device": 0.25}
UNEVEN = {"wa_device": (0.75, 1.5)}  # what one message costs, between these
USUAL_RATE = 10.0
BURST_SECONDS = 0.25  # how much of its rate a device may save up …
# … and where the provider's limit is wide: half a second may pass between two jobs of one device
WIDE_BURST_SECONDS = {"wa_official": 0.5}
PACE_STEP = 0.1  # with many waiting, tokens are taken in handfuls this far apart
TAKEN_WAIT = 0.2  # another sender is at this device right now
LOST_AFTER = timedelta(seconds=60)  # a claim not renewed for so long belongs to a sender that died


@dataclass(frozen=True)
class Claim:
    """A message that this process, and no other, is about to send.

    `resent` names the sending. `on_trial`: it goes ahead after failures of the device.
    """

    organization_id: int
    device_id: int
    entry_id: int
    message_id: int
    attempts: int
    resent: int
    since: datetime
    outgoing: OutboundMessage | None = None
    on_trial: bool = False


@dataclass
class Turn:
    """What a device may send now, what of it is unfit, and in how many seconds to ask again.

    Without `wait` nothing is due: only what is under way (or new) can change that.
    """

    account: DeviceAccount | None = None
    claims: list[Claim] = field(default_factory=list)
    unfit: list[tuple[Claim, ProviderError]] = field(default_factory=list)
    wait: float | None = None


def take(device_id: int, room: int) -> Turn:
    """Claim at most `room` due messages of a device, as its pace allows; commits."""
    device = db.session.get(Device, device_id, populate_existing=True)
    if device is None or device.deleted_at or not device.is_active:
        db.session.rollback()
        return Turn()
    pace = _locked_pace(device)
    if pace is None:
        db.session.rollback()
        return Turn(wait=TAKEN_WAIT)
    if pace.blocked_until and pace.blocked_until > now():
        wait = (pace.blocked_until - now()).total_seconds()
        db.session.rollback()
        return Turn(wait=wait)
    # After a failure one message goes ahead to see whether the provider is back.
    most = min(room, int(pace.tokens), 1 if pace.failures else room)
    rows = _due(device_id, most)
    turn = _claimed(device, rows, on_trial=pace.failures > 0)
    pace.tokens -= sum(random.uniform(*UNEVEN.get(device.type, (1.0, 1.0))) for _ in rows)
    if not rows or len(rows) == most:  # else the end of a call is what brings us back
        turn.wait = _next_wait(device, pace)
    db.session.commit()
    return turn


def rate_of(device: Device) -> float:
    """Messages a second that this device may send."""
    try:
        rate = float(device.config.get("messages_per_second") or 0)
    except (TypeError, ValueError):
        rate = 0.0
    if not rate > 0:  # also for "nan"
        rate = RATES.get(device.type, USUAL_RATE)
    return min(max(rate, device_fields.SLOWEST), device_fields.FASTEST)


def _locked_pace(device: Device) -> DevicePace | None:
    """The device's bucket, filled up to this moment; None while another sender holds it."""
    statement = (
        select(DevicePace)
        .where(DevicePace.device_id == device.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    pace = db.session.scalar(statement)
    if pace is None:
        fresh = {"tokens": 1.0, "filled_at": now(), "failures": 0}
        db.session.execute(
            insert(DevicePace)
            .values(organization_id=device.organization_id, device_id=device.id, **fresh)
            .on_conflict_do_nothing()
        )
        pace = db.session.scalar(statement)
    if pace is not None:
        rate = rate_of(device)
        passed = max(0.0, (now() - pace.filled_at).total_seconds())
        saved = WIDE_BURST_SECONDS.get(device.type, BURST_SECONDS)
        pace.tokens = min(max(1.0, rate * saved), pace.tokens + passed * rate)
        pace.filled_at = now()
    return pace


def _heads(device_id: int):
    """Entries that may go next: of each conversation the first one, so that the order is kept."""
    earlier = aliased(OutboxEntry)
    return (
        OutboxEntry.device_id == device_id,
        OutboxEntry.state == "pending",
        ~exists().where(
            earlier.organization_id == OutboxEntry.organization_id,
            earlier.conversation_id == OutboxEntry.conversation_id,
            earlier.id < OutboxEntry.id,
        ),
    )


def _due(device_id: int, limit: int) -> list[tuple]:
    """(entry, message, customer, attachment) of what may go now, the oldest first.

    The entries by themselves: the planner takes the outbox for empty, as it mostly is, and a join
    with other tables then costs the product of all their rows when there are many.
    """
    if limit < 1:
        return []
    entries = db.session.scalars(
        select(OutboxEntry)
        .where(*_heads(device_id), OutboxEntry.next_attempt_at <= now())
        .order_by(OutboxEntry.next_attempt_at, OutboxEntry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    if not entries:
        return []
    message_ids = [entry.message_id for entry in entries]
    messages = _by_key(select(Message).where(Message.id.in_(message_ids)), "id")
    attachments = _by_key(select(Attachment).where(Attachment.message_id.in_(message_ids)), "message_id")
    talks = [entry.conversation_id for entry in entries]
    people = select(Conversation.id, Conversation.external_user_id, Conversation.last_inbound_at)
    found = db.session.execute(people.where(Conversation.id.in_(talks)))
    customers = {row.id: (row.external_user_id, row.last_inbound_at) for row in found}
    return [
        (
            entry,
            messages.get(entry.message_id),
            customers[entry.conversation_id],
            attachments.get(entry.message_id),
        )
        for entry in entries
    ]


def _by_key(statement, key: str) -> dict:
    rows = db.session.scalars(statement.execution_options(populate_existing=True))
    return {getattr(row, key): row for row in rows}


def _claimed(device: Device, rows: list[tuple], on_trial: bool) -> Turn:
    turn = Turn()
    if not rows:
        return turn
    turn.account, trouble = _account(device)
    for entry, message, to, attachment in rows:
        entry.state, entry.claimed_at = "sending", now()
        entry.attempts += 1
        resent = (message.payload or {}).get("resent", 0) if message else 0
        known = (device.organization_id, device.id, entry.id, entry.message_id, entry.attempts)
        try:
            if trouble:
                raise trouble
            outgoing = outgoing_form(message, to[0], attachment, _is_late(device, to[1]))
            turn.claims.append(Claim(*known, resent, entry.created_at, outgoing, on_trial))
        except Exception as error:
            turn.unfit.append((Claim(*known, resent, entry.created_at), _unfit(error, entry)))
    return turn


def _account(device: Device) -> tuple[DeviceAccount | None, ProviderError | None]:
    try:
        return devices.account(device), None
    except Exception:  # sealed with a key that we no longer have
        log.exception("secrets_unreadable", device_id=device.id)
        told = "The device's secrets cannot be read with the present key."
        return None, ProviderError(told, code="no_token", permanent=True, reauth=True)


def _unfit(error: Exception, entry: OutboxEntry) -> ProviderError:
    """A message that cannot even be put into a call must not hold up those behind it."""
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, AppError):  # the file is gone
        return ProviderError("The file is no longer there.", code="file_missing", permanent=True)
    log.exception("message_unfit", message_id=entry.message_id)
    return ProviderError("The message cannot be sent.", code="internal", permanent=True)


def _is_late(device: Device, last_inbound_at: datetime | None) -> bool:
    """Has the channel's window for free text closed meanwhile?"""
    window = channel_for(device.type).capabilities.window
    return window is not None and (last_inbound_at is None or last_inbound_at + window < now())


def outgoing_form(
    message: Message, to: str, attachment: Attachment | None, late: bool = False
) -> OutboundMessage:
    """A message as its channel adapter takes it. Our id is the reference that statuses carry."""
    payload = message.payload or {}
    return OutboundMessage(
        reference=reference(message.id, payload.get("resent", 0)),
        to=to,
        kind=message.type,
        text=message.text or None,
        buttons=tuple(payload.get("buttons") or ()),
        list_button=payload.get("list_button"),
        header=payload.get("header"),
        footer=payload.get("footer"),
        media_path=str(files.path_of(attachment.file_key or "")) if attachment else None,
        media_mime=attachment.mime if attachment else None,
        media_filename=attachment.filename if attachment else None,
        media_url=payload.get("header_sample"),
        location=payload.get("location"),
        template=payload.get("template"),
        reply_to_external_id=payload.get("reply_to_external_id"),
        by_human=message.sender_type == "agent",
        late=late,
    )


def _next_wait(device: Device, pace: DevicePace) -> float | None:
    """Seconds until something more can be sent, or None where nothing waits for a time."""
    next_at: datetime | None = db.session.scalar(
        select(OutboxEntry.next_attempt_at)
        .where(*_heads(device.id))
        .order_by(OutboxEntry.next_attempt_at, OutboxEntry.id)
        .limit(1)
    )
    if next_at is None:
        return None
    until_token = (1.0 - pace.tokens) / rate_of(device)
    return max((next_at - now()).total_seconds(), until_token, PACE_STEP)


def renew(claims: list[Claim]) -> None:
    """Say of claims under way that their sender lives (a large file takes its time); commits."""
    ids = [claim.entry_id for claim in claims]
    db.session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id.in_(ids), OutboxEntry.state == "sending")
        .values(claimed_at=now())
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
