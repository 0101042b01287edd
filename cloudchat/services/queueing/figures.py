"""The figures of a division's queue: who waits, who serves, how long it will take."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Float, func, select
from sqlalchemy import cast as as_type

from cloudchat.extensions import db, now
from cloudchat.models import Division, QueueEntry
from cloudchat.services.queueing import agents, estimate
from cloudchat.services.queueing.agents import Candidate

MEASURED_OVER = timedelta(days=30)
SAMPLES_READ = 500  # the latest; more would cost and not change the mean
LISTED_AGENTS = 20


@dataclass(frozen=True)
class Figures:
    """A division at this moment."""

    waiting: int
    longest_since: datetime | None
    online: int
    connected: int
    total: int
    minutes: float

    @property
    def anybody_there(self) -> bool:
        """An agent who is busy is there too: the customer waits for somebody."""
        return self.connected > 0

    def wait(self, ahead: int | None = None) -> int | None:
        """Minutes for somebody behind so many; for one who comes now without a number."""
        return estimate.wait_minutes(self.waiting if ahead is None else ahead, self.minutes, self.online)


def of_division(division: Division) -> Figures:
    return of([division])[division.id]


def of(divisions: list[Division]) -> dict[int, Figures]:
    """Figures by division, in three statements whatever their number."""
    ids = [division.id for division in divisions]
    if not ids:
        return {}
    lines = {
        row[0]: row[1:]
        for row in db.session.execute(
            select(QueueEntry.division_id, func.count(), func.min(QueueEntry.entered_at))
            .where(QueueEntry.division_id.in_(ids), QueueEntry.status == "waiting")
            .group_by(QueueEntry.division_id)
        )
    }
    there, minutes = agents.online_counts(ids), measured(divisions)
    return {i: Figures(*lines.get(i, (0, None)), *there[i], minutes[i]) for i in ids}


def measured(divisions: list[Division]) -> dict[int, float]:
    """Handling minutes by division: the mean of what was resolved in 30 days, or what is configured."""
    latest = (
        select(QueueEntry.assigned_at, QueueEntry.finished_at)
        .where(
            QueueEntry.division_id == Division.id,
            QueueEntry.status == "assigned",
            QueueEntry.end_reason == "resolved",
            QueueEntry.assigned_at > now() - MEASURED_OVER,
        )
        .order_by(QueueEntry.assigned_at.desc())
        .limit(SAMPLES_READ)
        .correlate(Division)
        .lateral()
    )
    took = as_type(func.extract("epoch", latest.c.finished_at - latest.c.assigned_at), Float)
    rows = db.session.execute(
        select(Division.id, func.count(), func.avg(took))
        .select_from(Division)
        .join(latest, latest.c.finished_at.is_not(None))
        .where(Division.id.in_([division.id for division in divisions]))
        .group_by(Division.id)
    )
    means = {row[0]: row[1:] for row in rows}
    return {
        division.id: estimate.handling_minutes(
            division.avg_handling_time_minutes, *means.get(division.id, (0, None))
        )
        for division in divisions
    }


def states(known: list[Candidate]) -> list[dict]:
    """The agents as the trail keeps them: who was free, full, busy, away."""
    return [
        {"id": agent.id, "name": agent.name, "state": agent.state, "load": agent.load, "of": agent.capacity}
        for agent in known[:LISTED_AGENTS]
    ]
