"""Queue entries as rows: finding, entering, ending. The caller holds the conversation's row."""

from datetime import datetime

from sqlalchemy import func, or_, select, tuple_

from cloudchat.events import AgentFree, QueueChanged, QueueDue, QueueEntered, publish, publish_once
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, QueueEntry
from cloudchat.services.visibility import audience_of

LIVE = or_(
    QueueEntry.status == "waiting",
    (QueueEntry.status == "assigned") & QueueEntry.finished_at.is_(None),
)


def live(conversation_id: int) -> QueueEntry | None:
    """The entry that waits or is being served."""
    return db.session.scalar(
        select(QueueEntry)
        .where(QueueEntry.conversation_id == conversation_id, LIVE)
        .execution_options(populate_existing=True)
    )


def last(conversation_id: int) -> QueueEntry | None:
    return db.session.scalar(
        select(QueueEntry)
        .where(QueueEntry.conversation_id == conversation_id)
        .order_by(QueueEntry.id.desc())
        .limit(1)
    )


def enter(
    row: Conversation,
    division_id: int,
    *,
    entered_at: datetime | None = None,
    queue_number: int = 0,
    passed: list[int] | None = None,
    announced: bool = False,
) -> QueueEntry:
    """Put the locked conversation into the queue of its division; who waits already stays as it is.

    The customer is told by whoever drains the queue next, unless `announced` says it was done.
    """
    entry = live(row.id)
    if entry is not None and entry.status == "waiting" and entry.division_id == division_id:
        return entry
    if entry is not None:
        end(row, entry, "transferred")
    entry = QueueEntry(
        organization_id=row.organization_id,
        conversation_id=row.id,
        division_id=division_id,
        entered_at=entered_at or _behind_the_last(division_id),
        queue_number=queue_number,
        passed_agent_ids=passed or [],
        announced_at=now() if announced else None,
    )
    db.session.add(entry)
    db.session.flush()
    publish(QueueEntered(audience_of(row), division_id, entry.id))
    _changed(row.organization_id, division_id)
    return entry


def _behind_the_last(division_id: int) -> datetime:
    """Now, unless the last in line came later: clocks of two machines differ, and one may be set back."""
    last_came = db.session.scalar(waiting_in(division_id).with_only_columns(func.max(QueueEntry.entered_at)))
    return max(now(), last_came) if last_came else now()


def end(row: Conversation, entry: QueueEntry, reason: str) -> None:
    """Take a live entry out: one that waited is cancelled, one that was served is finished."""
    moment = now()
    if entry.status == "waiting":
        entry.status = "cancelled"
    elif entry.assigned_agent_id is not None:
        publish_once(AgentFree(row.organization_id, entry.assigned_agent_id))
    entry.finished_at = max(moment, entry.assigned_at or moment)  # the clock may have been set back
    entry.end_reason = reason
    db.session.flush()
    _changed(row.organization_id, entry.division_id)


def end_live(row: Conversation, reason: str) -> QueueEntry | None:
    """The same for whichever entry is live; answers it."""
    entry = live(row.id)
    if entry is not None:
        end(row, entry, reason)
    return entry


def _changed(organization_id: int, division_id: int) -> None:
    publish_once(QueueChanged(organization_id, division_id))
    publish_once(QueueDue(organization_id, division_id))


def waiting_in(division_id: int):
    return select(QueueEntry).where(QueueEntry.division_id == division_id, QueueEntry.status == "waiting")


def position(entry: QueueEntry) -> int:
    """The place in line now, 1 = next: the rank by time of entry, then id."""
    ahead = (
        waiting_in(entry.division_id)
        .with_only_columns(func.count())
        .where(tuple_(QueueEntry.entered_at, QueueEntry.id) < (entry.entered_at, entry.id))
    )
    return db.session.scalar(ahead) + 1


def next_ticket(division_id: int) -> int:
    """The division's next number; only under its lock."""
    return (
        db.session.scalar(
            select(func.coalesce(func.max(QueueEntry.queue_number), 0)).where(
                QueueEntry.division_id == division_id
            )
        )
        + 1
    )
