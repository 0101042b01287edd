"""What the settings show of the queue. Reads only."""

from dataclasses import dataclass

from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import Division, QueueEntry, User
from cloudchat.services import divisions


@dataclass(frozen=True)
class Listed:
    """A division as its admin keeps it, with how many wait in it."""

    row: Division
    agents: list[User]
    waiting: int

    @property
    def seen_to(self) -> int:
        """Of those who waited when it began to close, how many wait no longer."""
        return max(0, (self.row.closing_total or 0) - self.waiting)


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
