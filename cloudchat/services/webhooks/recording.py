"""From what happened to rows that have to be sent, in the transaction of what happened.

Whether an organization has a webhook at all is remembered for a few seconds, so that one without pays
nothing for a message. A new webhook therefore hears of what other processes do some seconds later.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from cloudchat import events
from cloudchat.extensions import db, now
from cloudchat.services.statements import run
from cloudchat.tenancy import current_scope

REMEMBERED = 5.0  # seconds
_known: dict[int, tuple[float, frozenset[str]]] = {}


@dataclass
class Told:
    """One event as it goes out. What it is about, by id, is put in when it is kept."""

    event: str
    data: dict[str, Any]
    conversation_id: int | None = None
    contact_id: int | None = None
    broadcast_id: int | None = None
    template_id: int | None = None
    event_id: str = field(default_factory=lambda: f"evt_{token_hex(12)}")


def record(published: list[events.Event]) -> None:
    """Keep a delivery for each webhook that wants one of these events. Part of the transaction."""
    scope = current_scope()
    if scope is None or scope.organization_id is None:
        return
    wanted = _wanted(scope.organization_id)
    if not wanted:
        return
    told = [item for happened in published for item in _told(happened) if item.event in wanted]
    if told:
        db.session.flush()
        keep(_with_facts(told))


def _wanted(organization_id: int) -> frozenset[str]:
    kept = _known.get(organization_id)
    if kept is None or kept[0] < time.monotonic():
        rows = run("select events from webhooks where organization_id = %(organization_id)s and is_active")
        if len(_known) > 10_000:
            _known.clear()
        found = frozenset(name for row in rows for name in row.events)
        kept = _known[organization_id] = time.monotonic() + REMEMBERED, found
    return kept[1]


def forget(organization_id: int) -> None:
    """The organization's webhooks are other ones now; this process looks again."""
    _known.pop(organization_id, None)


# --- what happened -----------------------------------------------------------------------------


def _told(happened: events.Event) -> Iterator[Told]:
    match happened:
        case events.MessageAdded():
            yield _about(happened, "message.created", message=happened.message)
        case events.MessageStatusChanged():
            facts = {"id": happened.message_id, "status": happened.status, "error": happened.error}
            yield _about(happened, "message.status", message=facts)
        case events.ConversationChanged(changes=changes) if set(changes) - {"unread_count"}:
            yield _about(happened, "conversation.updated", changes=changes)
            if changes.get("status") == "resolved":
                yield _about(happened, "conversation.resolved")
        case events.ConversationRated():
            facts = {"agent_id": happened.agent_id, "division_id": happened.division_id}
            yield _about(happened, "conversation.rated", rating=happened.rating, **facts)
        case events.QueueAssigned():
            facts = {"agent_id": happened.agent_id, "division_id": happened.division_id}
            yield _about(happened, "queue.assigned", entry_id=happened.entry_id, **facts)
        case events.CardMoved() if happened.from_stage_id != happened.to_stage_id:
            names = ("pipeline_id", "from_pipeline_id", "from_stage_id", "to_stage_id", "actor")
            facts = {name: getattr(happened, name) for name in names}
            yield _about(happened, "pipeline.stage_changed", **facts)
        case events.BroadcastFinished():
            yield Told("broadcast.finished", {}, broadcast_id=happened.broadcast_id)
        case events.MetaTemplateChanged():
            yield Told("template.updated", {}, template_id=happened.template_id)
        case events.ContactChanged():
            yield Told("contact.updated", {}, contact_id=happened.contact_id)
        case events.ContactsAdded():
            yield from (Told("contact.created", {}, contact_id=number) for number in happened.contact_ids)
        case events.ContactsRefreshed():
            yield from (Told("contact.updated", {}, contact_id=number) for number in happened.contact_ids)


def _about(happened: Any, name: str, **data: Any) -> Told:
    return Told(name, data, conversation_id=happened.audience.conversation_id)


_CONVERSATIONS = """
    select c.id, c.contact_id, jsonb_build_object(
        'id', c.id, 'status', c.status, 'division_id', c.division_id, 'version', c.version,
        'pipeline_id', c.pipeline_id, 'pipeline_stage_id', c.pipeline_stage_id,
        'assignee', case when u.id is not null then jsonb_build_object('id', u.id, 'name', u.name) end,
        'device', jsonb_build_object('id', d.id, 'type', d.type, 'name', d.name),
        'contact', jsonb_build_object('id', p.id, 'name', p.name, 'phone', p.phone, 'email', p.email)
    ) as facts
    from conversations c
    join contacts p on p.organization_id = c.organization_id and p.id = c.contact_id
    join devices d on d.organization_id = c.organization_id and d.id = c.device_id
    left join users u on u.organization_id = c.organization_id and u.id = c.assignee_id
    where c.organization_id = %(organization_id)s
      and c.id in (select value::int from jsonb_array_elements_text(%(rows)s::jsonb))
"""
_CONTACTS = """
    select p.id, jsonb_build_object(
        'id', p.id, 'name', p.name, 'phone', p.phone, 'email', p.email, 'custom_fields', p.custom_fields,
        'labels', coalesce(
            (
                select jsonb_agg(l.name order by l.name) from contact_labels k
                join labels l on l.organization_id = k.organization_id and l.id = k.label_id
                where k.organization_id = p.organization_id and k.contact_id = p.id
            ), '[]'
        )
    ) as facts
    from contacts p
    where p.organization_id = %(organization_id)s
      and p.id in (select value::int from jsonb_array_elements_text(%(rows)s::jsonb))
"""


_BROADCASTS = """
    select b.id, jsonb_build_object(
        'id', b.id, 'name', b.name, 'status', b.status, 'device_id', b.device_id,
        'started_at', b.started_at, 'finished_at', b.finished_at, 'counts', coalesce(
            (
                select jsonb_object_agg(n.status, n.number) from (
                    select r.status, count(*) as number from broadcast_recipients r
                    where r.organization_id = b.organization_id and r.broadcast_id = b.id group by 1
                ) n
            ), '{}'
        )
    ) as facts
    from broadcasts b
    where b.organization_id = %(organization_id)s
      and b.id in (select value::int from jsonb_array_elements_text(%(rows)s::jsonb))
"""
_TEMPLATES = """
    select t.id, jsonb_build_object(
        'id', t.id, 'waba_id', t.waba_id, 'name', t.name, 'language', t.language, 'status', t.status,
        'category', t.category, 'quality', t.quality, 'rejected_reason', t.rejected_reason
    ) as facts
    from meta_templates t
    where t.organization_id = %(organization_id)s
      and t.id in (select value::int from jsonb_array_elements_text(%(rows)s::jsonb))
"""


def _facts(statement: str, told: list[Told], name: str) -> dict[int, Any]:
    """What these events are about, by the id of that name; one statement for all of them."""
    ids = sorted({number for item in told if (number := getattr(item, name)) is not None})
    return {row.id: row for row in run(statement, ids)} if ids else {}


def _with_facts(told: list[Told]) -> list[Told]:
    """Each event with what it is about as that is now. What is about a row that this transaction deletes
    is not told."""
    conversations = _facts(_CONVERSATIONS, told, "conversation_id")
    contacts = _facts(_CONTACTS, told, "contact_id")
    broadcasts = _facts(_BROADCASTS, told, "broadcast_id")
    templates = _facts(_TEMPLATES, told, "template_id")
    kept = []
    for item in told:
        if item.conversation_id in conversations:
            row = conversations[item.conversation_id]
            item.data["conversation"], item.contact_id = row.facts, row.contact_id
            kept.append(item)
        elif item.contact_id in contacts:
            item.data["contact"] = contacts[item.contact_id].facts
            kept.append(item)
        elif item.broadcast_id in broadcasts:
            item.data["broadcast"] = broadcasts[item.broadcast_id].facts
            kept.append(item)
        elif item.template_id in templates:
            item.data["template"] = templates[item.template_id].facts
            kept.append(item)
    return kept


# --- rows --------------------------------------------------------------------------------------

_KEEP = """
    insert into webhook_deliveries (
        organization_id, webhook_id, event_id, event, data, contact_id,
        state, attempts, next_attempt_at, created_at
    )
    select w.organization_id, w.id, e.event_id, e.event, e.data, e.contact_id,
           'pending', 0, %(moment)s, %(moment)s
    from webhooks w
    join jsonb_to_recordset(%(rows)s::jsonb)
        as e(place int, event_id text, event text, data jsonb, contact_id int) on w.events ? e.event
    where w.organization_id = %(organization_id)s and w.is_active
    order by w.id, e.place
    returning organization_id
"""


def keep(told: list[Told]) -> None:
    """A delivery of each event for each webhook that asks for it; part of the caller's transaction."""
    rows = [
        {
            "place": place,
            "event_id": item.event_id,
            "event": item.event,
            "data": item.data,
            "contact_id": item.contact_id,
        }
        for place, item in enumerate(told)
    ]
    if kept := run(_KEEP, rows, moment=now()):
        events.publish_once(events.WebhooksDue(kept[0].organization_id))
