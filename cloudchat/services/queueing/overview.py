"""What the queue's pages show: divisions with those who wait, agents with their load. Reads only."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true

from cloudchat.extensions import db
from cloudchat.models import Contact, Conversation, Device, Division, DivisionAgent, QueueEntry, User
from cloudchat.services import divisions
from cloudchat.services.accounts import Identity
from cloudchat.services.queueing import agents, figures
from cloudchat.services.queueing.figures import Figures

MOST_ENTRIES = 50
STATES = ("online", "busy", "offline")


@dataclass(frozen=True)
class EntryNow:
    """One who waits. `position` is the place in line: 1 is next."""

    id: int
    conversation_id: int
    position: int
    queue_number: int
    entered_at: datetime
    contact_id: int
    contact_name: str
    device_type: str


@dataclass(frozen=True)
class DivisionNow:
    """A division at this moment, with the first of those who wait in it."""

    id: int
    name: str
    is_active: bool
    waiting: int
    longest_since: datetime | None
    agents_online: int
    agents_total: int
    estimate_minutes: int | None
    entries: list[EntryNow] = field(default_factory=list)


@dataclass(frozen=True)
class AgentNow:
    """An agent of some division. `state` is what counts: whoever is not connected is offline."""

    id: int
    name: str
    state: str
    open: int
    capacity: int
    division_ids: tuple[int, ...]


@dataclass(frozen=True)
class Listed:
    """A division as its admin keeps it, with how many wait in it."""

    row: Division
    agents: list[User]
    waiting: int


def listed() -> list[Listed]:
    """All divisions in the order of the menu. Three statements."""
    rows = _divisions()
    waiting = _waiting()
    people = divisions.members_of([row.id for row in rows])
    return [Listed(row, people[row.id], waiting.get(row.id, 0)) for row in rows]


def divisions_now(identity: Identity, entries: bool = True) -> list[DivisionNow]:
    """The active divisions that this person sees, in the order of the menu, and others in which
    somebody still waits; the same few statements however many there are."""
    rows = _divisions(_seen_by(identity))
    known = figures.of(rows)
    shown = [row for row in rows if row.is_active or known[row.id].waiting]
    lines = _lines([row.id for row in shown if known[row.id].waiting]) if entries else {}
    return [_now(row, known[row.id], lines.get(row.id, [])) for row in shown]


def _now(row: Division, known: Figures, entries: list[EntryNow]) -> DivisionNow:
    return DivisionNow(
        id=row.id,
        name=row.name,
        is_active=row.is_active,
        waiting=known.waiting,
        longest_since=known.longest_since,
        agents_online=known.online,
        agents_total=known.total,
        estimate_minutes=known.wait(),
        entries=entries,
    )


def _divisions(*criteria: ColumnElement[bool]) -> list[Division]:
    return list(
        db.session.scalars(select(Division).where(*criteria).order_by(Division.position, Division.id))
    )


def _waiting() -> dict[int, int]:
    rows = db.session.execute(
        select(QueueEntry.division_id, func.count())
        .where(QueueEntry.status == "waiting")
        .group_by(QueueEntry.division_id)
    )
    return {division_id: count for division_id, count in rows}


def _seen_by(identity: Identity) -> ColumnElement[bool]:
    if identity.sees_everything:
        return true()
    own = select(DivisionAgent.division_id).where(
        DivisionAgent.user_id == identity.user_id, DivisionAgent.is_active
    )
    return Division.id.in_(own)


def _lines(division_ids: list[int]) -> dict[int, list[EntryNow]]:
    """The first of each line, in one statement."""
    if not division_ids:
        return {}
    line = (
        select(QueueEntry)
        .where(QueueEntry.division_id == Division.id, QueueEntry.status == "waiting")
        .order_by(QueueEntry.entered_at, QueueEntry.id)
        .limit(MOST_ENTRIES)
        .correlate(Division)
        .lateral("line")
    )
    rows = db.session.execute(
        select(
            Division.id.label("division_id"),
            line.c.id,
            line.c.conversation_id,
            line.c.queue_number,
            line.c.entered_at,
            Contact.id.label("contact_id"),
            Contact.name.label("contact_name"),
            Device.type.label("device_type"),
        )
        .select_from(Division)
        .join(line, true())
        .join(Conversation, Conversation.id == line.c.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(Device, Device.id == Conversation.device_id)
        .where(Division.id.in_(division_ids))
        .order_by(Division.id, line.c.entered_at, line.c.id)
    )
    found: dict[int, list[EntryNow]] = {}
    for row in rows:
        entries = found.setdefault(row.division_id, [])
        values = {name: value for name, value in row._mapping.items() if name != "division_id"}
        entries.append(EntryNow(position=len(entries) + 1, **values))
    return found


def agents_now(identity: Identity) -> list[AgentNow]:
    """The agents of the divisions that this person sees: whoever is free first. One statement."""
    load = (
        select(func.count(Conversation.id))
        .where(Conversation.assignee_id == User.id, Conversation.status == "open")
        .correlate(User)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            User.id,
            User.name,
            User.availability,
            User.capacity,
            load.label("open"),
            agents.connected().label("connected"),
            func.array_agg(DivisionAgent.division_id).label("division_ids"),
        )
        .join(DivisionAgent, DivisionAgent.user_id == User.id)
        .join(Division, Division.id == DivisionAgent.division_id)
        .where(User.is_active, DivisionAgent.is_active, _seen_by(identity))
        .group_by(User.id)
        .order_by(User.name, User.id)
    )
    found = [
        AgentNow(
            row.id,
            row.name,
            row.availability if row.connected else "offline",
            row.open,
            row.capacity,
            tuple(row.division_ids),
        )
        for row in rows
    ]
    return sorted(found, key=lambda agent: STATES.index(agent.state))


@dataclass(frozen=True)
class Load:
    """How many conversations somebody has open, of how many they take."""

    open: int
    capacity: int


def load_of(user_id: int) -> Load:
    """The load of one person, for the top bar of every page; nothing for who is not of this organization."""
    row = db.session.execute(
        select(
            User.capacity,
            select(func.count(Conversation.id))
            .where(Conversation.assignee_id == User.id, Conversation.status == "open")
            .correlate(User)
            .scalar_subquery(),
        ).where(User.id == user_id)
    ).first()
    return Load(row[1], row[0]) if row else Load(0, 0)
