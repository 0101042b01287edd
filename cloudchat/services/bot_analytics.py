"""Sums of bots' turns by hour and day of the organization's zone, kept in `chatbot_analytics`.

Always counted anew from the raw rows, so a run may be repeated or break off anywhere: each piece is one
transaction, and rows that came late are in the next run over their day.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Chatbot
from cloudchat.services import organizations, periods
from cloudchat.services.statements import run
from cloudchat.tenancy import current_organization_id

PIECE = timedelta(days=7)
RECENT = timedelta(days=2)  # ratings and rows that come later are found by the nightly run over everything

# The turns that helped: the bot answered, and no human was called.
SUCCESSFUL = "outcome not in ('greeting', 'suggest', 'fallback', 'escalate') and not was_escalated"

# One run at a time in an organization: an older snapshot must not overwrite a newer one.
_LOCK = "select pg_advisory_xact_lock(hashtext('chatbot_analytics'), %(organization_id)s)"

_AGGREGATE = f"""
    with turns as (
        select i.*, (i.created_at at time zone %(timezone)s)::date as day,
               extract(hour from i.created_at at time zone %(timezone)s)::int as hour
        from chatbots b
        join chatbot_interactions i on i.organization_id = b.organization_id and i.bot_id = b.id
        where b.organization_id = %(organization_id)s
          and i.created_at >= %(start)s and i.created_at < %(finish)s
    ), sums as materialized (
        select bot_id, day, hour, count(*) as total,
               count(*) filter (where {SUCCESSFUL}) as successful,
               count(*) filter (where was_escalated) as escalated,
               round(avg(response_time_ms))::int as time, round(avg(confidence_score), 2) as score,
               round(avg(user_rating), 2) as rating
        from turns group by grouping sets ((bot_id, day, hour), (bot_id, day))
    ), gone as (
        delete from chatbot_analytics a
        where a.organization_id = %(organization_id)s and a.date between %(first)s and %(last)s
          and not exists (
            select 1 from sums s
            where s.bot_id = a.bot_id and s.day = a.date and s.hour is not distinct from a.hour
          )
    )
    insert into chatbot_analytics as a (
        organization_id, bot_id, date, hour, total_interactions, successful_interactions,
        escalated_interactions, avg_response_time_ms, avg_confidence_score, avg_rating, created_at, updated_at
    )
    select %(organization_id)s, bot_id, day, hour, total, successful, escalated, time, score, rating,
           now(), now()
    from sums
    on conflict (bot_id, date, hour) do update set
        total_interactions = excluded.total_interactions,
        successful_interactions = excluded.successful_interactions,
        escalated_interactions = excluded.escalated_interactions,
        avg_response_time_ms = excluded.avg_response_time_ms,
        avg_confidence_score = excluded.avg_confidence_score,
        avg_rating = excluded.avg_rating,
        updated_at = excluded.updated_at
    where (a.total_interactions, a.successful_interactions, a.escalated_interactions,
           a.avg_response_time_ms, a.avg_confidence_score, a.avg_rating)
        is distinct from (excluded.total_interactions, excluded.successful_interactions,
           excluded.escalated_interactions, excluded.avg_response_time_ms, excluded.avg_confidence_score,
           excluded.avg_rating)
"""

# The first turn of each bot is one look into the index
_FIRST = """
    select least(
        (select min((select min(i.created_at) from chatbot_interactions i
                     where i.organization_id = b.organization_id and i.bot_id = b.id))
         from chatbots b where b.organization_id = %(organization_id)s) at time zone %(timezone)s,
        (select min(date) from chatbot_analytics where organization_id = %(organization_id)s)
    )::date as day
"""


def with_bots() -> list[int]:
    """The organizations that have bots; expects to look at all of them."""
    return list(db.session.scalars(select(Chatbot.organization_id).distinct()))


def today() -> date:
    return datetime.now(ZoneInfo(_timezone())).date()


def first_day() -> date | None:
    """The earliest day with anything to count, or with sums; None for none."""
    return run(_FIRST, timezone=_timezone())[0].day


def aggregate_recent() -> None:
    """What hours of the last days have become."""
    last = today()
    for _piece in aggregate(last - RECENT, last):
        pass


def aggregate_all() -> None:
    """Everything: late ratings, rows of long ago, and a zone that was changed."""
    first = first_day()
    for _piece in aggregate(first, today()) if first else ():
        pass


def aggregate(first: date, last: date) -> Iterator[int]:
    """Count these days anew, a piece at a time, each committed; yields how many days were done."""
    timezone = _timezone()
    while first <= last:
        until = min(first + PIECE - timedelta(days=1), last)
        run(_LOCK)
        run(_AGGREGATE, first=first, last=until, **periods.bounds(first, until, timezone))
        db.session.commit()
        yield (until - first).days + 1
        first = until + timedelta(days=1)


def _timezone() -> str:
    return organizations.get(current_organization_id()).timezone
