"""Messages that customers took back: the words and files go, that there was one stays."""

from cloudchat.channels.base import Deletion
from cloudchat.services import receipts
from cloudchat.services.statements import run

# A file that no row names is swept from the disk.
_WITHDRAW = """
    with given as (
        select distinct on (device_id, external_id) *
        from jsonb_to_recordset(%(rows)s::jsonb) as g(
            device_id int, external_id text, occurred_at timestamptz
        ) order by device_id, external_id, occurred_at
    ), changed as (
        update messages m set text = '', payload = jsonb_build_object('deleted_at', g.occurred_at)
        from given g
        where m.organization_id = %(organization_id)s and m.device_id = g.device_id
          and m.external_id = g.external_id and m.direction = 'in'
          and not coalesce(m.payload, '{}') ? 'deleted_at'
        returning m.id, m.conversation_id, m.status, m.error
    ), files as (
        update attachments a set state = 'failed', error = 'deleted', file_key = null, source = '{}'
        from changed c
        where a.organization_id = %(organization_id)s and a.message_id = c.id
    ), previews as (
        update conversations v set last_message_text = '[deleted]'
        from changed c
        where v.organization_id = %(organization_id)s and v.id = c.conversation_id
          and v.last_message_id = c.id
    )
    select * from changed
"""


def apply(deletions: list[tuple[int, Deletion]]) -> None:
    """Empty the messages of these (device, deletion); part of the caller's transaction."""
    if deletions:
        rows = [
            {"device_id": device_id, "external_id": one.external_id, "occurred_at": one.occurred_at}
            for device_id, one in deletions
        ]
        receipts.announce(run(_WITHDRAW, rows))
