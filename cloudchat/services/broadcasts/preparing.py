"""The list of recipients, made in batches: a batch and the new position are one transaction, so
whoever goes on after a crash starts exactly there, and two at once change nothing."""

from datetime import timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.events import BroadcastChanged, BroadcastDue, publish
from cloudchat.extensions import db, now
from cloudchat.models import Broadcast, BroadcastOptOut, BroadcastRecipient, Device
from cloudchat.models.broadcasts import ENDED
from cloudchat.services.broadcasts import candidates
from cloudchat.services.broadcasts.candidates import Someone
from cloudchat.services.broadcasts.catalog import locked

BATCH = 1000
STALLED_AFTER = timedelta(seconds=20)


def prepare(broadcast_id: int) -> None:
    """Go on until the list is complete."""
    while step(broadcast_id):
        pass


def restart(row: Broadcast) -> None:
    """Have the locked broadcast's list made anew; nobody on it may have got anything yet. Part of the
    caller's transaction."""
    db.session.execute(delete(BroadcastRecipient).where(BroadcastRecipient.broadcast_id == row.id))
    row.prepared_at, row.position = None, {}
    row.opted_out_count = row.duplicate_count = 0
    publish(BroadcastDue(row.organization_id, row.id))


def step(broadcast_id: int) -> bool:
    """One batch; whether there is more. Commits."""
    row = locked(broadcast_id)
    if row.prepared_at or row.status in ENDED:
        db.session.commit()
        return False
    device = db.session.get(Device, row.device_id)
    people, position = candidates.batch(row, device, BATCH)
    fresh = _without_opted_out(row, people)
    row.duplicate_count += len(fresh) - _add(row, fresh)
    if position is None:
        row.prepared_at = now()
        row.duplicate_count += row.position.get("repeated", 0)
    else:
        row.position = position
    row.updated_at = now()
    publish(BroadcastChanged(row.organization_id, row.id))
    db.session.commit()
    return position is not None


def _without_opted_out(row: Broadcast, people: list[Someone]) -> list[Someone]:
    phones, contacts = opted_out(
        [one.phone for one in people if one.phone], [one.contact_id for one in people if one.contact_id]
    )
    kept = [one for one in people if one.phone not in phones and one.contact_id not in contacts]
    row.opted_out_count += len(people) - len(kept)
    return kept


def opted_out(phones: list[str], contact_ids: list[int]) -> tuple[set[str], set[int]]:
    """Those of these numbers and contacts that want no broadcasts."""
    rows = db.session.execute(
        select(BroadcastOptOut.key, BroadcastOptOut.contact_id).where(
            or_(BroadcastOptOut.key.in_(phones), BroadcastOptOut.contact_id.in_(contact_ids))
        )
    ).all()
    return {row.key for row in rows}, {row.contact_id for row in rows if row.contact_id}


def _add(row: Broadcast, people: list[Someone]) -> int:
    """Put them on the list; answers how many were not on it yet."""
    if not people:
        return 0
    values = [
        {
            "organization_id": row.organization_id,
            "broadcast_id": row.id,
            "key": one.key,
            "contact_id": one.contact_id,
            "external_id": one.external_id,
            "phone": one.phone,
            "name": one.name[:255],
            "variables": one.variables,
            "status": "failed" if one.problem else "queued",
            "error": {"code": one.problem, "message": one.problem} if one.problem else None,
            "tried": 0,
            "status_at": now(),
        }
        for one in people
    ]
    statement = insert(BroadcastRecipient).values(values).on_conflict_do_nothing()
    return len(db.session.scalars(statement.returning(BroadcastRecipient.id)).all())


def unprepared() -> list[tuple[int, int]]:
    """(organization id, broadcast id) of lists that nobody goes on with; read across organizations."""
    rows = db.session.execute(
        select(Broadcast.organization_id, Broadcast.id).where(
            Broadcast.prepared_at.is_(None),
            Broadcast.status.in_(("draft", "scheduled", "running", "paused")),
            Broadcast.updated_at < now() - STALLED_AFTER,
        )
    )
    return [tuple(row) for row in rows]
