"""The work of agents and divisions over time: by hour, day or week (from Monday) of the organization."""

from typing import Any

from cloudchat.errors import Invalid
from cloudchat.services.desk_report import facts
from cloudchat.services.desk_report.figures import MEDIAN, Asked, rounded
from cloudchat.services.desk_report.rows import Choice, narrowed
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run

MOST_DAYS_BY_HOUR = 93

_TRENDS = """
    with {parts}, empty as (
        select distinct date_trunc(%(bucket)s, moment, %(timezone)s) as at
        from generate_series(date_trunc(%(bucket)s, %(start)s::timestamptz, %(timezone)s),
                             %(finish)s::timestamptz - interval '1 microsecond',
                             ('1 ' || %(bucket)s::text)::interval, %(timezone)s) as moment
    )
    select at, coalesce(messages, 0) as messages, coalesce(first_responses, 0) as first_responses,
           coalesce(resolved, 0) as resolved, first_response_median_seconds
    from empty left join counted_messages using (at) left join counted_answers using (at)
    left join counted_resolved using (at) order by at
"""

_PART = """
    {name} as (
        select date_trunc(%(bucket)s, f.at, %(timezone)s) as at, {sums}
        from ({facts}) f where {own} group by 1
    )
"""


def trends(wanted: Asked, choice: Choice, bucket: str) -> list[dict[str, Any]]:
    """Messages, first responses and resolved conversations of each bucket, of whom the choice names."""
    if bucket == "hour" and (wanted.end - wanted.start).days >= MOST_DAYS_BY_HOUR:
        raise Invalid("period", fields={"from": ["period_too_long_for_hours"]})
    own, values = narrowed(wanted, choice)
    median = f"count(*) as first_responses, {MEDIAN.format('first_response')}"
    parts = (
        ("counted_messages", facts.MESSAGES, "count(*) as messages"),
        ("counted_answers", facts.FIRST_RESPONSES, median),
        ("counted_resolved", facts.RESOLVED, "count(*) as resolved"),
    )
    written = ", ".join(
        _PART.format(name=name, facts=source, sums=sums, own=own) for name, source, sums in parts
    )
    rows = run(_TRENDS.format(parts=written), **{**values, "bucket": bucket})
    return [
        {
            "at": iso(row.at),
            "messages": row.messages,
            "first_responses": row.first_responses,
            "first_response_median_seconds": rounded(row.first_response_median_seconds),
            "resolved": row.resolved,
        }
        for row in rows
    ]
