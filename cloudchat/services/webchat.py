"""The web chat: what visitors write and what they may read."""

from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy import select, update

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import InboundMessage
from cloudchat.channels.payload import clean_text
from cloudchat.errors import Invalid, NotFound
from cloudchat.events import Audience
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, ContactIdentity, Conversation, Device, Message, User
from cloudchat.services import device_routes, files, inbound, inbox, presenting, receipts
from cloudchat.services.queueing import overview
from cloudchat.services.queueing.overview import Place
from cloudchat.services.visibility import audience_of as conversation_audience
from cloudchat.services.webchat_view import public_message
from cloudchat.services.webchat_visitors import Visitor
from cloudchat.tenancy import acting_as

PAGE = 50
MAX_CLIENT_ID = 100
SEEN = {"delivered": ("queued", "unknown", "sent"), "read": ("queued", "unknown", "sent", "delivered")}


@dataclass(frozen=True)
class Catchup:
    """What a page shows: messages, oldest first, and what stands beside them."""

    items: list[dict]
    read_up_to: int
    agent: str | None
    queue: Place | None  # where the visitor waits


# --- writing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Draft:
    """A message as a visitor sends it; `file` is the stream and the name that the browser gave."""

    text: str
    client_id: str
    button_id: str | None = None
    file: tuple[BinaryIO, str] | None = None


def receive(visitor: Visitor, draft: Draft, nameless: str = "Visitor") -> dict:
    """Take a visitor's message, once per `client_id`; answers its public form.

    `nameless` is what somebody without a name is called in the inbox, before the code.
    """
    text = _checked(draft)
    external_id = f"{visitor.external_user_id}:{draft.client_id}"
    # A repeat is answered before anything else: after the conversation was resolved, taking it in
    # again would open an empty new one.
    row = _by_external_id(visitor, external_id)
    if row is None:
        upload = files.store(*draft.file) if draft.file else None
        message = InboundMessage(
            external_id=external_id,
            external_user_id=visitor.external_user_id,
            kind=upload.kind if upload else "interactive" if draft.button_id else "text",
            occurred_at=now(),
            text=text,
            user_name=visitor.name or f"{nameless} {visitor.code}",
            choice_id=clean_text(draft.button_id)[:200] if draft.button_id else None,
        )
        _accept(inbound.Incoming(visitor.device_id, message, draft.client_id, upload))
        row = _by_external_id(visitor, external_id)
    shown = _shown(visitor, [row])[0]
    return {**shown, "conversation_id": row.conversation_id}


def _checked(draft: Draft) -> str:
    """The message's text, clean. Raises Invalid."""
    text = clean_text(draft.text).replace("\ufffd", "").strip()
    client_id = draft.client_id
    if not client_id or len(client_id) > MAX_CLIENT_ID or not client_id.isprintable():
        raise Invalid("message", fields={"client_id": ["required"]})
    if not text and draft.file is None:
        raise Invalid("message", fields={"text": ["required"]})
    if len(text) > channel_for("webchat").capabilities.text_length:
        raise Invalid("message", fields={"text": ["too_long"]})
    return text


def _accept(incoming: inbound.Incoming) -> None:
    """Store it; an upload that no message came to own (a repeat at the same moment) is dropped."""
    owned = False
    try:
        owned = bool(inbound.accept([incoming]))
        db.session.commit()
    finally:
        if incoming.upload and not owned:
            files.path_of(incoming.upload.key).unlink(missing_ok=True)


def _by_external_id(visitor: Visitor, external_id: str) -> Message | None:
    return db.session.scalar(
        select(Message).where(Message.device_id == visitor.device_id, Message.external_id == external_id)
    )


# --- reading -----------------------------------------------------------------------------------


def _own_conversations(visitor: Visitor):
    """Conversations of the contact that this visitor is; merged contacts share theirs."""
    contact_id = (
        select(ContactIdentity.contact_id)
        .where(
            ContactIdentity.device_id == visitor.device_id,
            ContactIdentity.external_id == visitor.external_user_id,
        )
        .scalar_subquery()
    )
    return select(Conversation).where(
        Conversation.device_id == visitor.device_id, Conversation.contact_id == contact_id
    )


def audience_of(visitor: Visitor) -> Audience | None:
    """Who at the desk may hear that the visitor is typing; None without an open conversation."""
    row = db.session.scalar(_own_conversations(visitor).where(Conversation.status != "resolved"))
    return conversation_audience(row) if row else None


def history(
    visitor: Visitor, after: int | None = None, before: int | None = None, limit: int = PAGE
) -> Catchup:
    """Messages of all own conversations, oldest first: those after an id, or the last (before an id)."""
    own = list(db.session.scalars(_own_conversations(visitor).order_by(Conversation.id)))
    statement = select(Message).where(
        Message.conversation_id.in_([row.id for row in own]),
        ~((Message.direction == "out") & (Message.status == "failed")),  # taken back, never seen
    )
    rows = inbox.paged(statement, after, before, limit)
    current = next((row for row in own if row.status != "resolved"), None)
    return Catchup(
        items=_shown(visitor, rows),
        read_up_to=max((row.last_read_message_id for row in own), default=0),
        agent=_agent_name(current),
        queue=overview.place_of(current) if current else None,
    )


def _agent_name(current: Conversation | None) -> str | None:
    if current is None or current.assignee_id is None:
        return None
    return db.session.scalar(select(User.name).where(User.id == current.assignee_id))


def _shown(visitor: Visitor, rows: list[Message]) -> list[dict]:
    attachments: dict[int, list[Attachment]] = {}
    for item in db.session.scalars(
        select(Attachment).where(Attachment.message_id.in_([row.id for row in rows])).order_by(Attachment.id)
    ):
        attachments.setdefault(item.message_id, []).append(item)
    chat = visitor.organization_id, _public_key(visitor.device_id) if attachments else ""
    return [
        public_message(presenting.message(row, attachments.get(row.id, [])), _client_id(row), chat)
        for row in rows
    ]


def _public_key(device_id: int) -> str:
    return db.session.scalar(select(Device.public_key).where(Device.id == device_id))


def _client_id(row: Message) -> str | None:
    if row.direction == "in" and row.external_id:
        return row.external_id.split(":", 2)[-1]
    return None


def live_message(audience: Audience, message: dict, client_id: str | None) -> dict:
    """The same form for the socket, outside of any request."""
    chat = None
    if (message.get("payload") or {}).get("attachments"):
        with acting_as(audience.organization_id):
            key = db.session.scalar(
                select(Device.public_key)
                .join(Conversation, Conversation.device_id == Device.id)
                .where(Conversation.id == audience.conversation_id)
            )
        chat = audience.organization_id, key
    return public_message(message, client_id, chat)


def seen(visitor: Visitor, up_to: int, status: str) -> None:
    """The visitor's page has (or shows) the desk's messages up to this one."""
    own = _own_conversations(visitor).with_only_columns(Conversation.id)
    ids = list(
        db.session.scalars(
            select(Message.id)
            .where(
                Message.conversation_id.in_(own),
                Message.direction == "out",
                Message.id <= up_to,
                Message.status.in_(SEEN[status]),
            )
            .order_by(Message.id)  # two tabs lock in the same order
            .with_for_update()
        )
    )
    if ids:
        receipts.announce(
            db.session.execute(
                update(Message)
                .where(Message.id.in_(ids))
                .values(status=status, status_at=now())
                .returning(Message.id, Message.conversation_id, Message.status, Message.error)
            ).all()
        )
    db.session.commit()


# --- files -------------------------------------------------------------------------------------


def attachment(visitor: Visitor, attachment_id: int) -> Attachment:
    """A file of the visitor's own conversations. Raises NotFound."""
    row = files.get_attachment(attachment_id)
    own = _own_conversations(visitor).where(Conversation.id == row.conversation_id)
    if db.session.scalar(own) is None:
        raise NotFound("attachment")
    return row


def linked_attachment(route: device_routes.Route, attachment_id: int) -> Attachment:
    """The file of an address that was checked already. Raises NotFound where it is of another chat."""
    row = files.get_attachment(attachment_id)
    if db.session.get(Conversation, row.conversation_id).device_id != route.device_id:
        raise NotFound("attachment")
    return row
