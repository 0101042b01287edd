"""What the settings and the top bar show of the queue. Reads only."""

from dataclasses import dataclass

from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import Conversation, Division, QueueEntry, User
from cloudchat.services import divisions


@dataclass(frozen=True)
class Listed:
    """A division as its admin keeps it, with how many wait in it."""

    row: Division
    agents: list[User]
    waiting: int


def all_divisions() -> list[Listed]:
    """All divisions in the order of the menu. Three statements."""
    rows = db.session.scalars(select(Division).order_by(Division.position, Division.id)).all()
    counted = db.session.execute(
        select(QueueEntry.division_id, func.count())
        .where(QueueEntry.status == "waiting")
        .group_by(QueueEntry.division_id)
    )
    waiting = {division_id: count for division_id, count in counted}
    people = divisions.members_of([row.id for row in rows])
    return [Listed(row, people[row.id], waiting.get(row.id, 0)) for row in rows]


@dataclass(frozen=True)
class Load:
    """How many conversations somebody has open, of how many they take."""

    open: int = 0
    capacity: int = 0


def load_of(user_id: int) -> Load:
    """One person's load in one statement, for the top bar of every page."""
    has_open = (
        select(func.count(Conversation.id))
        .where(Conversation.assignee_id == User.id, Conversation.status == "open")
        .correlate(User)
        .scalar_subquery()
    )
    row = db.session.execute(select(has_open, User.capacity).where(User.id == user_id)).first()
    return Load(*row) if row else Load()
