"""The rows behind each figure of agents and divisions: as many as the figure says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudchat.services.desk_report import facts
from cloudchat.services.desk_report.figures import NOBODY, Asked
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run


@dataclass(frozen=True)
class Choice:
    """A figure, of whom: an id, "none" for what is nobody's, or None for everybody; `at`: the first
    moment of a bucket of the trend."""

    figure: str
    agent_id: int | str | None = None
    division_id: int | str | None = None
    at: datetime | None = None
    bucket: str = "day"


_COUNT = """
    select count(*) as rows, count(distinct f.conversation_id) as conversations
    from ({facts}) f where {own}
"""

_ROWS = """
    with chosen as (
        select * from ({facts}) f
        where {own} and (%(after_at)s::timestamptz is null
            or (f.at, f.id) < (%(after_at)s::timestamptz, %(after_id)s::bigint))
        order by f.at desc, f.id desc limit %(limit)s
    )
    select f.at, f.id, f.conversation_id, f.agent_id, f.division_id, f.value, 1 as count,
           k.name as contact, u.name as agent, d.name as division
    {named}
"""

_TALKS = """
    with chosen as (
        select max(f.at) as at, f.conversation_id as id, f.conversation_id, max(f.agent_id) as agent_id,
               max(f.division_id) as division_id, count(*) as count, null::float as value
        from ({facts}) f where {own} group by f.conversation_id
        having %(after_at)s::timestamptz is null
            or (max(f.at), f.conversation_id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
        order by max(f.at) desc, f.conversation_id desc limit %(limit)s
    )
    select f.*, k.name as contact, u.name as agent, d.name as division
    {named}
"""

_NAMED = """
    from chosen f
    join conversations c on c.organization_id = %(organization_id)s and c.id = f.conversation_id
    left join contacts k on k.organization_id = c.organization_id and k.id = c.contact_id
    left join users u on u.organization_id = c.organization_id and u.id = f.agent_id
    left join divisions d on d.organization_id = c.organization_id and d.id = f.division_id
    order by f.at desc, f.id desc
"""


def narrowed(wanted: Asked, choice: Choice) -> tuple[str, dict[str, Any]]:
    """The criteria that a choice adds to the facts, and the statement's values."""
    values = wanted.values()
    values["since"] = values["start"]
    criteria, values["bucket"], values["at"] = [], choice.bucket, choice.at
    for name in ("agent_id", "division_id"):
        value = getattr(choice, name)
        if value == NOBODY:
            criteria.append(f"f.{name} is null")
        elif value is not None:
            criteria.append(f"f.{name} = %({name})s")
            values[name] = value
    if choice.at is not None:
        criteria.append("date_trunc(%(bucket)s, f.at, %(timezone)s) = %(at)s")
    if wanted.only is not None:
        criteria.append("f.agent_id = %(only)s")
    return " and ".join(criteria) or "true", values


def counted(wanted: Asked, choice: Choice) -> tuple[int, int]:
    """How many facts, in how many conversations."""
    source, counts = facts.SOURCES[choice.figure]
    own, values = narrowed(wanted, choice)
    row = run(_COUNT.format(facts=source, own=f"{counts} and {own}"), **values)[0]
    return row.rows, row.conversations


def page(
    wanted: Asked, choice: Choice, after: tuple[datetime, int] | None, limit: int, by_talk: bool = False
) -> list[dict[str, Any]]:
    """The facts, newest first, behind the one of this moment and id; or their conversations."""
    source, counts = facts.SOURCES[choice.figure]
    own, values = narrowed(wanted, choice)
    values |= dict(zip(("after_at", "after_id"), after or (None, None), strict=True))
    statement = (_TALKS if by_talk else _ROWS).format(facts=source, own=f"{counts} and {own}", named=_NAMED)
    return [_row(row) for row in run(statement, limit=limit, **values)]


def _row(row) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": iso(row.at),
        "conversation_id": row.conversation_id,
        "contact": row.contact,
        "agent": {"id": row.agent_id, "name": row.agent} if row.agent_id else None,
        "division": {"id": row.division_id, "name": row.division} if row.division_id else None,
        "value": row.value,
        "count": row.count,
        "place": [row.at.isoformat(), row.id],
    }
