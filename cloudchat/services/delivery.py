"""Draining a device's outbox: claim, send, settle. One claim is committed before its call is made."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.orm import aliased

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import DeviceAccount, OutboundMessage, SendResult
from cloudchat.errors import ProviderError
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Conversation, Device, DevicePace, Message, OutboxEntry
from cloudchat.services import devices, files, receipts

log = structlog.get_logger(__name__)

BATCH = 16  # messages under way at once, each of another conversation
MAX_ATTEMPTS = 8
LONGEST_WAIT = 300.0  # seconds between two tries
BUDGET = 45.0  # seconds that one job works before it leaves the rest to the next
LOST_AFTER = timedelta(seconds=60)  # a claim older than this belongs to a sender that died
RATES = {"wa_official": 80.0, "webchat": 1000.0}  # messages a second, where the device says nothing


@dataclass(frozen=True)
class Claim:
    """A message that this process, and no other, is about to send."""

    entry_id: int
    message_id: int
    conversation_id: int
    attempts: int
    outgoing: OutboundMessage


def deliver(device_id: int, budget: float = BUDGET) -> float | None:
    """Send what is due on this device. Answers in how many seconds more will be due, or None."""
    stop_at = time.monotonic() + budget
    with ThreadPoolExecutor(BATCH) as pool:
        while time.monotonic() < stop_at:
            account, claims, wait = _claim(device_id)
            if claims:
                _send_all(pool, account, claims)
            elif wait is None:
                return None
            elif time.monotonic() + wait < stop_at and wait < 5:
                time.sleep(wait)
            else:
                return wait
    return 0.0


# --- claiming ----------------------------------------------------------------------------------


def _claim(device_id: int) -> tuple[DeviceAccount | None, list[Claim], float | None]:
    """Take as many due messages as the pace allows; commits, so that the claim outlives a crash."""
    device = db.session.get(Device, device_id)
    if device is None or device.deleted_at:
        _fail_all(device_id)
        return None, [], None
    pace = _locked_pace(device)
    if pace.blocked_until and pace.blocked_until > now():
        wait = (pace.blocked_until - now()).total_seconds()
        db.session.rollback()
        return None, [], wait
    entries = _due(device_id, min(BATCH, int(pace.tokens)))
    if not entries:
        wait = _next_due(device, pace)
        db.session.commit()
        return None, [], wait
    pace.tokens -= len(entries)
    for entry in entries:
        entry.state, entry.claimed_at = "sending", now()
        entry.attempts += 1
    claims = _claims(device, entries)
    account = devices.account(device)
    db.session.commit()
    return account, claims, None


def _rate(device: Device) -> float:
    return float(device.config.get("messages_per_second") or RATES.get(device.type, 10.0))


def _locked_pace(device: Device) -> DevicePace:
    """The device's bucket, filled up to this moment; its lock makes claims of a device take turns."""
    db.session.execute(
        text("""
            insert into device_paces (organization_id, device_id, tokens, filled_at, failures)
            values (:organization_id, :device_id, :tokens, now(), 0) on conflict do nothing
        """),
        {
            "organization_id": device.organization_id,
            "device_id": device.id,
            "tokens": 1.0,
        },
    )
    pace = db.session.scalars(
        select(DevicePace)
        .where(DevicePace.device_id == device.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    rate = _rate(device)
    passed = max(0.0, (now() - pace.filled_at).total_seconds())
    burst = max(1.0, min(rate / 4, BATCH))
    pace.tokens = min(burst, pace.tokens + passed * rate)
    pace.filled_at = now()
    return pace


def _due(device_id: int, limit: int) -> list[OutboxEntry]:
    """The oldest due entries, at most one of a conversation and none before an earlier one is done."""
    if limit < 1:
        return []
    earlier = aliased(OutboxEntry)
    return list(
        db.session.scalars(
            select(OutboxEntry)
            .where(
                OutboxEntry.device_id == device_id,
                OutboxEntry.state == "pending",
                OutboxEntry.next_attempt_at <= now(),
                ~exists().where(
                    earlier.organization_id == OutboxEntry.organization_id,
                    earlier.conversation_id == OutboxEntry.conversation_id,
                    earlier.id < OutboxEntry.id,
                ),
            )
            .order_by(OutboxEntry.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def _next_due(device: Device, pace: DevicePace) -> float | None:
    """Seconds until something can be sent, or None where nothing waits for a time."""
    next_at: datetime | None = db.session.scalar(
        select(OutboxEntry.next_attempt_at)
        .where(OutboxEntry.device_id == device.id, OutboxEntry.state == "pending")
        .order_by(OutboxEntry.next_attempt_at)
        .limit(1)
    )
    if next_at is None:
        return None
    until_due = (next_at - now()).total_seconds()
    until_token = max(0.0, 1.0 - pace.tokens) / _rate(device)
    return max(until_due, until_token, 0.01)


def _claims(device: Device, entries: list[OutboxEntry]) -> list[Claim]:
    message_ids = [entry.message_id for entry in entries]
    messages = {
        row.id: row
        for row in db.session.scalars(select(Message).where(Message.id.in_(message_ids)))
    }
    people = dict(
        db.session.execute(
            select(Conversation.id, Conversation.external_user_id).where(
                Conversation.id.in_([entry.conversation_id for entry in entries])
            )
        ).all()
    )
    attachments = {
        row.message_id: row
        for row in db.session.scalars(
            select(Attachment).where(Attachment.message_id.in_(message_ids))
        )
    }
    return [
        Claim(
            entry.id,
            entry.message_id,
            entry.conversation_id,
            entry.attempts,
            outgoing_form(
                messages[entry.message_id],
                people[entry.conversation_id],
                attachments.get(entry.message_id),
            ),
        )
        for entry in entries
    ]


def outgoing_form(message: Message, to: str, attachment: Attachment | None) -> OutboundMessage:
    """A message as its channel adapter takes it. Our id is the reference that statuses carry."""
    payload = message.payload or {}
    return OutboundMessage(
        reference=str(message.id),
        to=to,
        kind=message.type,
        text=message.text or None,
        buttons=tuple(payload.get("buttons") or ()),
        list_button=payload.get("list_button"),
        header=payload.get("header"),
        footer=payload.get("footer"),
        media_path=str(files.path_of(attachment.file_key)) if attachment else None,
        media_mime=attachment.mime if attachment else None,
        media_filename=attachment.filename if attachment else None,
        location=payload.get("location"),
        template=payload.get("template"),
        reply_to_external_id=payload.get("reply_to_external_id"),
    )


# --- sending and settling ----------------------------------------------------------------------


def _send_all(pool: ThreadPoolExecutor, account: DeviceAccount, claims: list[Claim]) -> None:
    channel = channel_for(account.type)

    def send(claim: Claim) -> SendResult | ProviderError:
        try:
            return channel.send(account, claim.outgoing)
        except ProviderError as error:
            return error
        except Exception as error:  # a defect of ours must not leave the outcome open for ever
            log.exception("send_failed", message_id=claim.message_id)
            return ProviderError(str(error), code="internal", permanent=True, unknown_outcome=True)

    if channel.capabilities.in_process:
        results = [send(claim) for claim in claims]
    else:
        results = list(pool.map(send, claims))
    for claim, result in zip(claims, results, strict=True):
        settle(account.id, claim, result)


def settle(device_id: int, claim: Claim, result: SendResult | ProviderError) -> None:
    """Keep the outcome of one call; a transaction of its own."""
    if isinstance(result, SendResult):
        _sent(device_id, claim, result)
    elif result.unknown_outcome:
        _finish(claim, "unknown", _error(result, "unknown_outcome"))
    elif result.permanent or claim.attempts >= MAX_ATTEMPTS:
        _finish(claim, "failed", _error(result))
        if result.reauth:
            devices.mark(device_id, "needs_reauth", _error(result))
    else:
        _again(device_id, claim, result)
    db.session.commit()


def _sent(device_id: int, claim: Claim, result: SendResult) -> None:
    db.session.execute(delete(OutboxEntry).where(OutboxEntry.id == claim.entry_id))
    changed = db.session.execute(
        update(Message)
        .where(Message.id == claim.message_id, Message.status.in_(("queued", "unknown")))
        .values(status=result.status, external_id=result.external_id, status_at=now(), error=None)
        .returning(Message.id, Message.conversation_id, Message.status, Message.error)
    ).all()
    db.session.execute(
        update(Message)
        .where(Message.id == claim.message_id, Message.external_id.is_(None))
        .values(external_id=result.external_id)
    )
    db.session.execute(update(Device).where(Device.id == device_id).values(last_out_at=now()))
    db.session.execute(
        update(DevicePace)
        .where(DevicePace.device_id == device_id, DevicePace.failures > 0)
        .values(failures=0, blocked_until=None)
    )
    if changed:
        receipts.announce(changed)


def _finish(claim: Claim, status: str, error: dict) -> None:
    """The last word on a message, unless a status of the provider spoke first."""
    db.session.execute(delete(OutboxEntry).where(OutboxEntry.id == claim.entry_id))
    changed = db.session.execute(
        update(Message)
        .where(Message.id == claim.message_id, Message.status == "queued")
        .values(status=status, error=error, status_at=now())
        .returning(Message.id, Message.conversation_id, Message.status, Message.error)
    ).all()
    if changed:
        receipts.announce(changed)


def _again(device_id: int, claim: Claim, error: ProviderError) -> None:
    """Try later. A provider-wide trouble holds the whole device, a pair limit only this customer."""
    base = error.retry_after if error.retry_after is not None else 1.0
    wait = min(LONGEST_WAIT, base * 2 ** (claim.attempts - 1)) * random.uniform(1.0, 1.3)
    if error.code == "131056":  # Meta asks for 4^n seconds between messages of one pair
        wait = min(LONGEST_WAIT, 4.0 ** (claim.attempts - 1))
    db.session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id == claim.entry_id)
        .values(state="pending", claimed_at=None, next_attempt_at=now() + timedelta(seconds=wait))
    )
    if error.code != "131056":
        db.session.execute(
            update(DevicePace)
            .where(DevicePace.device_id == device_id)
            .values(
                failures=DevicePace.failures + 1,
                blocked_until=now() + timedelta(seconds=min(wait, 60.0)),
            )
        )


def _error(error: ProviderError, code: str | None = None) -> dict:
    return {
        "code": code or error.code or "provider",
        "message": error.message[:500],
        "details": (error.details or "")[:500],
    }


def _fail_all(device_id: int) -> None:
    """The device is gone: what still waits for it cannot be sent."""
    gone = db.session.execute(
        delete(OutboxEntry)
        .where(OutboxEntry.device_id == device_id, OutboxEntry.state == "pending")
        .returning(OutboxEntry.message_id)
    ).scalars()
    changed = db.session.execute(
        update(Message)
        .where(Message.id.in_(list(gone)), Message.status == "queued")
        .values(status="failed", error={"code": "device_removed", "message": "device removed"})
        .returning(Message.id, Message.conversation_id, Message.status, Message.error)
    ).all()
    if changed:
        receipts.announce(changed)
    db.session.commit()


# --- what a crash left -------------------------------------------------------------------------


def settle_lost(limit: int = 200) -> int:
    """Claims of senders that died: nobody knows whether the provider has the message. Said so."""
    lost = db.session.scalars(
        select(OutboxEntry)
        .where(OutboxEntry.state == "sending", OutboxEntry.claimed_at < now() - LOST_AFTER)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    error = {"code": "unknown_outcome", "message": "the sender stopped during the call"}
    for entry in lost:
        conversation = db.session.get(Conversation, entry.conversation_id)
        in_process = channel_for(conversation.device.type).capabilities.in_process
        if in_process:  # nobody else was called: sending again is safe
            entry.state, entry.claimed_at = "pending", None
            continue
        claim = Claim(entry.id, entry.message_id, entry.conversation_id, entry.attempts, None)
        _finish(claim, "unknown", error)
    db.session.commit()
    return len(lost)


def due_devices() -> list[tuple[int, int]]:
    """(organization id, device id) pairs with something to send or to settle, across organizations."""
    return [
        tuple(row)
        for row in db.session.execute(
            select(OutboxEntry.organization_id, OutboxEntry.device_id)
            .where(
                (OutboxEntry.next_attempt_at <= now()) | (OutboxEntry.state == "sending"),
            )
            .distinct()
        )
    ]
