"""A helping of a broadcast goes into the outbox, and conversations that people work at hear of it."""

from cloudchat.events import Audience, MessageAdded, publish
from cloudchat.extensions import now
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run
from cloudchat.tenancy import current_organization_id

# One statement for the message, its outbox row, the recipient's mark and the conversation.
_ADD = """
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            place int, recipient_id bigint, device_id int, contact_id int, conversation_id int,
            type text, text text, payload jsonb, preview text, due timestamptz
        )
    ), added as (
        insert into messages (
            organization_id, conversation_id, device_id, direction, sender_type, type, text,
            payload, status, occurred_at, created_at, status_at
        )
        select %(organization_id)s, conversation_id, device_id, 'out', 'system', type, text,
               payload, 'queued', now(), now(), now()
        from given order by place
        returning id, conversation_id, (payload->>'recipient_id')::bigint as recipient_id
    ), queued as (
        insert into outbox (
            organization_id, device_id, conversation_id, message_id, state, attempts,
            next_attempt_at, created_at
        )
        select %(organization_id)s, g.device_id, g.conversation_id, a.id, 'pending', 0, g.due,
               %(moment)s
        from given g join added a using (recipient_id) order by a.id
    ), marked as (
        update broadcast_recipients r set
            message_id = a.id, conversation_id = a.conversation_id, contact_id = g.contact_id,
            tried = r.tried + 1, status_at = now(), error = null
        from given g join added a using (recipient_id)
        where r.organization_id = %(organization_id)s and r.id = g.recipient_id
    ), lasts as (
        select distinct on (a.conversation_id) a.conversation_id, a.id, g.preview
        from added a join given g using (recipient_id)
        order by a.conversation_id, a.id desc
    ), changed as (
        update conversations c set
            last_message_id = l.id, last_message_at = now(), last_message_text = l.preview,
            last_message_direction = 'out', updated_at = now()
        from lasts l where c.organization_id = %(organization_id)s and c.id = l.conversation_id
        returning c.id, c.unread_count, c.status, c.assignee_id, c.division_id, c.external_user_id
    )
    select a.id, a.recipient_id, c.id as conversation_id, c.unread_count, c.status,
           c.assignee_id, c.division_id, c.external_user_id
    from added a join changed c on c.id = a.conversation_id
"""


def add(rows: list[dict]) -> None:
    """Add a message for each row, and tell of it. Part of the caller's transaction."""
    _announce(run(_ADD, rows, moment=now()), rows)


def _announce(added: list, rows: list[dict]) -> None:
    """Conversations that people work at hear of it; the pending ones would only flood the inbox."""
    said = {row["recipient_id"]: row for row in rows}
    for item in added:
        if item.status == "pending":
            continue
        one = said[item.recipient_id]
        outward = {
            "id": item.id,
            "direction": "out",
            "sender_type": "system",
            "sender_id": None,
            "type": one["type"],
            "text": one["text"],
            "status": "queued",
            "error": None,
            "created_at": iso(now()),
            "payload": one["payload"],
            "conversation_id": item.conversation_id,
        }
        audience = Audience(
            current_organization_id(),
            item.conversation_id,
            item.assignee_id,
            item.division_id,
            item.external_user_id,
        )
        publish(MessageAdded(audience, outward, item.unread_count, inbound=False))
