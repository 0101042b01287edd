"""Broadcasts are started, paused, cancelled; those who failed are tried again. Making one: drafts.py."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select, update

from cloudchat.errors import Conflict
from cloudchat.events import BroadcastChanged, MessageQueued, publish
from cloudchat.extensions import db, now
from cloudchat.models import Broadcast, BroadcastRecipient
from cloudchat.services import audit, devices
from cloudchat.services.broadcasts import audience, drafts, feeding, preparing, texts
from cloudchat.services.broadcasts.catalog import get, locked
from cloudchat.services.broadcasts.rules import LIMIT, may_try_again
from cloudchat.services.statements import run

AT_ONCE = 1000  # rows of one transaction


def start(broadcast_id: int) -> Broadcast:
    """Send now; a second click changes nothing. Raises Conflict, Invalid."""
    row = locked(broadcast_id)
    if row.status == "running":
        db.session.commit()
        return row
    if row.status not in ("draft", "scheduled"):
        raise drafts.wrong_state(row)
    _check_ready(row)
    waiting = exists().where(BroadcastRecipient.broadcast_id == row.id, BroadcastRecipient.status == "queued")
    if row.prepared_at and not db.session.scalar(select(waiting)):
        raise Conflict("broadcast_empty", code="broadcast_empty")
    _go(row)
    audit.record("broadcast.started", row, name=row.name)
    db.session.commit()
    return row


def _check_ready(row: Broadcast) -> None:
    device = devices.get(row.device_id)
    texts.load(device, row.template_id)
    texts.check_device(device)


def _go(row: Broadcast) -> None:
    row.status, row.pause_reason, row.finished_at = "running", None, None
    row.started_at = row.started_at or now()
    row.resumed_at = now()
    publish(MessageQueued(row.organization_id, row.device_id))
    publish(BroadcastChanged(row.organization_id, row.id))


def schedule(broadcast_id: int, moment: datetime) -> Broadcast:
    """Have it start by itself. Raises Conflict, Invalid."""
    row = locked(broadcast_id)
    if row.status not in ("draft", "scheduled"):
        raise drafts.wrong_state(row)
    _check_ready(row)
    row.status, row.scheduled_at = "scheduled", drafts.checked_time(moment)
    audit.record("broadcast.scheduled", row, name=row.name)
    publish(BroadcastChanged(row.organization_id, row.id))
    db.session.commit()
    return row


def start_due() -> int:
    """Start what is due in this organization, each once; what cannot start is paused with the reason."""
    ids = db.session.scalars(
        select(Broadcast.id).where(Broadcast.status == "scheduled", Broadcast.scheduled_at <= now())
    ).all()
    for broadcast_id in ids:
        row = locked(broadcast_id)
        if row.status == "scheduled" and row.scheduled_at <= now():
            if audience.is_living(row.audience):
                preparing.restart(row)  # whoever is meant today
            _go(row)  # whether device and template will do is looked at before the first message
        db.session.commit()
    return len(ids)


def organizations_with_due() -> list[int]:
    due = (Broadcast.status == "scheduled", Broadcast.scheduled_at <= now())
    return list(db.session.scalars(select(Broadcast.organization_id).where(*due).distinct()))


def pause(broadcast_id: int) -> Broadcast:
    row = locked(broadcast_id)
    if row.status == "running":
        feeding.pause(row, None)
        audit.record("broadcast.paused", row, name=row.name)
    elif row.status != "paused":
        raise drafts.wrong_state(row)
    db.session.commit()
    return row


def resume(broadcast_id: int) -> Broadcast:
    """Go on where it stopped. Raises Conflict, Invalid."""
    row = locked(broadcast_id)
    if row.status == "paused":
        _check_ready(row)
        _go(row)
        audit.record("broadcast.resumed", row, name=row.name)
    elif row.status != "running":
        raise drafts.wrong_state(row)
    db.session.commit()
    return row


def cancel(broadcast_id: int) -> Broadcast:
    """End it for good: nobody else gets it, and what waits in the outbox is taken back."""
    row = locked(broadcast_id)
    if row.status == "completed":
        raise drafts.wrong_state(row)
    if row.status != "cancelled":
        row.status, row.finished_at, row.pause_reason = "cancelled", now(), None
        audit.record("broadcast.cancelled", row, name=row.name)
        publish(BroadcastChanged(row.organization_id, row.id))
    db.session.commit()
    take_back(broadcast_id)
    return get(broadcast_id)


# Messages first, then their outbox rows, as everywhere. A call under way has its row in `sending`.
_TAKE_BACK = """
    with waiting as materialized (
        select m.id from messages m
        join broadcast_recipients r on r.organization_id = m.organization_id and r.message_id = m.id
        where r.organization_id = %(organization_id)s and r.broadcast_id = %(broadcast_id)s
          and r.status = 'queued' and m.status = 'queued'
        order by m.id limit 1000
        for no key update of m
    ), gone as (
        delete from outbox o using waiting w
        where o.organization_id = %(organization_id)s and o.message_id = w.id and o.state = 'pending'
        returning o.message_id
    )
    update messages m set
        status = 'failed', status_at = now(), error = '{"code": "cancelled", "message": "cancelled"}'
    from gone g where m.organization_id = %(organization_id)s and m.id = g.message_id
    returning m.id
"""


def take_back(broadcast_id: int) -> None:
    """Nobody on a cancelled broadcast's list waits any more; may run twice. Commits."""
    while run(_TAKE_BACK, broadcast_id=broadcast_id):
        db.session.commit()
    taken = (BroadcastRecipient.status == "failed") & (BroadcastRecipient.error["code"].astext == "cancelled")
    waiting = (BroadcastRecipient.status == "queued") & BroadcastRecipient.message_id.is_(None)
    chosen = (
        select(BroadcastRecipient.id)
        .where(BroadcastRecipient.broadcast_id == broadcast_id, taken | waiting)
        .limit(AT_ONCE * 5)
    )
    error = {"code": "cancelled", "message": "cancelled"}
    while db.session.execute(
        update(BroadcastRecipient)
        .where(BroadcastRecipient.id.in_(chosen))
        .values(status="cancelled", error=error, status_at=now())
        .execution_options(synchronize_session=False)
    ).rowcount:
        db.session.commit()
    db.session.commit()


def half_cancelled() -> list[tuple[int, int]]:
    """(organization id, broadcast id) where a cancelling process died; read across organizations."""
    waits = exists().where(
        BroadcastRecipient.broadcast_id == Broadcast.id,
        BroadcastRecipient.status == "queued",
        BroadcastRecipient.message_id.is_(None),
    )
    recent = Broadcast.finished_at > now() - timedelta(hours=1)
    rows = select(Broadcast.organization_id, Broadcast.id)
    return [
        tuple(row) for row in db.session.execute(rows.where(Broadcast.status == "cancelled", recent, waits))
    ]


def retry_failed(broadcast_id: int) -> int:
    """Put those who failed, and for whom a second try can mend it, back into the line. Raises Conflict."""
    row = locked(broadcast_id)
    if row.status not in ("running", "paused", "completed"):
        raise drafts.wrong_state(row)
    _check_ready(row)
    failed = db.session.scalars(
        select(BroadcastRecipient)
        .where(BroadcastRecipient.broadcast_id == row.id, BroadcastRecipient.status == "failed")
        .order_by(BroadcastRecipient.id)
        .limit(LIMIT)
        .with_for_update()
    ).all()
    moment = now()
    chosen = [one for one in failed if may_try_again((one.error or {}).get("code"), one.status_at, moment)]
    for one in chosen:
        one.status, one.error, one.message_id, one.status_at = "queued", None, None, moment
    if chosen:
        _go(row)
        audit.record("broadcast.retried", row, name=row.name, count=len(chosen))
    db.session.commit()
    return len(chosen)
