"""Agents at work: what they set, how much they have, and what becomes of it when they go."""

from dataclasses import dataclass

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Conversation, DivisionAgent, User
from cloudchat.services import presence
from cloudchat.services.accounts import get_user
from cloudchat.services.queueing import agents, handing, talks

AT_ONCE = 200  # users that one sweep looks after


@dataclass(frozen=True)
class AgentNow:
    """An agent at this moment; `open` is the load that counts against `capacity`."""

    id: int
    name: str
    role: str
    availability: str
    connected: bool
    open: int
    capacity: int
    division_ids: list[int]

    @property
    def is_available(self) -> bool:
        return self.connected and self.availability == "online" and self.open < self.capacity


def set_mine(user_id: int, status: str, requeue: bool = False) -> AgentNow:
    """Online, busy or offline. Who goes offline keeps open conversations, or with `requeue` hands
    them back: each to the head of its queue with its original time, or to the inbox."""
    presence.set_availability(user_id, status)
    if status == "offline" and requeue:
        hand_back(user_id, "agent_offline")
    return of_user(user_id)


def hand_back(user_id: int, reason: str) -> None:
    """Put the open conversations of an agent back, one transaction each: running it twice is harmless."""
    ids = db.session.scalars(
        select(Conversation.id)
        .where(Conversation.assignee_id == user_id, Conversation.status == "open")
        .order_by(Conversation.id)
    ).all()
    for conversation_id in ids:
        row = talks.lock(conversation_id)
        if row is not None and row.assignee_id == user_id and row.status == "open":
            handing.back_to_head(row, reason)
        db.session.commit()


def left_behind() -> list[tuple[int, int]]:
    """(organization, user) of all who were shut out and still have open conversations."""
    statement = (
        select(User.organization_id, User.id)
        .where(
            User.is_active.is_(False),
            select(Conversation.id)
            .where(
                Conversation.organization_id == User.organization_id,
                Conversation.assignee_id == User.id,
                Conversation.status == "open",
            )
            .exists(),
        )
        .limit(AT_ONCE)
    )
    return [tuple(row) for row in db.session.execute(statement)]


def of_user(user_id: int) -> AgentNow:
    return _now([get_user(user_id)])[0]


def agents_now(after: tuple[str, int] | None = None, limit: int | None = None) -> list[AgentNow]:
    """The active users by name, with load and divisions, in three statements."""
    statement = select(User).where(User.is_active).order_by(User.name, User.id)
    if after:
        name, user_id = after
        statement = statement.where((User.name > name) | ((User.name == name) & (User.id > user_id)))
    if limit:
        statement = statement.limit(limit)
    return _now(list(db.session.scalars(statement.execution_options(populate_existing=True))))


def _now(users: list[User]) -> list[AgentNow]:
    ids = [user.id for user in users]
    load = agents.loads(ids)
    divisions: dict[int, list[int]] = {user_id: [] for user_id in ids}
    rows = db.session.execute(
        select(DivisionAgent.user_id, DivisionAgent.division_id)
        .where(DivisionAgent.user_id.in_(ids), DivisionAgent.is_active)
        .order_by(DivisionAgent.division_id)
    )
    for user_id, division_id in rows:
        divisions[user_id].append(division_id)
    return [
        AgentNow(
            user.id,
            user.name,
            user.role,
            user.availability,
            presence.is_connected(user),
            load[user.id],
            user.capacity,
            divisions[user.id],
        )
        for user in users
    ]
