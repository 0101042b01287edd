"""Customers who told Meta that they want no offers from this business, or want them again.

Meta says so when it refuses a message (131050), and by a webhook of its own. Both are kept beside the
wishes that customers tell us (opting_out.py): no broadcast goes to their number any more. What they
tell Meta later takes only that back; what they wrote to us stays.
"""

from collections.abc import Iterable

from cloudchat.channels.base import WishUpdate
from cloudchat.events import ContactChanged, publish
from cloudchat.services.statements import run
from cloudchat.tenancy import current_organization_id

STOPPED = "131050"

# By the conversations in which Meta refused; keys in one order, so that two writers wait for each other.
_REFUSED = """
    insert into broadcast_opt_outs (organization_id, key, contact_id, source, created_at)
    select distinct on (key) %(organization_id)s, key, contact_id, 'provider', now() from (
        select coalesce(p.phone, 'contact:' || p.id) as key, p.id as contact_id
        from conversations c
        join contacts p on p.organization_id = c.organization_id and p.id = c.contact_id
        where c.organization_id = %(organization_id)s
          and c.id in (select value::int from jsonb_array_elements_text(%(rows)s::jsonb))
    ) who order by key
    on conflict (organization_id, key) do nothing
    returning contact_id
"""

_STOPPED = """
    insert into broadcast_opt_outs (organization_id, key, contact_id, source, created_at)
    select distinct on (key) %(organization_id)s, key, contact_id, 'provider', at from (
        select coalesce(p.phone, g.phone, 'contact:' || p.id) as key, p.id as contact_id, g.at
        from jsonb_to_recordset(%(rows)s::jsonb)
            as g(device_id int, external_user_id text, phone text, at timestamptz)
        left join contact_identities i on i.organization_id = %(organization_id)s
          and i.device_id = g.device_id and i.external_id = g.external_user_id
        left join contacts p on p.organization_id = %(organization_id)s and p.id = i.contact_id
    ) who where key is not null order by key, at desc
    on conflict (organization_id, key) do update set created_at = excluded.created_at
        where broadcast_opt_outs.source = 'provider' and broadcast_opt_outs.created_at < excluded.created_at
    returning contact_id
"""

_RESUMED = """
    with given as (
        select g.at, g.phone, p.phone as known, p.id as contact_id
        from jsonb_to_recordset(%(rows)s::jsonb)
            as g(device_id int, external_user_id text, phone text, at timestamptz)
        left join contact_identities i on i.organization_id = %(organization_id)s
          and i.device_id = g.device_id and i.external_id = g.external_user_id
        left join contacts p on p.organization_id = %(organization_id)s and p.id = i.contact_id
    )
    delete from broadcast_opt_outs o using given g
    where o.organization_id = %(organization_id)s and o.source = 'provider' and o.created_at <= g.at
      and (o.key in (g.phone, g.known) or o.contact_id = g.contact_id)
    returning o.contact_id
"""


def refused(conversation_ids: Iterable[int]) -> None:
    """Meta refused an offer to these customers for their wish. Part of the caller's transaction."""
    if ids := sorted(set(conversation_ids)):
        _tell(run(_REFUSED, ids))


def apply(updates: Iterable[tuple[int, WishUpdate]]) -> None:
    """What customers told Meta, by device, in the order of its time. Part of the caller's transaction."""
    for device_id, wish in sorted(updates, key=lambda item: item[1].occurred_at):
        row = {
            "device_id": device_id,
            "external_user_id": wish.external_user_id,
            "phone": wish.phone,
            "at": wish.occurred_at,
        }
        _tell(run(_RESUMED if wish.wanted else _STOPPED, [row]))


def _tell(rows: list) -> None:
    for row in rows:
        if row.contact_id:
            publish(ContactChanged(current_organization_id(), row.contact_id))
