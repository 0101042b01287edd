"""Estimate against reality: what customers were told they would wait, and how long they waited."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Float, case, func, select
from sqlalchemy import cast as as_type

from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import Division, Organization, QueueEntry
from cloudchat.tenancy import current_organization_id

LONGEST = 366  # days


@dataclass(frozen=True)
class DivisionReport:
    """A division over some days. Means and shares are None where there is nothing to divide by.

    `estimated` counts those who were told a number of minutes; `within` is the share of them that
    waited no longer than that.
    """

    division_id: int
    name: str
    entered: int
    assigned: int
    left: int
    estimated: int
    mean_estimate_minutes: float | None
    mean_wait_minutes: float | None
    median_wait_minutes: float | None
    within: float | None


def estimates(first: date, last: date) -> list[DivisionReport]:
    """By division, for those who entered on these days in the organization's zone, both included."""
    since, until = _bounds(first, last)
    waited = as_type(QueueEntry.wait_seconds, Float) / 60
    served = QueueEntry.status == "assigned"
    told = served & QueueEntry.estimated_minutes.is_not(None)
    rows = db.session.execute(
        select(
            Division.id,
            Division.name,
            func.count(QueueEntry.id),
            func.count(case((served, 1))),
            func.count(case((QueueEntry.end_reason == "left", 1))),
            func.count(case((told, 1))),
            func.avg(case((told, as_type(QueueEntry.estimated_minutes, Float)))),
            func.avg(case((served, waited))),
            func.percentile_cont(0.5).within_group(case((served, waited))),
            func.avg(case((told, case((waited <= QueueEntry.estimated_minutes, 1.0), else_=0.0)))),
        )
        .outerjoin(
            QueueEntry,
            (QueueEntry.division_id == Division.id)
            & (QueueEntry.created_at >= since)
            & (QueueEntry.created_at < until),
        )
        .group_by(Division.id, Division.name, Division.position)
        .order_by(Division.position, Division.id)
    )
    return [DivisionReport(*row[:6], *map(_rounded, row[6:])) for row in rows]


def _rounded(value) -> float | None:
    return None if value is None else round(float(value), 2)


def _bounds(first: date, last: date) -> tuple[datetime, datetime]:
    if last < first:
        raise Invalid("dates", fields={"to": ["dates_reversed"]})
    if (last - first).days > LONGEST:
        raise Invalid("dates", fields={"to": ["dates_too_far"]})
    organization = db.session.get(Organization, current_organization_id())
    zone = ZoneInfo(organization.timezone)
    start = datetime.combine(first, time.min, zone)
    return start, datetime.combine(last + timedelta(days=1), time.min, zone)
