"""What customers write: from parsed events to contacts, conversations and messages.

Everything here works on a batch, because providers send batches and because one transaction for
many messages is what keeps the rate up. The statements are plain SQL for the same reason.
"""

from dataclasses import replace

from cloudchat.services import arrivals, presenting, rating_answers, receipts
from cloudchat.services.addressing import Place, Sender, places_of
from cloudchat.services.arrivals import Incoming, payload_of
from cloudchat.services.pipelines import entering
from cloudchat.services.presenting import preview
from cloudchat.services.statements import run


def accept(batch: list[Incoming]) -> list[dict]:
    """Store messages, in order, each once; answers the outward form of those that were new.

    Part of the caller's transaction, inside one organization.
    """
    batch = list({item.mark: item for item in reversed(batch)}.values())[::-1]  # the first wins
    batch, rated = rating_answers.take(batch)
    if not batch:
        return rated
    places = places_of(_senders(batch))
    answering = {places[item.key].conversation_id for item in batch if not item.message.echo}
    begun = {place.conversation_id for place in places.values() if place.status == "pending"}
    answered = entering.first_answers(answering & begun)
    kept = _keep(batch, places)
    fresh = [(item, kept[item.mark]) for item in batch if item.mark in kept]
    told = arrivals.announce(fresh, places)
    made = {place.conversation_id: place.taken_by for place in places.values() if place.taken_by}
    entering.enter(made | answered)
    return rated + told


# The newest edit wins, in whatever order they come; the first wording is kept beside it.
_AMEND = """
    with given as (
        select distinct on (device_id, external_id) *
        from jsonb_to_recordset(%(rows)s::jsonb) as g(
            device_id int, external_id text, text text, occurred_at timestamptz
        ) order by device_id, external_id, occurred_at desc
    ), changed as (
        update messages m set
            text = g.text,
            payload = jsonb_build_object('original_text', m.text) || coalesce(m.payload, '{}')
                || jsonb_build_object('edited_at', g.occurred_at)
        from given g
        where m.organization_id = %(organization_id)s and m.device_id = g.device_id
          and m.external_id = g.external_id and m.direction = 'in'
          and coalesce((m.payload->>'edited_at')::timestamptz < g.occurred_at, true)
          and m.text is distinct from g.text and not coalesce(m.payload, '{}') ? 'deleted_at'
        returning m.id, m.conversation_id, m.status, m.error
    )
    select * from changed
"""


def amend(edits: list[Incoming]) -> None:
    """Bring messages up to what their writers made of them. An edit that comes before its message
    stands for it. Part of the caller's transaction, inside one organization."""
    if not edits:
        return
    accept([_as_edited(item) for item in sorted(edits, key=lambda item: item.message.occurred_at)])
    rows = [
        {
            "device_id": item.device_id,
            "external_id": item.message.external_id,
            "text": item.message.text or "",
            "occurred_at": item.message.occurred_at,
        }
        for item in edits
    ]
    receipts.announce(run(_AMEND, rows))


def _as_edited(item: Incoming) -> Incoming:
    at = presenting.iso(item.message.occurred_at)
    return replace(item, message=replace(item.message, extra={**item.message.extra, "edited_at": at}))


def _senders(batch: list[Incoming]) -> list[Sender]:
    """Who wrote, once each; the name from whichever message tells one."""
    senders: dict[tuple[int, str], Sender] = {}
    for item in batch:
        known = senders.get(item.key)
        if known is None or known.name is None:
            message = item.message
            phone = message.phone or (known.phone if known else None)
            senders[item.key] = Sender(*item.key, message.user_name, phone)
    return list(senders.values())


# One statement, so that a conversation's counts can never differ from its messages. What the
# business wrote itself (an echo) answers all before it; `read_to` is the last of those.
_KEEP = """
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            place int, conversation_id int, device_id int, echo bool, type text, text text,
            payload jsonb, external_id text, external_user_id text, occurred_at timestamptz,
            preview text
        )
    ), added as (
        insert into messages (
            organization_id, conversation_id, device_id, direction, sender_type, type, text,
            payload, status, external_id, occurred_at, created_at, status_at
        )
        select %(organization_id)s, conversation_id, device_id,
               case when echo then 'out' else 'in' end,
               case when echo then 'agent' else 'contact' end, type, text,
               payload, case when echo then 'sent' else 'received' end,
               external_id, occurred_at, now(), now()
        from given order by place
        on conflict (device_id, external_id) where external_id is not null do nothing
        returning id, device_id, external_id, conversation_id, direction, occurred_at
    ), echoes as (
        select conversation_id, max(id) as read_to
        from added where direction = 'out' group by conversation_id
    ), sums as (
        select a.conversation_id, e.read_to, max(a.id) as last_id,
               max(a.id) filter (where a.direction = 'in') as last_in_id,
               max(a.occurred_at) filter (where a.direction = 'in') as inbound_at,
               count(*) filter (where a.direction = 'in' and a.id > coalesce(e.read_to, 0)) as unread
        from added a left join echoes e using (conversation_id)
        group by a.conversation_id, e.read_to
    ), lasts as (
        select s.*, l.direction, g.preview, w.external_user_id as writer
        from sums s
        join added l on l.id = s.last_id
        join given g on g.device_id = l.device_id and g.external_id = l.external_id
        left join added i on i.id = s.last_in_id
        left join given w on w.device_id = i.device_id and w.external_id = i.external_id
    ), changed as (
        update conversations c set
            last_message_id = v.last_id,
            last_message_at = clock_timestamp(),
            last_message_text = v.preview,
            last_message_direction = v.direction,
            last_inbound_at = greatest(c.last_inbound_at, v.inbound_at),
            external_user_id = coalesce(v.writer, c.external_user_id),
            waiting_since = case
                when v.last_in_id > coalesce(v.read_to, 0) then
                    case when v.read_to is null then coalesce(c.waiting_since, now()) else now() end
                when v.read_to is null then c.waiting_since
            end,
            unread_count = case when v.read_to is null then c.unread_count else 0 end + v.unread,
            last_read_message_id = coalesce(v.read_to, c.last_read_message_id),
            needs_human = c.needs_human and v.read_to is null,
            status = case when v.last_in_id is null then c.status else 'open' end,
            snoozed_until = case when v.last_in_id is null then c.snoozed_until end,
            version = c.version
                + case when v.last_in_id is not null and c.status <> 'open' then 1 else 0 end,
            updated_at = now()
        from lasts v
        where c.organization_id = %(organization_id)s and c.id = v.conversation_id
        returning c.id, c.unread_count, c.version, c.assignee_id, c.division_id, c.external_user_id
    )
    select a.id as message_id, a.device_id, a.external_id, c.id as conversation_id,
           c.unread_count, c.version, c.assignee_id, c.division_id, c.external_user_id,
           exists (
               select 1 from queue_settings q where q.organization_id = %(organization_id)s
           ) as has_queue,
           exists (
               select 1 from chatbot_devices d
               where d.organization_id = %(organization_id)s and d.device_id = a.device_id
           ) as has_bot,
           exists (
               select 1 from broadcast_recipients r
               where r.organization_id = %(organization_id)s and r.conversation_id = c.id
                 and r.replied_at is null
           ) as after_broadcast,
           (
               select s.opt_out_words -> 'items' from broadcast_settings s
               where s.organization_id = %(organization_id)s
           ) as stop_words
    from added a join changed c on c.id = a.conversation_id
"""


def _keep(batch: list[Incoming], places: dict[tuple[int, str], Place]) -> dict:
    """Add the messages and bring their conversations up to date: a row by mark for each new one."""
    rows = [
        {
            "place": number,
            "conversation_id": places[item.key].conversation_id,
            "device_id": item.device_id,
            "echo": item.message.echo,
            "type": item.message.kind,
            "text": item.message.text or "",
            "payload": payload_of(item.message),
            "external_id": item.message.external_id,
            "external_user_id": item.message.external_user_id,
            "occurred_at": item.message.occurred_at,
            "preview": preview(item.message.text, item.message.kind),
        }
        for number, item in enumerate(batch)
    ]
    return {(row.device_id, row.external_id): row for row in run(_KEEP, rows)}
