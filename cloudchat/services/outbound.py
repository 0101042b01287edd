"""What the desk says: first rows in the outbox, then sent, paced, retried, and never sent twice blindly."""

from sqlalchemy import delete, select

from cloudchat.channels import get as channel_for
from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import (
    ConversationChanged,
    MessageAdded,
    MessageQueued,
    MessageStatusChanged,
    publish,
)
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Conversation, Message, OutboxEntry
from cloudchat.services import conversations, files, presenting
from cloudchat.services.accounts import Identity
from cloudchat.services.inbound import preview, ready_attachment
from cloudchat.services.visibility import audience_of, get_visible


def reply(
    identity: Identity,
    conversation_id: int,
    text: str = "",
    upload: files.StoredFile | None = None,
    payload: dict | None = None,
    client_id: str = "",
) -> dict:
    """An agent's answer: queued, and the conversation counts as read. Raises Invalid, Conflict.

    `client_id` is the sender's own name for it: it comes back with the message, so that a page
    knows its own bubble again whichever of answer and socket event is first.
    A resolved conversation is refused (reopen it first), and so is free text outside the channel's
    window, before anything is kept.
    """
    row = get_visible(identity, conversation_id, lock=True)
    if row.status == "resolved":
        raise Conflict("resolved", code="conversation_resolved")
    text = text.strip()
    if not text and upload is None and not payload:
        raise Invalid("message", fields={"text": ["required"]})
    capabilities = channel_for(row.device.type).capabilities
    if len(text) > (capabilities.caption_length if upload else capabilities.text_length):
        raise Invalid("message", fields={"text": ["too_long"]})
    if upload and upload.size > capabilities.media.get(upload.kind, 0):
        raise Invalid("file", fields={"file": ["file_too_large_for_channel"]})
    if not row.device.is_active or row.device.deleted_at:
        raise Conflict("device_off", code="device_off")
    if not conversations.window_is_open(row, row.device.type):
        raise Conflict("window_closed", code="window_closed")
    if client_id:
        payload = {**(payload or {}), "client_id": client_id}
    message = add(row, "agent", text, sender_id=identity.user_id, upload=upload, payload=payload)
    if row.unread_count:
        conversations.clear_unread(row)
        publish(ConversationChanged(audience_of(row), {"unread_count": 0}, row.version))
    db.session.commit()
    return message


def add(
    row: Conversation,
    sender_type: str,
    text: str,
    *,
    sender_id: int | None = None,
    kind: str | None = None,
    upload: files.StoredFile | None = None,
    payload: dict | None = None,
) -> dict:
    """Put a message into the outbox of the locked conversation; part of the caller's transaction."""
    message = Message(
        conversation_id=row.id,
        device_id=row.device_id,
        direction="out",
        sender_type=sender_type,
        sender_id=sender_id,
        type=kind or (upload.kind if upload else _kind_of(payload)),
        text=text,
        payload=payload or {},
        status="queued",
        occurred_at=now(),
        created_at=now(),
        status_at=now(),
    )
    db.session.add(message)
    db.session.flush()
    attachments = [_attach(message, upload)] if upload else []
    db.session.add(
        OutboxEntry(device_id=row.device_id, conversation_id=row.id, message_id=message.id)
    )
    row.last_message_id = message.id
    row.last_message_at = now()
    row.last_message_text = preview(text, message.type)
    row.last_message_direction = "out"
    db.session.flush()
    outward = presenting.message(message, attachments)
    in_process = channel_for(row.device.type).capabilities.in_process
    publish(
        MessageAdded(audience_of(row), outward, row.unread_count, inbound=False, actor_id=sender_id)
    )
    publish(MessageQueued(row.organization_id, row.device_id, in_process))
    return outward


def _kind_of(payload: dict | None) -> str:
    if payload and payload.get("buttons"):
        return "list" if payload.get("list_button") else "buttons"
    if payload and payload.get("location"):
        return "location"
    return "text"


def _attach(message: Message, upload: files.StoredFile) -> Attachment:
    row = ready_attachment(message.conversation_id, message.id, upload)
    db.session.add(row)
    db.session.flush()
    return row


def retry(identity: Identity, conversation_id: int, message_id: int) -> dict:
    """Send a failed message again, or one whose outcome is unknown, at a person's word."""
    row = get_visible(identity, conversation_id, lock=True)
    message = _own_message(row, message_id)
    if message.status not in ("failed", "unknown"):
        raise Conflict("not_failed", code="not_failed")
    if not conversations.window_is_open(row, row.device.type):
        raise Conflict("window_closed", code="window_closed")
    message.status, message.error, message.external_id = "queued", None, None
    message.status_at = now()
    db.session.add(
        OutboxEntry(device_id=row.device_id, conversation_id=row.id, message_id=message.id)
    )
    db.session.flush()
    publish(MessageStatusChanged(audience_of(row), message.id, "queued"))
    in_process = channel_for(row.device.type).capabilities.in_process
    publish(MessageQueued(row.organization_id, row.device_id, in_process))
    db.session.commit()
    return presenting.message(message)


def confirm_sent(identity: Identity, conversation_id: int, message_id: int) -> dict:
    """A person has looked: the message of unknown outcome did arrive."""
    row = get_visible(identity, conversation_id, lock=True)
    message = _own_message(row, message_id)
    if message.status != "unknown":
        raise Conflict("not_unknown", code="not_unknown")
    message.status, message.error, message.status_at = "sent", None, now()
    db.session.flush()
    publish(MessageStatusChanged(audience_of(row), message.id, "sent"))
    db.session.commit()
    return presenting.message(message)


def cancel_queued(identity: Identity, conversation_id: int, message_id: int) -> None:
    """Take back a message that has not left yet. Raises Conflict when it is too late."""
    row = get_visible(identity, conversation_id, lock=True)
    message = _own_message(row, message_id)
    gone = db.session.execute(
        delete(OutboxEntry)
        .where(OutboxEntry.message_id == message.id, OutboxEntry.state == "pending")
        .returning(OutboxEntry.id)
    ).first()
    if gone is None:
        raise Conflict("already_sent", code="already_sent")
    message.status, message.status_at = "failed", now()
    message.error = {"code": "cancelled", "message": "cancelled"}
    db.session.flush()
    publish(MessageStatusChanged(audience_of(row), message.id, "failed", message.error))
    db.session.commit()


def _own_message(row: Conversation, message_id: int) -> Message:
    message = db.session.scalar(
        select(Message)
        .where(
            Message.id == message_id, Message.conversation_id == row.id, Message.direction == "out"
        )
        .with_for_update()
    )
    if message is None:
        raise NotFound("message")
    return message
