"""The queues as the desk sees them now. Reads only, in few statements."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import Contact, Conversation, Device, Division, QueueEntry
from cloudchat.services.accounts import Identity
from cloudchat.services.queueing import agents, entries, figures

LISTED = 50  # entries of a division; how many wait is counted in full


@dataclass(frozen=True)
class EntryNow:
    """Somebody who waits; `place` 1 is next."""

    id: int
    conversation_id: int
    place: int
    queue_number: int
    entered_at: datetime
    contact_id: int
    contact_name: str
    device_type: str


@dataclass(frozen=True)
class DivisionNow:
    """A division's queue."""

    id: int
    name: str
    is_active: bool
    waiting: int
    longest_since: datetime | None
    agents_online: int
    agents_total: int
    estimate_minutes: int | None
    entries: list[EntryNow]


def divisions_now(identity: Identity) -> list[DivisionNow]:
    """The divisions whose queue this person may see: all, or the own ones. Those that are switched off
    appear only while somebody waits there."""
    statement = select(Division).order_by(Division.position, Division.id)
    if not identity.sees_everything:
        statement = statement.where(Division.id.in_(agents.division_ids_of(identity.user_id)))
    rows = list(db.session.scalars(statement.execution_options(populate_existing=True)))
    here = figures.of(rows)
    waiting = _entries([row.id for row in rows if here[row.id].waiting])
    return [
        DivisionNow(
            row.id,
            row.name,
            row.is_active,
            here[row.id].waiting,
            here[row.id].longest_since,
            here[row.id].online,
            here[row.id].total,
            here[row.id].wait(),
            waiting.get(row.id, []),
        )
        for row in rows
        if row.is_active or here[row.id].waiting
    ]


def _entries(division_ids: list[int]) -> dict[int, list[EntryNow]]:
    """The first of each line, by division: a look into the index for each."""
    found: dict[int, list[EntryNow]] = {}
    if not division_ids:
        return found
    head = (
        select(QueueEntry)
        .where(QueueEntry.division_id == Division.id, QueueEntry.status == "waiting")
        .order_by(QueueEntry.entered_at, QueueEntry.id)
        .limit(LISTED)
        .correlate(Division)
        .lateral()
    )
    place = func.row_number().over(partition_by=head.c.division_id, order_by=(head.c.entered_at, head.c.id))
    rows = db.session.execute(
        select(
            head.c.division_id,
            head.c.id,
            head.c.conversation_id,
            place,
            head.c.queue_number,
            head.c.entered_at,
            Contact.id,
            Contact.name,
            Device.type,
        )
        .select_from(Division)
        .join(head, Division.id == head.c.division_id)
        .join(Conversation, Conversation.id == head.c.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(Device, Device.id == Conversation.device_id)
        .where(Division.id.in_(division_ids))
        .order_by(head.c.division_id, head.c.entered_at, head.c.id)
    )
    for division_id, *entry in rows:
        found.setdefault(division_id, []).append(EntryNow(*entry))
    return found


@dataclass(frozen=True)
class Place:
    """Where a customer stands now, and the minutes until the turn comes; None where that is unknown."""

    position: int
    estimated_wait_minutes: int | None


def place_of(row: Conversation) -> Place | None:
    """The place of a conversation that waits, else None."""
    entry = entries.live(row.id) if row.division_id and row.assignee_id is None else None
    if entry is None or entry.status != "waiting":
        return None
    place, division = entries.position(entry), db.session.get(Division, entry.division_id)
    return Place(place, figures.of_division(division).wait(place - 1))


def places(division_id: int, limit: int = 200) -> list[tuple[int, int, str]]:
    """(conversation, place, the customer's id at the provider) of the first of a line."""
    rows = db.session.execute(
        select(QueueEntry.conversation_id, Conversation.external_user_id)
        .join(Conversation, Conversation.id == QueueEntry.conversation_id)
        .where(QueueEntry.division_id == division_id, QueueEntry.status == "waiting")
        .order_by(QueueEntry.entered_at, QueueEntry.id)
        .limit(limit)
    )
    return [(row[0], place, row[1]) for place, row in enumerate(rows, 1)]
