"""Looking at broadcasts: one, a page of them, their counts, their recipients."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from cloudchat.errors import NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Broadcast, BroadcastRecipient, User
from cloudchat.models.broadcasts import RECIPIENT_STATUSES
from cloudchat.services import edits
from cloudchat.services.claims import rate_of
from cloudchat.services.presenting import iso

SPEED_OVER = timedelta(seconds=15)


@dataclass(frozen=True)
class Chosen:
    """Which recipients: by status, or `replied`; by words in name or number."""

    status: str = ""
    q: str = ""


def get(broadcast_id: int) -> Broadcast:
    row = db.session.get(Broadcast, broadcast_id)
    if row is None:
        raise NotFound("broadcast")
    return row


def locked(broadcast_id: int) -> Broadcast:
    """The row, until the transaction ends. Raises NotFound."""
    row = db.session.scalar(
        select(Broadcast)
        .where(Broadcast.id == broadcast_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("broadcast")
    return row


def page(status: str, after: tuple | None, limit: int) -> list[Broadcast]:
    """The newest first, and one more where there is a next page."""
    statement = select(Broadcast).order_by(Broadcast.id.desc()).limit(limit + 1)
    if status:
        statement = statement.where(Broadcast.status == status)
    if after:
        statement = statement.where(Broadcast.id < after[0])
    return list(db.session.scalars(statement.options(joinedload(Broadcast.device))))


def counts_of(ids: list[int]) -> dict[int, dict[str, int]]:
    """How many recipients stand where, counted from their rows, for each broadcast."""
    found = {one: {"total": 0, **dict.fromkeys(RECIPIENT_STATUSES, 0), "replied": 0} for one in ids}
    of_these = BroadcastRecipient.broadcast_id.in_(ids)
    rows = db.session.execute(
        select(BroadcastRecipient.broadcast_id, BroadcastRecipient.status, func.count())
        .where(of_these)
        .group_by(BroadcastRecipient.broadcast_id, BroadcastRecipient.status)
    )
    for broadcast_id, status, number in rows:
        found[broadcast_id][status] = number
        found[broadcast_id]["total"] += number
    replied = db.session.execute(
        select(BroadcastRecipient.broadcast_id, func.count())
        .where(of_these, BroadcastRecipient.replied_at.is_not(None))
        .group_by(BroadcastRecipient.broadcast_id)
    )
    for broadcast_id, number in replied:
        found[broadcast_id]["replied"] = number
    return found


def speed_of(row: Broadcast) -> float:
    """Messages a second lately."""
    if row.status != "running":
        return 0.0
    sent = db.session.scalar(
        select(func.count(BroadcastRecipient.id)).where(
            BroadcastRecipient.broadcast_id == row.id, BroadcastRecipient.sent_at > now() - SPEED_OVER
        )
    )
    since = row.resumed_at or now()
    return sent / max(1.0, min(SPEED_OVER.total_seconds(), (now() - since).total_seconds()))


def seconds_left(row: Broadcast, counts: dict[str, int], speed: float = 0.0) -> int | None:
    """How long the rest will take: at the present speed, else at the device's pace."""
    if not counts["queued"]:
        return 0
    return max(1, round(counts["queued"] / (speed or rate_of(row.device))))


def outward(row: Broadcast, counts: dict[str, int]) -> dict[str, Any]:
    """A broadcast for the API."""
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "device_id": row.device_id,
        "device": {"id": row.device.id, "name": row.device.name, "type": row.device.type},
        "template_id": row.template_id,
        "template_name": row.template_name,
        "audience": {key: value for key, value in row.audience.items() if key != "phones"}
        | ({"phones": len(row.audience["phones"])} if row.audience.get("phones") else {}),
        "variables": row.variables,
        "counts": counts,
        "left_out": {
            "opted_out": row.opted_out_count,
            "duplicates": row.duplicate_count,
            "bad_rows": row.position.get("bad", 0),
        },
        "prepared": row.prepared_at is not None,
        "pause_reason": row.pause_reason,
        "scheduled_at": iso(row.scheduled_at),
        "quiet_hours": _quiet_hours(row),
        "messages_per_second": rate_of(row.device),
        "created_at": iso(row.created_at),
        "started_at": iso(row.started_at),
        "finished_at": iso(row.finished_at),
    }


def editable(row: Broadcast) -> dict[str, Any]:
    """What people change of one that does not run yet."""
    return {
        "name": row.name,
        "device_id": row.device_id,
        "template_id": row.template_id,
        "variables": row.variables,
        "audience": row.audience | ({"file": row.file_key} if row.file_key else {}),
        "scheduled_at": row.scheduled_at,
        "quiet_hours": _quiet_hours(row),
    }


def _quiet_hours(row: Broadcast) -> dict[str, str] | None:
    return {"start": row.quiet_start, "end": row.quiet_end} if row.quiet_start else None


def progress(broadcast_id: int) -> dict[str, Any]:
    """One broadcast with its version, counts, speed and time left."""
    row = get(broadcast_id)
    counts = counts_of([row.id])[row.id]
    speed = speed_of(row)
    left = seconds_left(row, counts, speed)
    version = edits.version_of(editable(row))
    return {**outward(row, counts), "version": version, "speed": round(speed, 2), "seconds_left": left}


# --- recipients --------------------------------------------------------------------------------


def recipients(
    broadcast_id: int, wanted: Chosen, after: tuple | None, limit: int
) -> list[BroadcastRecipient]:
    """In the order of the list, and one more where there is a next page."""
    table = BroadcastRecipient
    statement = select(table).where(table.broadcast_id == broadcast_id).order_by(table.id).limit(limit + 1)
    if wanted.status == "replied":
        statement = statement.where(table.replied_at.is_not(None))
    elif wanted.status:
        statement = statement.where(table.status == wanted.status)
    if words := wanted.q.strip():
        named = table.name.icontains(words, autoescape=True)
        statement = statement.where(named | table.key.icontains(words.lstrip("0"), autoescape=True))
    if after:
        statement = statement.where(table.id > after[0])
    return list(db.session.scalars(statement))


def recipient_outward(row: BroadcastRecipient) -> dict[str, Any]:
    return {
        "id": row.id,
        "contact_id": row.contact_id,
        "phone": row.phone,
        "name": row.name,
        "status": row.status,
        "error": row.error,
        "message_id": row.message_id,
        "conversation_id": row.conversation_id,
        "sent_at": iso(row.sent_at),
        "replied_at": iso(row.replied_at),
    }


def author_name(row: Broadcast) -> str | None:
    return db.session.scalar(select(User.name).where(User.id == row.created_by)) if row.created_by else None
