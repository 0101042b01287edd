"""What became of a call to a provider, and of calls whose sender died: kept once, told at once.

Locks are taken in one order everywhere: messages by id, then their outbox rows.
"""

import random
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from cloudchat.channels.base import SendResult
from cloudchat.errors import ProviderError
from cloudchat.extensions import db, now
from cloudchat.models import Device, DevicePace, Message, OutboxEntry
from cloudchat.services import devices
from cloudchat.services.claims import LOST_AFTER, Claim
from cloudchat.services.receipts import RESENT, TOLD, tell
from cloudchat.services.statements import run

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
LONGEST_WAIT = 300.0  # seconds between two tries, where the provider does not ask for more
LONGEST_HOLD = 60.0  # seconds that a device waits for its provider at most, as above
GIVE_UP_AFTER = timedelta(hours=24)  # a message that waited so long is of no use to the customer

Outcome = tuple[Claim, SendResult | ProviderError]


def settle(outcomes: list[Outcome]) -> None:
    """Keep the outcomes of calls of one organization, in one transaction."""
    if len(outcomes) > 1:
        _lock_messages([claim.message_id for claim, _ in outcomes])
    sent = [(claim, result) for claim, result in outcomes if isinstance(result, SendResult)]
    if sent:
        _sent(sent)
    for claim, result in outcomes:
        if isinstance(result, ProviderError):
            _not_sent(claim, result)
    db.session.commit()


def _lock_messages(message_ids: list[int]) -> None:
    db.session.execute(
        select(Message.id)
        .where(Message.id.in_(message_ids))
        .order_by(Message.id)
        .with_for_update(key_share=True)
    ).all()


# A message that a person had sent again meanwhile (`resent`) is no longer what this call was about.
_SENT = f"""
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            entry_id bigint, message_id bigint, resent int, status text, external_id text
        )
    ), changed as (
        update messages m set
            status = case when m.status in ('queued', 'unknown') then g.status else m.status end,
            status_at = case when m.status in ('queued', 'unknown') then now() else m.status_at end,
            error = case when m.status in ('queued', 'unknown') then null else m.error end,
            external_id = coalesce(m.external_id, g.external_id)
        from given g
        where m.organization_id = %(organization_id)s and m.id = g.message_id
          and {RESENT} = g.resent
        returning m.id, m.conversation_id, m.status, m.error
    ), settled as (
        delete from outbox o using given g
        where o.organization_id = %(organization_id)s and o.id = g.entry_id
    )
    {TOLD}
"""


def without_ids(outcomes: list[Outcome]) -> list[Outcome]:
    """The same, for a provider that gave an id which another message has: sent, but by no known id."""
    return [
        (claim, SendResult(None, result.status) if isinstance(result, SendResult) else result)
        for claim, result in outcomes
    ]


def _sent(outcomes: list[tuple[Claim, SendResult]]) -> None:
    rows = [
        {
            "entry_id": claim.entry_id,
            "message_id": claim.message_id,
            "resent": claim.resent,
            "status": result.status,
            "external_id": result.external_id,
        }
        for claim, result in outcomes
    ]
    tell(run(_SENT, rows))
    for device_id in sorted({claim.device_id for claim, _ in outcomes}):
        _works(device_id, any(claim.on_trial for claim, _ in outcomes))


def _works(device_id: int, on_trial: bool) -> None:
    """A message went out: whatever was wrong with the account or its provider is over."""
    status = db.session.scalar(
        update(Device)
        .where(Device.id == device_id)
        .values(last_out_at=now())
        .returning(Device.status)
        .execution_options(synchronize_session=False)
    )
    if status != "connected":
        devices.mark(device_id, "connected", None)
    if on_trial:
        db.session.execute(
            update(DevicePace)
            .where(
                DevicePace.device_id == device_id,
                DevicePace.failures > 0,
                DevicePace.blocked_until <= now(),  # a hold that came meanwhile is not for us to end
            )
            .values(failures=0, blocked_until=None)
            .execution_options(synchronize_session=False)
        )


def _not_sent(claim: Claim, error: ProviderError) -> None:
    held_until = _hold(claim.device_id, error) if error.everyone else None
    tries = error.max_attempts or MAX_ATTEMPTS
    tired = claim.attempts >= tries and not error.everyone
    if error.unknown_outcome:
        _finish(claim, "unknown", {**told(error), "code": "unknown_outcome"})
    elif error.permanent or tired or now() - claim.since > GIVE_UP_AFTER:
        _finish(claim, "failed", told(error))
    else:
        _again(claim, held_until or now() + timedelta(seconds=_wait(claim, error)), error.everyone)
    if error.reauth or error.blocked:
        devices.mark(claim.device_id, "needs_reauth" if error.reauth else "disconnected", told(error))
        _fail_waiting(claim.device_id, told(error))


def told(error: ProviderError) -> dict:
    """The error as it is kept with a message or a device."""
    return {
        "code": error.code or "provider",
        "message": error.message[:500],
        "details": (error.details or "")[:500],
    }


def _wait(claim: Claim, error: ProviderError) -> float:
    base = error.retry_after if error.retry_after is not None else 1.0
    grown = base * error.backoff ** min(claim.attempts - 1, 20)
    return max(base, min(grown, LONGEST_WAIT)) * random.uniform(1.0, 1.3)


def _hold(device_id: int, error: ProviderError) -> datetime:
    """Let the whole device wait, longer from failure to failure; calls that fail together count once."""
    pace = db.session.scalars(
        select(DevicePace)
        .where(DevicePace.device_id == device_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    held = pace.blocked_until is not None and pace.blocked_until > now()
    if not held:
        pace.failures += 1
    wait = min(LONGEST_HOLD, 2.0 ** min(pace.failures - 1, 10))
    wait = max(wait, error.retry_after or 0.0) * random.uniform(1.0, 1.3)
    until = now() + timedelta(seconds=wait)
    if not held or (error.retry_after and until > pace.blocked_until):
        pace.blocked_until = until
    db.session.flush()
    return pace.blocked_until


def _again(claim: Claim, at: datetime, uncounted: bool) -> None:
    db.session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id == claim.entry_id, OutboxEntry.state == "sending")
        .values(
            state="pending",
            claimed_at=None,
            next_attempt_at=at,
            attempts=OutboxEntry.attempts - (1 if uncounted else 0),
        )
    )


_FINISH = f"""
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            entry_id bigint, message_id bigint, resent int, status text, error jsonb
        )
    ), changed as (
        update messages m set status = g.status, error = g.error, status_at = now()
        from given g
        where m.organization_id = %(organization_id)s and m.id = g.message_id
          and m.status in ('queued', 'unknown') and {RESENT} = g.resent
        returning m.id, m.conversation_id, m.status, m.error
    ), settled as (
        delete from outbox o using given g
        where o.organization_id = %(organization_id)s and o.id = g.entry_id
    )
    {TOLD}
"""


def _finish(claim: Claim, status: str, error: dict) -> None:
    """The last word on a message, unless a status of the provider spoke first."""
    row = {
        "entry_id": claim.entry_id,
        "message_id": claim.message_id,
        "resent": claim.resent,
        "status": status,
        "error": error,
    }
    tell(run(_FINISH, [row]))


_FAIL_WAITING = f"""
    with waiting as materialized (
        select m.id from messages m
        where m.organization_id = %(organization_id)s and m.status = 'queued' and m.id in (
            select o.message_id from outbox o
            where o.organization_id = %(organization_id)s and o.device_id = %(device_id)s
              and o.state = 'pending'
        )
        order by m.id for no key update
    ), gone as (
        delete from outbox o using waiting w
        where o.organization_id = %(organization_id)s and o.message_id = w.id
          and o.state = 'pending'
        returning o.message_id
    ), changed as (
        update messages m set status = 'failed', error = %(rows)s::jsonb -> 0, status_at = now()
        from gone g where m.id = g.message_id
        returning m.id, m.conversation_id, m.status, m.error
    )
    {TOLD}
"""


def _fail_waiting(device_id: int, error: dict) -> None:
    """The account cannot send at all: what waits for it fails now, with the reason."""
    tell(run(_FAIL_WAITING, [error], device_id=device_id))


def device_is_gone(device_id: int) -> None:
    """What still waits for a device that was removed cannot be sent; commits."""
    _fail_waiting(device_id, {"code": "device_removed", "message": "device removed"})
    db.session.commit()


# --- what a crash left -------------------------------------------------------------------------


def settle_lost(limit: int = 200) -> int:
    """Claims of senders that died: nobody knows whether the provider has the message. Said so."""
    is_lost = (OutboxEntry.state == "sending", OutboxEntry.claimed_at < now() - LOST_AFTER)
    found = db.session.execute(
        select(OutboxEntry.id, OutboxEntry.message_id).where(*is_lost).limit(limit)
    ).all()
    _lock_messages([row.message_id for row in found])
    still = db.session.scalars(
        select(OutboxEntry)
        .where(OutboxEntry.id.in_([row.id for row in found]), *is_lost)
        .with_for_update(skip_locked=True)
    ).all()
    error = {"code": "unknown_outcome", "message": "the sender stopped during the call"}
    for entry in still:
        message = db.session.get(Message, entry.message_id, populate_existing=True)
        resent = (message.payload or {}).get("resent", 0) if message else 0
        known = (entry.organization_id, entry.device_id, entry.id, entry.message_id)
        _finish(Claim(*known, entry.attempts, resent, entry.created_at), "unknown", error)
    db.session.commit()
    return len(still)


def organizations_with_lost() -> list[int]:
    """Organizations with claims of senders that died; read across all of them."""
    return list(
        db.session.scalars(
            select(OutboxEntry.organization_id)
            .where(OutboxEntry.state == "sending", OutboxEntry.claimed_at < now() - LOST_AFTER)
            .distinct()
        )
    )
