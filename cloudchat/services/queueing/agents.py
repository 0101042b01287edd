"""Who can take a customer now: set online, connected, and with room for one more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, DivisionAgent, QueueEntry, User
from cloudchat.services.presence import CONNECTED_FOR, is_connected


@dataclass(frozen=True)
class Candidate:
    """An agent of a division with the load at this moment."""

    id: int
    name: str
    load: int
    capacity: int
    availability: str
    connected: bool
    last_assigned_at: datetime | None

    @property
    def is_present(self) -> bool:
        return self.connected and self.availability == "online"

    @property
    def is_available(self) -> bool:
        return self.is_present and self.load < self.capacity

    @property
    def state(self) -> str:
        """Why this one is or is not chosen: available, full, busy, offline, disconnected."""
        if self.availability != "online":
            return self.availability
        if not self.connected:
            return "disconnected"
        return "available" if self.is_available else "full"


def connected() -> ColumnElement[bool]:
    return func.coalesce(User.last_seen_at > now() - CONNECTED_FOR, False)


def present() -> ColumnElement[bool]:
    return and_(User.is_active, User.availability == "online", connected())


def loads(user_ids: Iterable[int]) -> dict[int, int]:
    """Open conversations by agent; snoozed and pending ones do not count."""
    wanted = list(user_ids)
    if not wanted:
        return {}
    rows = db.session.execute(
        select(Conversation.assignee_id, func.count())
        .where(Conversation.assignee_id.in_(wanted), Conversation.status == "open")
        .group_by(Conversation.assignee_id)
    )
    return dict.fromkeys(wanted, 0) | {agent_id: count for agent_id, count in rows}


def of_division(division_id: int) -> list[Candidate]:
    """The division's agents, whoever is to get the next customer first."""
    load = (
        select(Conversation.assignee_id, func.count().label("open"))
        .join(DivisionAgent, DivisionAgent.user_id == Conversation.assignee_id)
        .where(DivisionAgent.division_id == division_id, Conversation.status == "open")
        .group_by(Conversation.assignee_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            User.id,
            User.name,
            func.coalesce(load.c.open, 0),
            User.capacity,
            User.availability,
            connected(),
            User.last_assigned_at,
        )
        .join(DivisionAgent, DivisionAgent.user_id == User.id)
        .outerjoin(load, load.c.assignee_id == User.id)
        .where(DivisionAgent.division_id == division_id, DivisionAgent.is_active, User.is_active)
    )
    return sorted((Candidate(*row) for row in rows), key=_turn)


def one(user: User) -> Candidate:
    """An agent whose row was just read, with the load as it is now."""
    load = loads([user.id])[user.id]
    return Candidate(
        user.id,
        user.name,
        load,
        user.capacity,
        user.availability,
        is_connected(user),
        user.last_assigned_at,
    )


def _turn(agent: Candidate) -> tuple:
    """Least loaded first, among equals whoever has been idle the longest."""
    idle_since = agent.last_assigned_at.timestamp() if agent.last_assigned_at else 0.0
    return not agent.is_available, agent.load, idle_since, agent.id


def lock(user_id: int) -> User | None:
    """Hold the agent's row until the commit: an agent of two divisions is given to one at a time."""
    return db.session.scalar(
        select(User)
        .where(User.id == user_id, User.is_active)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def online_counts(division_ids: list[int]) -> dict[int, tuple[int, int, int]]:
    """(agents online, agents connected and not offline, agents in all) by division."""
    rows = db.session.execute(
        select(
            DivisionAgent.division_id,
            func.count(case((present(), 1))),
            func.count(case((and_(connected(), User.availability != "offline"), 1))),
            func.count(),
        )
        .join(User, User.id == DivisionAgent.user_id)
        .where(DivisionAgent.division_id.in_(division_ids), DivisionAgent.is_active, User.is_active)
        .group_by(DivisionAgent.division_id)
    )
    return dict.fromkeys(division_ids, (0, 0, 0)) | {row[0]: tuple(row[1:]) for row in rows}


def division_ids_of(user_id: int) -> list[int]:
    """The divisions that an agent serves."""
    return list(db.session.scalars(_served_by(user_id)))


def waiting_divisions_of(user_id: int) -> list[int]:
    """Those of them in which somebody waits, whoever has waited the longest first."""
    return list(
        db.session.scalars(
            select(QueueEntry.division_id)
            .where(QueueEntry.division_id.in_(_served_by(user_id)), QueueEntry.status == "waiting")
            .group_by(QueueEntry.division_id)
            .order_by(func.min(QueueEntry.entered_at))
        )
    )


def _served_by(user_id: int):
    return select(DivisionAgent.division_id).where(DivisionAgent.user_id == user_id, DivisionAgent.is_active)
