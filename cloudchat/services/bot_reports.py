"""What a bot's turns tell. Reads the raw rows, so that figures are always those of a recount.

Rates are 0 to 1, or None where there is nothing to divide by.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from cloudchat.errors import Invalid
from cloudchat.services import bot_settings, periods
from cloudchat.services.accounts import Identity
from cloudchat.services.bot_analytics import SUCCESSFUL
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run

BUCKETS = ("hour", "day", "week")
MOST_DAYS_BY_HOUR = 93

_TURNS = """
    from chatbot_interactions i
    where i.organization_id = %(organization_id)s and i.bot_id = %(bot_id)s
      and i.created_at >= %(start)s and i.created_at < %(finish)s
"""

_SUMMARY = f"""
    select count(*) as total_interactions,
           count(distinct conversation_id) as conversations_handled,
           count(*) filter (where {SUCCESSFUL}) as successful_interactions,
           count(*) filter (where was_escalated) as escalated_interactions,
           round(avg(response_time_ms))::int as avg_response_time_ms,
           round(percentile_cont(0.95) within group (order by response_time_ms))::int as p95_response_time_ms,
           round(avg(confidence_score), 2)::float as avg_confidence_score,
           round(avg(user_rating), 2)::float as avg_rating,
           count(user_rating) as ratings_count,
           count(*) filter (where solved_qa_id is not null) as solved_questions
    {_TURNS}
"""

# Buckets in which nothing happened are told as well: a gap in a line would hide them
_TRENDS = f"""
    with sums as (
        select date_trunc(%(bucket)s, created_at, %(timezone)s) as at, count(*) as total,
               count(*) filter (where {SUCCESSFUL}) as successful,
               count(*) filter (where was_escalated) as escalated,
               round(avg(response_time_ms))::int as time
        {_TURNS} group by 1
    ), empty as (
        select distinct date_trunc(%(bucket)s, moment, %(timezone)s) as at
        from generate_series(date_trunc(%(bucket)s, %(start)s::timestamptz, %(timezone)s),
                             %(finish)s::timestamptz - interval '1 microsecond',
                             ('1 ' || %(bucket)s::text)::interval, %(timezone)s) as moment
    )
    select at, coalesce(total, 0) as total, coalesce(successful, 0) as successful,
           coalesce(escalated, 0) as escalated, time
    from sums full join empty using (at) order by at
"""

_QUESTIONS = f"""
    with counted as (
        select matched_qa_id as qa_id, count(*) as count,
               round(avg(confidence_score), 2)::float as avg_confidence_score
        {_TURNS} and matched_qa_id is not null group by 1
    )
    select c.*, q.question from counted c
    join chatbot_qa q on q.organization_id = %(organization_id)s and q.id = c.qa_id
    where %(count)s::bigint is null or (c.count, -c.qa_id) < (%(count)s::bigint, -%(qa_id)s::bigint)
    order by c.count desc, c.qa_id limit %(limit)s
"""

_HEAT = f"""
    select extract(isodow from created_at at time zone %(timezone)s)::int as weekday,
           extract(hour from created_at at time zone %(timezone)s)::int as hour, count(*) as count
    {_TURNS} group by 1, 2
"""

_SCORES = f"""
    select least(floor(confidence_score / 10), 9)::int as tenth, count(*) as count
    {_TURNS} and confidence_score is not null group by 1
"""

_RATINGS = f"select user_rating as rating, count(*) as count {_TURNS} and user_rating is not null group by 1"


@dataclass(frozen=True)
class Asked:
    """One bot and the days that are asked about, in the organization's zone."""

    bot_id: int
    start: date
    end: date
    timezone: str

    def values(self) -> dict[str, Any]:
        return {"bot_id": self.bot_id, **periods.bounds(self.start, self.end, self.timezone)}

    def before(self) -> "Asked":
        return Asked(self.bot_id, *periods.before(self.start, self.end), self.timezone)


def asked(identity: Identity, bot_id: int, start: date | None, end: date | None) -> Asked:
    """The bot and the period; raises NotFound, Invalid."""
    bot = bot_settings.get(bot_id)
    return Asked(bot.id, *periods.asked(identity, start, end), identity.timezone)


def summary(wanted: Asked) -> dict[str, Any]:
    """The figures of the period, and of as many days before it."""
    return {**_figures(wanted), "previous": _figures(wanted.before())}


def _figures(wanted: Asked) -> dict[str, Any]:
    found = dict(run(_SUMMARY, **wanted.values())[0]._mapping)
    total = found["total_interactions"]
    found["success_rate"] = found["successful_interactions"] / total if total else None
    found["escalation_rate"] = found["escalated_interactions"] / total if total else None
    return found


def trends(wanted: Asked, bucket: str) -> list[dict[str, Any]]:
    """The figures of each hour, day or week (from Monday), by its first moment."""
    if bucket == "hour" and (wanted.end - wanted.start).days >= MOST_DAYS_BY_HOUR:
        raise Invalid("period", fields={"from": ["period_too_long_for_hours"]})
    return [
        {
            "at": iso(row.at),
            "total_interactions": row.total,
            "successful_interactions": row.successful,
            "escalated_interactions": row.escalated,
            "avg_response_time_ms": row.time,
        }
        for row in run(_TRENDS, bucket=bucket, **wanted.values())
    ]


def questions(wanted: Asked, after: tuple[int, int] | None, limit: int) -> list[dict[str, Any]]:
    """The pairs that answered most, behind the one with this count and id."""
    count, qa_id = after or (None, None)
    return [
        dict(row._mapping)
        for row in run(_QUESTIONS, count=count, qa_id=qa_id, limit=limit, **wanted.values())
    ]


def heat(wanted: Asked) -> list[list[int]]:
    """Turns by weekday (Monday first) and hour."""
    table = [[0] * 24 for _day in range(7)]
    for row in run(_HEAT, **wanted.values()):
        table[row.weekday - 1][row.hour] = row.count
    return table


def scores(wanted: Asked) -> list[int]:
    """Turns by tenths of the score: 0 to 10 first, 90 to 100 last."""
    found = {row.tenth: row.count for row in run(_SCORES, **wanted.values())}
    return [found.get(tenth, 0) for tenth in range(10)]


def ratings(wanted: Asked) -> list[int]:
    """How often each rating was given, 1 first."""
    found = {row.rating: row.count for row in run(_RATINGS, **wanted.values())}
    return [found.get(rating, 0) for rating in range(1, 6)]
