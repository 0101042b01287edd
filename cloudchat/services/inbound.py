"""What customers write: from parsed events to contacts, conversations and messages.

Everything here works on a batch, because providers send batches and because one transaction for
many messages is what keeps the rate up. The statements are plain SQL for the same reason.
"""

import json
from dataclasses import dataclass

from sqlalchemy import text

from cloudchat.channels.base import InboundMessage
from cloudchat.channels.text import cut
from cloudchat.events import (
    AttachmentPending,
    Audience,
    ConversationChanged,
    MessageAdded,
    UnreadChanged,
    publish,
)
from cloudchat.extensions import db, now
from cloudchat.models import Attachment
from cloudchat.services import files, presenting, routing
from cloudchat.tenancy import current_organization_id

PREVIEW_LENGTH = 160


@dataclass
class Incoming:
    """A parsed message and the device that it came to."""

    device_id: int
    message: InboundMessage
    client_id: str | None = None
    upload: files.StoredFile | None = None

    @property
    def key(self) -> tuple[int, str]:
        return self.device_id, self.message.external_user_id


@dataclass
class Place:
    """The locked conversation that a message goes to, with what the batch did to it so far."""

    conversation_id: int
    contact_id: int
    device_id: int
    status: str
    assignee_id: int | None
    division_id: int | None
    is_new: bool = False


def accept(batch: list[Incoming]) -> list[dict]:
    """Store messages, in order, each once; answers the outward form of those that were new.

    Part of the caller's transaction, inside one organization. Rows are locked in the order of their
    ids, so batches that meet wait for each other and never deadlock.
    """
    if not batch:
        return []
    contacts = _contacts(batch)
    places = _places(batch, contacts)
    ids = _insert_messages(batch, places)
    fresh = [(item, ids[index]) for index, item in enumerate(batch) if index in ids]
    after = _update_conversations(fresh, places)
    return _announce(fresh, places, after)


# --- contacts ----------------------------------------------------------------------------------

_FIND_IDENTITIES = text("""
    select i.device_id, i.external_id, i.contact_id
    from unnest(cast(:devices as int[]), cast(:externals as text[])) as k(device_id, external_id)
    join contact_identities i using (device_id, external_id)
    where i.organization_id = :organization_id
""")


def _contacts(batch: list[Incoming]) -> dict[tuple[int, str], int]:
    keys = {item.key: item for item in batch}
    found = _find_identities(list(keys))
    for key in sorted(set(keys) - set(found)):
        found[key] = _create_contact(keys[key])
    return found


def _find_identities(keys: list[tuple[int, str]]) -> dict[tuple[int, str], int]:
    rows = db.session.execute(
        _FIND_IDENTITIES,
        {
            "devices": [device_id for device_id, _ in keys],
            "externals": [external for _, external in keys],
            "organization_id": current_organization_id(),
        },
    )
    return {(row.device_id, row.external_id): row.contact_id for row in rows}


_CREATE_IDENTITY = text("""
    with known as (
        select id from contacts
        where organization_id = :organization_id and phone = :phone
        order by id limit 1
    ), made as (
        insert into contacts (organization_id, name, phone, custom_fields, created_at, updated_at)
        select :organization_id, :name, :phone, '{}', now(), now()
        where not exists (select from known)
        returning id
    )
    insert into contact_identities (organization_id, device_id, contact_id, external_id, created_at)
    select :organization_id, :device_id, id, :external_id, now()
    from (select id from known union all select id from made) as chosen
    returning contact_id
""")


def _create_contact(item: Incoming) -> int:
    """A new contact, or the one with this phone number. One at a time per customer: two first
    messages at once wait for each other here."""
    organization_id = current_organization_id()
    device_id, external_id = item.key
    db.session.execute(
        text("select pg_advisory_xact_lock(:device_id, hashtext(:external_id))"),
        {"device_id": device_id, "external_id": external_id},
    )
    already = _find_identities([item.key])
    if already:
        return already[item.key]
    message = item.message
    return db.session.execute(
        _CREATE_IDENTITY,
        {
            "organization_id": organization_id,
            "name": (message.user_name or message.phone or external_id).strip()[:255] or "?",
            "phone": message.phone,
            "device_id": device_id,
            "external_id": external_id,
        },
    ).scalar_one()


# --- conversations -----------------------------------------------------------------------------

_LOCK_CONVERSATIONS = text("""
    select c.id, c.contact_id, c.device_id, c.status, c.assignee_id, c.division_id
    from conversations c
    where c.organization_id = :organization_id and c.status <> 'resolved'
      and (c.device_id, c.contact_id) in (
          select * from unnest(cast(:devices as int[]), cast(:contacts as int[]))
      )
    order by c.id
    for update
""")

_OPEN_CONVERSATION = text("""
    insert into conversations (
        organization_id, contact_id, device_id, external_user_id, status, needs_human,
        awaiting_division_selection, last_message_at, last_message_text, unread_count,
        last_read_message_id, version, created_at, updated_at
    )
    values (
        :organization_id, :contact_id, :device_id, :external_user_id, 'open', false,
        false, now(), '', 0, 0, 1, now(), now()
    )
    on conflict (device_id, contact_id) where status <> 'resolved' do nothing
    returning id
""")


def _places(
    batch: list[Incoming], contacts: dict[tuple[int, str], int]
) -> dict[tuple[int, str], Place]:
    wanted = {(key[0], contact_id): key[1] for key, contact_id in contacts.items()}
    locked = _lock_conversations(list(wanted))
    for pair in sorted(set(wanted) - set(locked)):
        locked[pair] = _open_conversation(*pair, external_user_id=wanted[pair])
    return {key: locked[key[0], contact_id] for key, contact_id in contacts.items()}


def _lock_conversations(pairs: list[tuple[int, int]]) -> dict[tuple[int, int], Place]:
    rows = db.session.execute(
        _LOCK_CONVERSATIONS,
        {
            "organization_id": current_organization_id(),
            "devices": [device_id for device_id, _ in pairs],
            "contacts": [contact_id for _, contact_id in pairs],
        },
    )
    return {
        (row.device_id, row.contact_id): Place(
            row.id, row.contact_id, row.device_id, row.status, row.assignee_id, row.division_id
        )
        for row in rows
    }


def _open_conversation(device_id: int, contact_id: int, external_user_id: str) -> Place:
    made = db.session.execute(
        _OPEN_CONVERSATION,
        {
            "organization_id": current_organization_id(),
            "contact_id": contact_id,
            "device_id": device_id,
            "external_user_id": external_user_id,
        },
    ).scalar()
    if made is None:  # somebody else opened it between our look and our insert
        return _lock_conversations([(device_id, contact_id)])[device_id, contact_id]
    return Place(made, contact_id, device_id, "open", None, None, is_new=True)


# --- messages ----------------------------------------------------------------------------------

_INSERT_MESSAGES = text("""
    insert into messages (
        organization_id, conversation_id, device_id, direction, sender_type, type, text, payload,
        status, external_id, occurred_at, created_at, status_at
    )
    select :organization_id, conversation_id, device_id, direction, sender_type, type, body, payload,
           status, external_id, occurred_at, now(), now()
    from unnest(
        cast(:conversations as int[]), cast(:devices as int[]), cast(:directions as text[]),
        cast(:senders as text[]), cast(:types as text[]), cast(:texts as text[]),
        cast(:payloads as jsonb[]), cast(:statuses as text[]), cast(:externals as text[]),
        cast(:times as timestamptz[])
    ) with ordinality as m(
        conversation_id, device_id, direction, sender_type, type, body, payload, status,
        external_id, occurred_at, place
    )
    order by place
    on conflict (device_id, external_id) where external_id is not null do nothing
    returning id, device_id, external_id
""")


def _insert_messages(batch: list[Incoming], places: dict[tuple[int, str], Place]) -> dict[int, int]:
    """The ids of the new messages by their index in the batch; a known one has none."""
    messages = [item.message for item in batch]
    rows = db.session.execute(
        _INSERT_MESSAGES,
        {
            "organization_id": current_organization_id(),
            "conversations": [places[item.key].conversation_id for item in batch],
            "devices": [item.device_id for item in batch],
            "directions": ["out" if message.echo else "in" for message in messages],
            "senders": ["agent" if message.echo else "contact" for message in messages],
            "types": [message.kind for message in messages],
            "texts": [message.text or "" for message in messages],
            "payloads": [json.dumps(payload_of(message)) for message in messages],
            "statuses": ["sent" if message.echo else "received" for message in messages],
            "externals": [message.external_id for message in messages],
            "times": [message.occurred_at for message in messages],
        },
    )
    made = {(row.device_id, row.external_id): row.id for row in rows}
    ids: dict[int, int] = {}
    for index, item in enumerate(batch):
        message_id = made.pop((item.device_id, item.message.external_id), None)
        if message_id is not None:
            ids[index] = message_id
    return ids


def payload_of(message: InboundMessage) -> dict:
    """What a message carries beside its text."""
    payload: dict = dict(message.extra)
    if message.choice_id:
        payload["choice_id"] = message.choice_id
    if message.location:
        payload["location"] = message.location
    if message.reply_to_external_id:
        payload["reply_to_external_id"] = message.reply_to_external_id
    return payload


_UPDATE_CONVERSATIONS = text("""
    update conversations c set
        last_message_id = v.message_id,
        last_message_at = clock_timestamp(),
        last_message_text = v.preview,
        last_message_direction = v.direction,
        last_inbound_at = greatest(c.last_inbound_at, v.inbound_at),
        unread_count = case when v.answered then 0 else c.unread_count end + v.inbound,
        last_read_message_id =
            case when v.answered then v.message_id else c.last_read_message_id end,
        status = case when v.inbound > 0 then 'open' else c.status end,
        snoozed_until = case when v.inbound > 0 then null else c.snoozed_until end,
        version = c.version + case when v.inbound > 0 and c.status <> 'open' then 1 else 0 end,
        updated_at = now()
    from unnest(
        cast(:ids as int[]), cast(:messages as bigint[]), cast(:previews as text[]),
        cast(:directions as text[]), cast(:inbound_times as timestamptz[]),
        cast(:inbound as int[]), cast(:answered as bool[])
    ) as v(id, message_id, preview, direction, inbound_at, inbound, answered)
    where c.organization_id = :organization_id and c.id = v.id
    returning c.id, c.unread_count, c.version, c.assignee_id, c.division_id, c.external_user_id
""")


def _update_conversations(
    fresh: list[tuple[Incoming, int]], places: dict[tuple[int, str], Place]
) -> dict[int, object]:
    sums: dict[int, dict] = {}
    for item, message_id in fresh:
        message = item.message
        total = sums.setdefault(
            places[item.key].conversation_id, {"inbound": 0, "answered": False, "inbound_at": None}
        )
        total |= {
            "message_id": message_id,
            "preview": preview(message.text, message.kind),
            "direction": "out" if message.echo else "in",
        }
        if message.echo:
            total |= {"inbound": 0, "answered": True}
        else:
            total["inbound"] += 1
            total["inbound_at"] = max(
                message.occurred_at, total["inbound_at"] or message.occurred_at
            )
    if not sums:
        return {}
    rows = db.session.execute(
        _UPDATE_CONVERSATIONS,
        {
            "organization_id": current_organization_id(),
            "ids": list(sums),
            "messages": [total["message_id"] for total in sums.values()],
            "previews": [total["preview"] for total in sums.values()],
            "directions": [total["direction"] for total in sums.values()],
            "inbound_times": [total["inbound_at"] for total in sums.values()],
            "inbound": [total["inbound"] for total in sums.values()],
            "answered": [total["answered"] for total in sums.values()],
        },
    )
    return {row.id: row for row in rows}


def preview(body: str | None, kind: str) -> str:
    """The line that the list shows; the kind in brackets where a message has no words."""
    return cut(" ".join((body or "").split()), PREVIEW_LENGTH) or f"[{kind}]"


# --- what follows ------------------------------------------------------------------------------


def _announce(fresh, places, after) -> list[dict]:
    told: list[dict] = []
    for item, message_id in fresh:
        place = places[item.key]
        row = after[place.conversation_id]
        outward = _outward(item, message_id)
        attachments = _attach(item, message_id, place)
        if attachments:
            outward["payload"]["attachments"] = [
                presenting.attachment(attachment) for attachment in attachments
            ]
        outward["conversation_id"] = place.conversation_id
        told.append(outward)
        audience = Audience(
            current_organization_id(),
            row.id,
            row.assignee_id,
            row.division_id,
            row.external_user_id,
        )
        publish(
            MessageAdded(
                audience,
                outward,
                row.unread_count,
                inbound=not item.message.echo,
                client_id=item.client_id,
            )
        )
        for attachment in attachments:
            if attachment.state == "pending":
                publish(AttachmentPending(current_organization_id(), attachment.id))
        if not item.message.echo:
            if place.status != "open":
                publish(
                    ConversationChanged(
                        audience, {"status": "open", "snoozed_until": None}, row.version
                    )
                )
                place.status = "open"
            routing.route(place.conversation_id, place.assignee_id, item.message)
    if told:
        publish(UnreadChanged(current_organization_id()))
    return told


def _outward(item: Incoming, message_id: int) -> dict:
    message = item.message
    return {
        "id": message_id,
        "direction": "out" if message.echo else "in",
        "sender_type": "agent" if message.echo else "contact",
        "sender_id": None,
        "type": message.kind,
        "text": message.text or "",
        "status": "sent" if message.echo else "received",
        "error": None,
        "created_at": presenting.iso(message.occurred_at),
        "payload": payload_of(message),
    }


def _attach(item: Incoming, message_id: int, place: Place) -> list[Attachment]:
    rows = [
        Attachment(
            conversation_id=place.conversation_id,
            message_id=message_id,
            kind=media.kind,
            state="pending",
            filename=(media.filename or "")[:255],
            mime=(media.mime or "application/octet-stream")[:100],
            size=media.size or 0,
            source={
                "external_id": media.external_id,
                "url": media.url,
                "sha256": media.sha256,
                "device_id": item.device_id,
            },
            created_at=now(),
        )
        for media in item.message.media
    ]
    if item.upload:
        rows.append(ready_attachment(place.conversation_id, message_id, item.upload))
    if rows:
        db.session.add_all(rows)
        db.session.flush()
    return rows


def ready_attachment(conversation_id: int, message_id: int, upload: files.StoredFile) -> Attachment:
    """The row of a file that is on our disk already."""
    return Attachment(
        conversation_id=conversation_id,
        message_id=message_id,
        kind=upload.kind,
        state="ready",
        file_key=upload.key,
        filename=upload.filename,
        mime=upload.mime,
        size=upload.size,
        created_at=now(),
    )
