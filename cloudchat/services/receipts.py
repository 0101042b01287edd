"""What providers report about our messages. A status never goes backwards."""

import re
from collections.abc import Iterable

from sqlalchemy import Row

from cloudchat.channels.base import StatusUpdate, Watermark
from cloudchat.events import Audience, MessageStatusChanged, publish
from cloudchat.models.messages import STATUS_RANK
from cloudchat.services.broadcasts import wishes
from cloudchat.services.statements import run
from cloudchat.tenancy import current_organization_id

_RANKS = " ".join(f"when '{name}' then {rank}" for name, rank in STATUS_RANK.items())
# The end of every statement that has changed messages: what `tell` needs of them.
TOLD = """
    select h.id, h.conversation_id, h.status, h.error,
           c.assignee_id, c.division_id, c.external_user_id
    from changed h
    join conversations c
      on c.organization_id = %(organization_id)s and c.id = h.conversation_id
"""
RESENT = "coalesce((m.payload->>'resent')::int, 0)"  # how often a person had it sent again

# By the provider's id, or by our reference where the status overtook the answer to our own call.
# Messages are locked in the order of their ids and before outbox rows, as everywhere.
_APPLY = f"""
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            device_id int, external_id text, message_id bigint, resent int, status text, error jsonb
        )
    ), found as (
        select m.id, g.* from given g
        join messages m on m.device_id = g.device_id and m.external_id = g.external_id
        union all
        select m.id, g.* from given g
        join messages m on m.id = g.message_id and m.device_id = g.device_id
        where m.external_id is null
    ), locked as materialized (
        select m.id, m.external_id, m.status, {RESENT} as resent
        from messages m
        where m.organization_id = %(organization_id)s and m.direction = 'out'
          and m.id in (select id from found)
        order by m.id
        for no key update
    ), best as (
        select distinct on (l.id) l.id, f.status, f.error, f.external_id
        from locked l join found f on f.id = l.id
        where case f.status {_RANKS} end > case l.status {_RANKS} end
          and (l.external_id = f.external_id or (l.external_id is null and l.resent = f.resent))
        order by l.id, case f.status {_RANKS} end desc
    ), changed as (
        update messages m set
            status = b.status, status_at = now(), error = b.error,
            external_id = coalesce(m.external_id, b.external_id)
        from best b where m.id = b.id
        returning m.id, m.conversation_id, m.status, m.error
    ), settled as (
        delete from outbox o using changed h
        where o.organization_id = %(organization_id)s and o.message_id = h.id
    )
    {TOLD}
"""


def apply(updates: Iterable[tuple[int, StatusUpdate]]) -> None:
    """Bring messages up to date; unknown ones are passed over. Part of the caller's transaction.

    A provider that reports a message has it, so it also leaves the outbox: it must not be sent again.
    """
    rows = []
    for device_id, update in updates:
        message_id, resent = read_reference(update.reference)
        rows.append(
            {
                "device_id": device_id,
                "external_id": update.external_id,
                "message_id": message_id,
                "resent": resent,
                "status": update.status,
                "error": update.error or None,
            }
        )
    if rows:
        tell(run(_APPLY, rows))


# Only what the provider has taken already: what still waits here was not what the customer saw.
_APPLY_WATERMARKS = f"""
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            device_id int, external_user_id text, status text, up_to timestamptz
        )
    ), seen as materialized (
        select m.id, g.status
        from given g
        join conversations c on c.organization_id = %(organization_id)s
          and c.device_id = g.device_id and c.external_user_id = g.external_user_id
        join messages m on m.organization_id = c.organization_id and m.conversation_id = c.id
        where m.direction = 'out' and m.status in ('sent', 'delivered')
          and m.created_at <= g.up_to
          and case g.status {_RANKS} end > case m.status {_RANKS} end
        order by m.id
        for no key update of m
    ), changed as (
        update messages m set status = s.status, status_at = now()
        from (select id, max(status) as status from seen group by id) s  -- 'read' sorts last
        where m.id = s.id
        returning m.id, m.conversation_id, m.status, m.error
    )
    {TOLD}
"""


def apply_watermarks(marks: Iterable[tuple[int, Watermark]]) -> None:
    """Bring all up to date that a customer was sent up to a moment. Part of the caller's transaction."""
    rows = [
        {
            "device_id": device_id,
            "external_user_id": mark.external_user_id,
            "status": mark.status,
            "up_to": mark.up_to,
        }
        for device_id, mark in marks
    ]
    if rows:
        tell(run(_APPLY_WATERMARKS, rows))


_AUDIENCES = """
    select h.id, h.conversation_id, h.status, h.error,
           c.assignee_id, c.division_id, c.external_user_id
    from jsonb_to_recordset(%(rows)s::jsonb)
        as h(id bigint, conversation_id int, status text, error jsonb)
    join conversations c
      on c.organization_id = %(organization_id)s and c.id = h.conversation_id
"""


def announce(changed: Iterable[Row]) -> None:
    """Tell of new statuses where only the messages are at hand: id, conversation_id, status, error."""
    if rows := [dict(row._mapping) for row in changed]:
        tell(run(_AUDIENCES, rows))


def tell(changed: Iterable[Row]) -> None:
    """Tell the desk and the customer's page of new statuses: rows as `TOLD` has them. A refusal that says
    what the customer wishes is kept as that."""
    organization_id = current_organization_id()
    changed = list(changed)
    wishes.refused(row.conversation_id for row in changed if (row.error or {}).get("code") == wishes.STOPPED)
    for row in changed:
        audience = Audience(
            organization_id,
            row.conversation_id,
            row.assignee_id,
            row.division_id,
            row.external_user_id,
        )
        publish(MessageStatusChanged(audience, row.id, row.status, row.error))


# --- our reference -----------------------------------------------------------------------------

# A number may be used by another program too, which has references of its own.
_REFERENCE = re.compile(r"cloudchat:([0-9]{1,18}):([0-9]{1,9})")


def reference(message_id: int, resent: int) -> str:
    """What a provider carries along for us and puts into its statuses: which message, which sending."""
    return f"cloudchat:{message_id}:{resent}"


def read_reference(text: str | None) -> tuple[int | None, int]:
    """(message id, how often resent) of a reference that is ours; (None, 0) for any other."""
    found = _REFERENCE.fullmatch(text or "")
    return (int(found[1]), int(found[2])) if found else (None, 0)
