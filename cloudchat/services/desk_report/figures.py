"""The figures of agents and of divisions over some days, beside those of as many days before.

Times are seconds, rates 0 to 1, both None where there is nothing to divide by.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import Conversation, Division, User
from cloudchat.services import audit, periods
from cloudchat.services.accounts import Identity
from cloudchat.services.desk_report import facts
from cloudchat.services.statements import run

SUBJECTS = {"agents": "agent_id", "divisions": "division_id"}
NOBODY = "none"  # what belongs to no agent, or to no division

_MEAN = "avg(value)::float as {0}_avg_seconds"
MEDIAN = "percentile_cont(0.5) within group (order by value)::float as {0}_median_seconds"
_HIGH = "percentile_cont(0.9) within group (order by value)::float as {0}_p90_seconds"

# Facts → what is counted of them
_SUMS = (
    (facts.MESSAGES, "count(*) as messages, count(distinct conversation_id) as conversations_handled"),
    (
        facts.FIRST_RESPONSES,
        "count(*) as first_responses, "
        + ", ".join(part.format("first_response") for part in (_MEAN, MEDIAN, _HIGH)),
    ),
    (
        facts.RESOLVED,
        "count(*) as resolved, " + ", ".join(part.format("resolution") for part in (_MEAN, MEDIAN)),
    ),
    (facts.HANDED_ON, "count(*) as handed_on"),
    (facts.RATINGS, "count(*) as ratings_count, avg(value)::float as avg_rating"),
)
_WAITS = (
    facts.WAITS,
    """
    count(*) as entered, count(*) filter (where served) as served, count(*) filter (where gone) as left_queue,
    avg(value) filter (where served)::float as wait_avg_seconds,
    percentile_cont(0.9) within group (order by value) filter (where served)::float as wait_p90_seconds,
    max(value) filter (where served)::float as wait_longest_seconds,
    count(*) filter (where told) as estimates_told,
    count(*) filter (where told and within) as within_estimate
    """,
)
COUNTS = (
    "messages",
    "conversations_handled",
    "first_responses",
    "resolved",
    "handed_on",
    "ratings_count",
)
TIMES = (
    "first_response_avg_seconds",
    "first_response_median_seconds",
    "first_response_p90_seconds",
    "resolution_avg_seconds",
    "resolution_median_seconds",
    "avg_rating",
)
QUEUE_COUNTS = ("entered", "served", "left_queue", "estimates_told", "within_estimate")
QUEUE_TIMES = ("wait_avg_seconds", "wait_p90_seconds", "wait_longest_seconds")

_GROUPED = """
    with facts as (
        select f.*, f.at >= %(start)s as is_now from ({facts}) f
    )
    select is_now, {key} as key, grouping({key}) as is_total, {sums}
    from facts where {own} group by grouping sets ((is_now, {key}), (is_now))
"""


@dataclass(frozen=True)
class Asked:
    """Whom and which days a report is about, in the organization's zone. `only`: this agent alone."""

    subject: str
    start: date
    end: date
    timezone: str
    only: int | None = None

    def values(self) -> dict[str, Any]:
        """Both periods in one: from the first moment of the days before."""
        now = periods.bounds(self.start, self.end, self.timezone)
        before = periods.bounds(*periods.before(self.start, self.end), self.timezone)
        return {**now, "since": before["start"], "until": now["finish"], "only": self.only}


def asked(identity: Identity, subject: str, start: date | None, end: date | None) -> Asked:
    """Managers ask about everybody, an agent about their own work. Raises Invalid."""
    only = None if identity.sees_everything else identity.user_id
    return Asked("agents" if only else subject, *periods.asked(identity, start, end), identity.timezone, only)


def own(identity: Identity, start: date | None, end: date | None) -> Asked:
    """The caller's own work, whatever their role."""
    return Asked("agents", *periods.asked(identity, start, end), identity.timezone, identity.user_id)


def report(wanted: Asked) -> dict[str, Any]:
    """`total` over everything, and `items`: each agent or division, by name or position."""
    sums = _sums(wanted)
    names = _agents(wanted) if wanted.subject == "agents" else _divisions()
    items = [
        {**name, **_both(wanted, sums, name["id"])}
        for name in names
        if name.pop("is_active") or _anything(wanted, sums, name["id"])
    ]
    if wanted.only is None and _anything(wanted, sums, None):
        items.append({"id": None, "name": None, "open_now": None, **_both(wanted, sums, None)})
    return {"total": _both(wanted, sums, "total"), "items": items}


def record_export(wanted: Asked, kind: str) -> None:
    """Note in the audit log that figures leave the house."""
    days = {"from": wanted.start.isoformat(), "to": wanted.end.isoformat()}
    audit.record("report.exported", None, report=wanted.subject, kind=kind, **days)
    db.session.commit()


def _both(wanted: Asked, sums: dict, key: Any) -> dict[str, Any]:
    return {**_figures(wanted, sums.get((True, key))), "previous": _figures(wanted, sums.get((False, key)))}


def _anything(wanted: Asked, sums: dict, key: Any) -> bool:
    return any((is_now, key) in sums for is_now in (True, False))


def _figures(wanted: Asked, found: dict | None) -> dict[str, Any]:
    counts = COUNTS + (QUEUE_COUNTS if wanted.subject == "divisions" else ())
    times = TIMES + (QUEUE_TIMES if wanted.subject == "divisions" else ())
    found = found or {}
    made: dict[str, Any] = {name: found.get(name, 0) for name in counts}
    made |= {name: rounded(found.get(name)) for name in times}
    if wanted.subject == "divisions":
        told = made["estimates_told"]
        made["within_estimate_rate"] = made["within_estimate"] / told if told else None
    return made


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _sums(wanted: Asked) -> dict[tuple[bool, Any], dict[str, Any]]:
    """(now or before, whose) → figures; whose is an id, None for nobody's, or "total"."""
    key = SUBJECTS[wanted.subject]
    found: dict[tuple[bool, Any], dict[str, Any]] = {}
    for source, sums in (*_SUMS, *((_WAITS,) if wanted.subject == "divisions" else ())):
        own = "agent_id = %(only)s" if wanted.only else "true"
        statement = _GROUPED.format(facts=source, key=key, sums=sums, own=own)
        for row in run(statement, **wanted.values()):
            values = dict(row._mapping)
            whose = "total" if values.pop("is_total") else values["key"]
            found.setdefault((values.pop("is_now"), whose), {}).update(values)
    return found


def _agents(wanted: Asked) -> list[dict[str, Any]]:
    statement = select(
        User.id,
        User.name,
        User.capacity,
        User.is_active,
        _open(Conversation.assignee_id == User.id, User).label("open_now"),
    ).order_by(User.name, User.id)
    if wanted.only:
        statement = statement.where(User.id == wanted.only)
    return [dict(row._mapping) for row in db.session.execute(statement)]


def _divisions() -> list[dict[str, Any]]:
    statement = select(
        Division.id,
        Division.name,
        Division.is_active,
        _open(Conversation.division_id == Division.id, Division).label("open_now"),
    ).order_by(Division.position, Division.id)
    return [dict(row._mapping) for row in db.session.execute(statement)]


def _open(criterion, of):
    """Open conversations at this moment."""
    statement = select(func.count(Conversation.id)).where(criterion, Conversation.status == "open")
    return statement.correlate(of).scalar_subquery()
