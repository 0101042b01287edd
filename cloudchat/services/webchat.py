"""The web chat: visitors, their sessions, what they write and what they may read."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select

from cloudchat import config
from cloudchat.channels import get as channel_for
from cloudchat.channels.base import InboundMessage
from cloudchat.errors import Invalid, NotFound, Unauthorized
from cloudchat.events import Audience
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Conversation, Device, Message
from cloudchat.services import devices, files, inbound, presenting
from cloudchat.services.secrets import random_token
from cloudchat.services.visibility import audience_of as conversation_audience
from cloudchat.tenancy import acting_as, current_organization_id

SESSION_DAYS = 180
PREFIX = "web:"
PAGE = 50


@dataclass(frozen=True)
class Visitor:
    """Somebody in front of a web chat page, known by a signed token that holds just this."""

    organization_id: int
    device_id: int
    external_user_id: str
    name: str


def is_visitor(external_user_id: str) -> bool:
    return external_user_id.startswith(PREFIX)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config.active().secret_key, salt="webchat-session")


def open_chat(public_key: str) -> devices.Route:
    """Where this public key leads. Raises NotFound, also for a device that is switched off."""
    route = devices.by_public_key("webchat", public_key)
    if route is None:
        raise NotFound("chat")
    return route


def start_session(public_key: str, name: str = "") -> str:
    """A token for a new visitor. Nothing is stored until the first message."""
    route = open_chat(public_key)
    name = " ".join(name.split())[:100]
    external_user_id = PREFIX + random_token(16)
    return _serializer().dumps([route.organization_id, route.device_id, external_user_id, name])


def visitor_of(token: str, public_key: str | None = None) -> Visitor | None:
    """Who holds this token, if it is ours, not too old, and of this chat."""
    try:
        visitor = Visitor(*_serializer().loads(token, max_age=SESSION_DAYS * 86_400))
    except (BadSignature, TypeError, ValueError):
        return None
    if public_key is not None:
        route = open_chat(public_key)
        if route.device_id != visitor.device_id:
            return None
    return visitor


def require_visitor(token: str, public_key: str) -> Visitor:
    visitor = visitor_of(token, public_key)
    if visitor is None:
        raise Unauthorized(code="chat_session")
    return visitor


def origin_allowed(visitor: Visitor, origin: str | None) -> bool:
    """May a page of this origin talk for the visitor? Only our own pages hold the token."""
    if origin is None:
        return True
    return bool(urlsplit(origin).netloc)


def settings_of(route: devices.Route) -> dict:
    """What the chat page shows: the device's name, colour and welcome text."""
    with acting_as(route.organization_id):
        device = db.session.get(Device, route.device_id)
        return {"name": device.name, **device.config}


def _conversations(visitor: Visitor):
    return select(Conversation).where(
        Conversation.device_id == visitor.device_id,
        Conversation.external_user_id == visitor.external_user_id,
    )


def latest_conversation(visitor: Visitor) -> Conversation | None:
    return db.session.scalar(_conversations(visitor).order_by(Conversation.id.desc()).limit(1))


def audience_of(visitor: Visitor) -> Audience | None:
    row = latest_conversation(visitor)
    return conversation_audience(row) if row and row.status != "resolved" else None


def receive(
    visitor: Visitor,
    text: str,
    client_id: str,
    payload: dict | None = None,
    upload: files.StoredFile | None = None,
) -> dict:
    """Take a visitor's message, once per `client_id`; answers its public form."""
    text = text.strip()
    if not client_id or len(client_id) > 100:
        raise Invalid("message", fields={"client_id": ["required"]})
    if not text and upload is None:
        raise Invalid("message", fields={"text": ["required"]})
    if len(text) > channel_for("webchat").capabilities.text_length:
        raise Invalid("message", fields={"text": ["too_long"]})
    choice = (payload or {}).get("button_id")
    message = InboundMessage(
        external_id=f"{visitor.external_user_id}:{client_id}",
        external_user_id=visitor.external_user_id,
        kind=upload.kind if upload else "interactive" if choice else "text",
        occurred_at=now(),
        text=text,
        user_name=visitor.name or _visitor_name(visitor),
        choice_id=str(choice)[:200] if choice else None,
    )
    inbound.accept([inbound.Incoming(visitor.device_id, message, client_id, upload)])
    row = db.session.scalars(
        select(Message).where(
            Message.device_id == visitor.device_id, Message.external_id == message.external_id
        )
    ).one()
    attachments = _attachments([row.id]).get(row.id, [])
    db.session.commit()
    return {
        **public_message(presenting.message(row, attachments), client_id),
        "conversation_id": row.conversation_id,
    }


def _visitor_name(visitor: Visitor) -> str:
    return f"Visitor {visitor.external_user_id[-4:].upper()}"


def history(visitor: Visitor, after: int = 0, limit: int = PAGE) -> list[dict]:
    """The visitor's messages in all own conversations, oldest first: those after an id, or the last."""
    own = select(Conversation.id).where(
        Conversation.device_id == visitor.device_id,
        Conversation.external_user_id == visitor.external_user_id,
    )
    statement = select(Message).where(
        Message.organization_id == current_organization_id(), Message.conversation_id.in_(own)
    )
    if after:
        rows = list(
            db.session.scalars(
                statement.where(Message.id > after).order_by(Message.id).limit(limit)
            )
        )
    else:
        rows = list(db.session.scalars(statement.order_by(Message.id.desc()).limit(limit)))[::-1]
    attachments = _attachments([row.id for row in rows])
    return [
        public_message(presenting.message(row, attachments.get(row.id, [])), _client_id(row))
        for row in rows
    ]


def _client_id(row: Message) -> str | None:
    if row.direction == "in" and row.external_id:
        return row.external_id.split(":", 2)[-1]
    return None


def _attachments(message_ids: list[int]) -> dict[int, list[Attachment]]:
    found: dict[int, list[Attachment]] = {}
    for row in db.session.scalars(
        select(Attachment).where(Attachment.message_id.in_(message_ids)).order_by(Attachment.id)
    ):
        found.setdefault(row.message_id, []).append(row)
    return found


def attachment(visitor: Visitor, attachment_id: int) -> Attachment:
    """A file of the visitor's own conversations. Raises NotFound."""
    row = files.get_attachment(attachment_id)
    conversation = db.session.get(Conversation, row.conversation_id)
    if (
        conversation.device_id != visitor.device_id
        or conversation.external_user_id != visitor.external_user_id
    ):
        raise NotFound("attachment")
    return row


PUBLIC_FIELDS = ("id", "direction", "sender_type", "type", "text", "status", "created_at")
PUBLIC_PAYLOAD = ("buttons", "list_button", "location", "choice_id", "header", "footer")
PUBLIC_ATTACHMENT = ("id", "kind", "filename", "mime", "size", "width", "height", "state")


def public_message(message: dict, client_id: str | None = None) -> dict:
    """A message as its customer may see it: by an allow-list, so that nothing new leaks by itself."""
    shown = {name: message[name] for name in PUBLIC_FIELDS}
    payload = message.get("payload") or {}
    shown["payload"] = {name: payload[name] for name in PUBLIC_PAYLOAD if name in payload}
    if payload.get("attachments"):
        shown["payload"]["attachments"] = [
            {name: item[name] for name in PUBLIC_ATTACHMENT} for item in payload["attachments"]
        ]
    if client_id:
        shown["client_id"] = client_id
    return shown
