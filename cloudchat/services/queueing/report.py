"""What customers were told against what became true: estimates and real waits. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, select

from cloudchat.extensions import db
from cloudchat.models import Division, QueueEntry


LEFT = ("left", "cancelled", "closed")  # the wait ended without an agent


@dataclass(frozen=True)
class Waits:
    """The waits of one division in a range of days, in seconds; `within` is the share (0 to 1) of those
    who got an agent no later than they were told. None where there is nothing to count."""

    division_id: int
    name: str
    served: int
    left: int
    estimated_seconds: float | None
    real_seconds: float | None
    median_seconds: float | None
    within: float | None


def waits(timezone: str, start: date, end: date) -> list[Waits]:
    """Per division, for those who entered a queue on these days (both included) and really waited."""
    told = QueueEntry.estimated_minutes * 60
    served = and_(QueueEntry.status == "assigned", QueueEntry.wait_seconds > 0)
    both = and_(served, QueueEntry.estimated_minutes.is_not(None))
    on_time = func.avg(case((QueueEntry.wait_seconds <= told, 1.0), else_=0.0)).filter(both)
    rows = db.session.execute(
        select(
            Division.id,
            Division.name,
            func.count().filter(served),
            func.count().filter(QueueEntry.status == "cancelled", QueueEntry.end_reason.in_(LEFT)),
            func.avg(told).filter(both),
            func.avg(QueueEntry.wait_seconds).filter(served),
            func.percentile_cont(0.5).within_group(QueueEntry.wait_seconds).filter(served),
            on_time,
        )
        .join(Division, Division.id == QueueEntry.division_id)
        .where(*_on_days(timezone, start, end), QueueEntry.status != "waiting")
        .group_by(Division.id)
        .order_by(Division.position, Division.id)
    )
    found = (Waits(*row[:4], *(None if value is None else float(value) for value in row[4:])) for row in rows)
    return [row for row in found if row.served or row.left]


def _on_days(timezone: str, start: date, end: date) -> tuple:
    zone = ZoneInfo(timezone)
    begin = datetime.combine(start, time(), zone)
    until = datetime.combine(end + timedelta(days=1), time(), zone)
    return QueueEntry.entered_at >= begin, QueueEntry.entered_at < until
