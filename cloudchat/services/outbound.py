"""What the desk says: first rows in the outbox, then sent, paced, retried, and never sent twice blindly."""

from sqlalchemy import delete, select

from cloudchat.channels import get as channel_for
from cloudchat.channels.payload import clean, clean_text
from cloudchat.errors import Conflict, NotFound
from cloudchat.events import (
    ConversationChanged,
    MessageAdded,
    MessageQueued,
    MessageStatusChanged,
    publish,
)
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Conversation, Message, OutboxEntry
from cloudchat.services import activity, files, outgoing_rules, presenting, template_replies
from cloudchat.services.accounts import Identity
from cloudchat.services.files import ready_attachment
from cloudchat.services.presenting import preview
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
    window, before anything is kept. Where a file carries no text, or none so long, the text follows as a
    message of its own: each is sent, fails and is tried again by itself. The file's message is answered.
    """
    row = get_visible(identity, conversation_id, lock=True)
    if row.status == "resolved":
        raise Conflict("resolved", code="conversation_resolved")
    text = clean_text(text).replace("\ufffd", "").strip()
    payload = clean(payload or {})
    capabilities = channel_for(row.device.type).capabilities
    kind = outgoing_rules.check(capabilities, text, upload, payload)
    apart = bool(upload) and outgoing_rules.text_goes_apart(capabilities, kind, text)
    _check_device(row)
    if client_id:
        payload["client_id"] = client_id
    if row.unread_count:
        activity.clear_unread(row)
        publish(ConversationChanged(audience_of(row), {"unread_count": 0}, row.version))
    sender, caption = identity.user_id, "" if apart else text
    message = add(row, "agent", caption, sender_id=sender, kind=kind, upload=upload, payload=payload)
    if apart:
        add(row, "agent", text, sender_id=sender)
    db.session.commit()
    return message


def reply_with_template(
    identity: Identity, conversation_id: int, template_id: int, variables: dict | None, client_id: str = ""
) -> dict:
    """An agent's answer by a template; one of Meta's goes out after the window has closed as well.
    Raises NotFound, Invalid, Conflict."""
    row = get_visible(identity, conversation_id, lock=True)
    if row.status == "resolved":
        raise Conflict("resolved", code="conversation_resolved")
    kind, text, payload = template_replies.filled_for(row, template_id, variables)
    if kind == "text":
        outgoing_rules.check(channel_for(row.device.type).capabilities, text, None, {})
    _check_device(row, kind)
    if client_id:
        payload["client_id"] = client_id
    if row.unread_count:
        activity.clear_unread(row)
        publish(ConversationChanged(audience_of(row), {"unread_count": 0}, row.version))
    message = add(row, "agent", text, sender_id=identity.user_id, kind=kind, payload=payload)
    db.session.commit()
    return message


def _check_device(row: Conversation, kind: str = "text") -> None:
    """Can a message of this kind go out here now? Raises Conflict."""
    if not row.device.is_active or row.device.deleted_at:
        raise Conflict("device_off", code="device_off")
    if kind != "template" and not activity.window_is_open(row, row.device.type):
        raise Conflict("window_closed", code="window_closed")


def add(
    row: Conversation,
    sender_type: str,
    text: str,
    *,
    sender_id: int | None = None,
    kind: str = "text",
    upload: files.StoredFile | None = None,
    payload: dict | None = None,
) -> dict:
    """Add a message to the locked conversation and put it into the outbox; part of the caller's
    transaction. On a channel of our own it is sent with that: the customer's page reads our rows."""
    in_process = channel_for(row.device.type).capabilities.in_process
    message = Message(
        conversation_id=row.id,
        device_id=row.device_id,
        direction="out",
        sender_type=sender_type,
        sender_id=sender_id,
        type=kind,
        text=text,
        payload=payload or {},
        status="sent" if in_process else "queued",
        occurred_at=now(),
        created_at=now(),
        status_at=now(),
    )
    db.session.add(message)
    db.session.flush()
    attachments = [_attach(message, upload)] if upload else []
    row.last_message_id = message.id
    row.last_message_at = now()
    row.last_message_text = preview(text, message.type)
    row.last_message_direction = "out"
    if sender_type != "system":
        row.waiting_since = None
    db.session.flush()
    outward = presenting.message(message, attachments)
    publish(MessageAdded(audience_of(row), outward, row.unread_count, inbound=False, actor_id=sender_id))
    if not in_process:
        _queue(row, message)
    return outward


def _queue(row: Conversation, message: Message) -> None:
    entry = OutboxEntry(device_id=row.device_id, conversation_id=row.id, message_id=message.id)
    db.session.add(entry)
    db.session.flush()
    publish(MessageQueued(row.organization_id, row.device_id))


def _attach(message: Message, upload: files.StoredFile) -> Attachment:
    row = ready_attachment(message.conversation_id, message.id, upload)
    db.session.add(row)
    db.session.flush()
    return row


def retry(identity: Identity, conversation_id: int, message_id: int) -> dict:
    """Send a failed message again, or one whose outcome is unknown, at a person's word.

    `resent` tells the new sending from the one before: late news of that must not be taken for it.
    """
    row = get_visible(identity, conversation_id, lock=True)
    message = _own_message(row, message_id)
    if message.status not in ("failed", "unknown"):
        raise Conflict("not_failed", code="not_failed")
    if row.status == "resolved":
        raise Conflict("resolved", code="conversation_resolved")
    _check_device(row, message.type)
    message.status, message.error, message.external_id = "queued", None, None
    message.status_at = now()
    message.payload = {**message.payload, "resent": message.payload.get("resent", 0) + 1}
    db.session.flush()
    publish(MessageStatusChanged(audience_of(row), message.id, "queued"))
    _queue(row, message)
    db.session.commit()
    return presenting.message(message, _attachments(message))


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
    return presenting.message(message, _attachments(message))


def _attachments(message: Message) -> list[Attachment]:
    statement = select(Attachment).where(Attachment.message_id == message.id).order_by(Attachment.id)
    return list(db.session.scalars(statement))


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
        .where(Message.id == message_id, Message.conversation_id == row.id, Message.direction == "out")
        .with_for_update()
    )
    if message is None:
        raise NotFound("message")
    return message
