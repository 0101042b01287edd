"""Echoes of our own sending: some providers report everything that goes out, ours too.

An echo may overtake the answer to our own call, or prove that a message of unknown outcome went out.
It is then that message, and not a new one that somebody typed on the phone.
"""

from cloudchat.services.inbound import Incoming
from cloudchat.services.receipts import tell
from cloudchat.services.statements import run

# The same words to the same customer, by a message of ours that is on its way or may have arrived.
_OWN = """
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            place int, device_id int, external_id text, external_user_id text, type text, text text
        )
    ), found as (
        select distinct on (g.place) g.place, g.external_id, m.id
        from given g
        join conversations c on c.organization_id = %(organization_id)s
          and c.device_id = g.device_id and c.external_user_id = g.external_user_id
        join messages m on m.organization_id = c.organization_id and m.conversation_id = c.id
        where m.direction = 'out' and m.external_id is null and m.text = g.text
          and (m.type = g.type or (g.type = 'text' and m.type in ('buttons', 'list', 'location')))
          and m.created_at > now() - interval '1 day'
          and (m.status = 'unknown' or exists (
              select 1 from outbox o
              where o.organization_id = %(organization_id)s and o.message_id = m.id
                and o.state = 'sending'
          ))
        order by g.place, m.id
    ), picked as (
        select distinct on (id) place, external_id, id from found order by id, place
    ), chosen as materialized (
        select p.place, p.external_id, m.id
        from picked p join messages m on m.id = p.id
        where m.external_id is null
        order by m.id
        for no key update of m
    ), changed as (
        update messages m set
            external_id = h.external_id, status = 'sent', status_at = now(), error = null
        from chosen h
        where m.id = h.id and not exists (
            select 1 from messages k where k.device_id = m.device_id and k.external_id = h.external_id
        )
        returning m.id, m.conversation_id, m.status, m.error
    ), settled as (
        delete from outbox o using changed h
        where o.organization_id = %(organization_id)s and o.message_id = h.id
    )
    select h.id, h.conversation_id, h.status, h.error, n.place,
           c.assignee_id, c.division_id, c.external_user_id
    from changed h
    join chosen n on n.id = h.id
    join conversations c
      on c.organization_id = %(organization_id)s and c.id = h.conversation_id
"""


def without_own(batch: list[Incoming]) -> list[Incoming]:
    """The batch less the echoes that are messages of ours; those are settled as sent. Part of the
    caller's transaction, inside one organization."""
    rows = [
        {
            "place": place,
            "device_id": item.device_id,
            "external_id": item.message.external_id,
            "external_user_id": item.message.external_user_id,
            "type": item.message.kind,
            "text": item.message.text or "",
        }
        for place, item in enumerate(batch)
        if item.message.echo
    ]
    if not rows:
        return batch
    settled = list(run(_OWN, rows))
    tell(settled)
    own = {row.place for row in settled}
    return [item for place, item in enumerate(batch) if place not in own]
