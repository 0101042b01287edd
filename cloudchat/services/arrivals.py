"""What follows a customer's message that was kept: its files, who is told, and who takes it."""

from dataclasses import dataclass

from cloudchat.channels.base import InboundMessage
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
from cloudchat.services.broadcasts import replies
from cloudchat.services.files import ready_attachment
from cloudchat.services.queueing import elsewhere
from cloudchat.tenancy import current_organization_id


@dataclass
class Incoming:
    """A parsed message and the device that it came to."""

    device_id: int
    message: InboundMessage
    client_id: str | None = None
    upload: files.StoredFile | None = None

    @property
    def key(self) -> tuple[int, str]:
        """Who wrote, in the terms of `addressing`."""
        return self.device_id, self.message.external_user_id

    @property
    def mark(self) -> tuple[int, str]:
        """What makes the message one of a kind."""
        return self.device_id, self.message.external_id


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


def announce(fresh: list[tuple[Incoming, object]], places: dict) -> list[dict]:
    """Tell of new messages, each with its row, and route them; answers their outward form."""
    told: list[dict] = []
    arrivals: list[routing.Arrival] = []
    attachments = _attach(fresh)
    for item, row in fresh:
        place = places[item.key]
        outward = _outward(item, row, attachments.get(row.message_id, []))
        told.append(outward)
        _publish(item, row, outward)
        for attachment in attachments.get(row.message_id, []):
            if attachment.state == "pending":
                publish(AttachmentPending(current_organization_id(), attachment.id))
        if not item.message.echo:
            reopened = place.status != "open"
            if reopened:
                changes = {"status": "open", "snoozed_until": None}
                publish(ConversationChanged(_audience(row), changes, row.version))
                place.status = "open"
            if not item.message.silent:
                state = place.conversation_id, place.assignee_id
                known = row.has_queue, row.has_bot, row.stop_words
                arrivals.append(routing.Arrival(*state, item.message, reopened, *known))
    replies.note(
        {row.conversation_id for item, row in fresh if row.after_broadcast and not item.message.echo}
    )
    routing.route(arrivals)
    if answered := {row.conversation_id for item, row in fresh if item.message.echo and row.has_queue}:
        elsewhere.answered(answered)
    if told:
        publish(UnreadChanged(current_organization_id()))
    return told


def _audience(row) -> Audience:
    return Audience(
        current_organization_id(),
        row.conversation_id,
        row.assignee_id,
        row.division_id,
        row.external_user_id,
    )


def _publish(item: Incoming, row, outward: dict) -> None:
    inbound = not item.message.echo
    publish(
        MessageAdded(_audience(row), outward, row.unread_count, inbound=inbound, client_id=item.client_id)
    )


def _outward(item: Incoming, row, attachments: list[Attachment]) -> dict:
    message = item.message
    payload = payload_of(message)
    if attachments:
        payload["attachments"] = [presenting.attachment(attachment) for attachment in attachments]
    return {
        "id": row.message_id,
        "direction": "out" if message.echo else "in",
        "sender_type": "agent" if message.echo else "contact",
        "sender_id": None,
        "type": message.kind,
        "text": message.text or "",
        "status": "sent" if message.echo else "received",
        "error": None,
        "created_at": presenting.iso(message.occurred_at),
        "payload": payload,
        "conversation_id": row.conversation_id,
    }


def _attach(fresh: list[tuple[Incoming, object]]) -> dict[int, list[Attachment]]:
    """The attachments of new messages, by message; what is still at the provider is pending."""
    found: dict[int, list[Attachment]] = {}
    for item, row in fresh:
        rows = [_pending(item, row, media) for media in item.message.media]
        if item.upload:
            rows.append(ready_attachment(row.conversation_id, row.message_id, item.upload))
        if rows:
            found[row.message_id] = rows
    if found:
        db.session.add_all(attachment for rows in found.values() for attachment in rows)
        db.session.flush()
    return found


def _pending(item: Incoming, row, media) -> Attachment:
    return Attachment(
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        kind=media.kind,
        state="pending",
        filename=files.safe_name(media.filename) if media.filename else "",
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
