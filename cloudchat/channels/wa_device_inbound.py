"""What a WhatsApp gateway (WAHA) reports of a linked phone: one event a call.

Groups, statuses and newsletters are passed over: a phone that is also somebody's own is in many.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cloudchat.channels import payload
from cloudchat.channels.base import (
    AccountUpdate,
    Deletion,
    InboundMessage,
    Media,
    Parsed,
    RawEvent,
    StatusUpdate,
)
from cloudchat.channels.payload import as_dict, as_text, degrees, ident

_ACKS = {-1: "failed", 1: "sent", 2: "delivered", 3: "read", 4: "read"}
STATES = {
    "WORKING": "connected",
    "SCAN_QR_CODE": "needs_reauth",
    "STOPPED": "disconnected",
    "FAILED": "disconnected",
}
_KINDS = {"image": "image", "video": "video", "audio": "audio"}
_PERSON = ("c.us", "s.whatsapp.net", "lid")


def split(raw: bytes) -> list[RawEvent]:
    """The event of a webhook body. Raises ValueError only if it is no JSON object."""
    body = payload.load_object(raw)
    session = ident(body.get("session")) or ""
    name, item = as_text(body.get("event"), 50) or "", as_dict(body.get("payload"))
    content = {"event": name, "payload": item}
    message_id = ident(item.get("id"))
    if name in ("message", "message.any") and message_id:
        if not _is_talk(item):
            return []
        kind = "echo" if item.get("fromMe") is True else "message"
        return [RawEvent(session, f"message:{message_id}", kind, content)]
    if name == "message.ack" and message_id:
        if not _is_talk(item):
            return []
        return [RawEvent(session, f"ack:{message_id}:{ident(item.get('ack'))}", "status", content)]
    if name in CHANGES:
        return _of_change(session, name, item, content)
    if name == "session.status":
        at = ident(body.get("id")) or ident(body.get("timestamp")) or payload.digest(body)
        return [RawEvent(session, f"session:{at}", "account", content)]
    return [RawEvent(session, f"other:{ident(body.get('id')) or payload.digest(body)}", "other", content)]


def _of_change(session: str, name: str, item: dict, content: dict) -> list[RawEvent]:
    """What became of an earlier message; only a customer's own doing is of interest."""
    about = as_dict(item.get("after")) or as_dict(item.get("before")) or item
    if about.get("fromMe") is True or not _is_talk(about):
        return []
    return [RawEvent(session, f"{name}:{payload.digest(item)}", "message", content)]


def _is_talk(item: dict) -> bool:
    """Is it between us and one person?"""
    return not item.get("participant") and _other(item) is not None


def _other(item: dict) -> str | None:
    """The other person's number, or the whole hidden id where the phone does not tell it."""
    chat = ident(item.get("to" if item.get("fromMe") is True else "from")) or ""
    number, _, server = chat.partition("@")
    number = number.partition(":")[0]  # 628…:12@… names one of somebody's linked phones
    if not number or server not in _PERSON:
        return None
    return f"{number}@lid" if server == "lid" else number


def parse(event: RawEvent) -> list[Parsed]:
    """The meaning of one event; an empty list where there is nothing to do."""
    item = as_dict(event.payload.get("payload"))
    if reader := CHANGES.get(str(event.payload.get("event"))):
        change = reader(item)
        return [change] if change else []
    if event.kind in ("message", "echo"):
        message = _message(item, echo=event.kind == "echo")
        return [message] if message else []
    if event.kind == "status":
        update = _status(item)
        return [update] if update else []
    return [_session(item)] if event.kind == "account" else []


def _edited(item: dict) -> InboundMessage | None:
    """How an earlier message reads now."""
    target, text = _target(item, item.get("editedMessageId")), as_text(item.get("body"))
    made = _message({**item, "id": target}, echo=False) if target and text else None
    return replace(made, edited=True) if made else None


def _revoked(item: dict) -> Deletion | None:
    before, after = as_dict(item.get("before")), as_dict(item.get("after"))
    target = _target(after or before, item.get("revokedMessageId")) or ident(before.get("id"))
    moment = payload.moment(after.get("timestamp") or before.get("timestamp"))
    return Deletion(target, moment) if target else None


def _reaction(item: dict) -> InboundMessage | None:
    body, user = as_dict(item.get("reaction")), _other(item)
    target, external_id = ident(body.get("messageId")), ident(item.get("id"))
    if user is None or target is None or external_id is None:
        return None
    emoji = as_text(body.get("text"), 32) or None  # none: taken back
    return InboundMessage(
        external_id=f"reaction:{external_id}",
        external_user_id=user,
        kind="reaction",
        occurred_at=payload.moment(item.get("timestamp")),
        text=emoji,
        phone=_phone(user),
        reply_to_external_id=target,
        extra={"reaction": {"message_id": target, "emoji": emoji}},
    )


CHANGES = {"message.edited": _edited, "message.revoked": _revoked, "message.reaction": _reaction}


def _target(item: dict, given: Any) -> str | None:
    """The id of the customer's message that is meant; some engines tell only its last part."""
    target, chat = ident(given), ident(item.get("from"))
    return f"false_{chat}_{target}" if target and chat and "_" not in target else target


def _status(item: dict) -> StatusUpdate | None:
    external_id, status = ident(item.get("id")), _ACKS.get(item.get("ack"))
    if external_id is None or status is None or isinstance(item.get("ack"), bool):
        return None
    error = {"code": "device_send_failed", "message": "ERROR", "details": None}
    return StatusUpdate(external_id, status, datetime.now(UTC), error=error if status == "failed" else None)


def _session(item: dict) -> AccountUpdate:
    state = as_text(item.get("status"), 40) or ""
    status = STATES.get(state)
    error = None
    if status in ("needs_reauth", "disconnected"):
        code = "scan_needed" if status == "needs_reauth" else "phone_not_linked"
        error = {"code": code, "message": state, "details": ""}
    return AccountUpdate(status, error, {"state": state})


def _message(item: dict, *, echo: bool) -> InboundMessage | None:
    external_id, user = ident(item.get("id")), _other(item)
    if external_id is None or user is None:
        return None
    raw = as_dict(item.get("_data"))
    name = as_text(raw.get("notifyName"), 255) or as_text(raw.get("pushName"), 255)
    return InboundMessage(
        external_id=external_id,
        external_user_id=user,
        occurred_at=payload.moment(item.get("timestamp")),
        user_name=None if echo else (name or None),
        phone=_phone(user),
        reply_to_external_id=ident(as_dict(item.get("replyTo")).get("id")),
        echo=echo,
        **_content(item),
    )


def _phone(user: str) -> str | None:
    fits = 7 <= len(user) <= 15 and user.isascii() and user.isdigit() and user[0] != "0"
    return f"+{user}" if fits else None


def _content(item: dict) -> dict[str, Any]:
    text = as_text(item.get("body")) or None
    if item.get("hasMedia") is True or as_dict(item.get("media")):
        return _file(as_dict(item.get("media")), text)
    place = as_dict(item.get("location"))
    latitude, longitude = degrees(place.get("latitude"), 90), degrees(place.get("longitude"), 180)
    if latitude is not None and longitude is not None:
        found: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
        if name := as_text(place.get("description"), 1000):
            found["name"] = name
        return {"kind": "location", "text": found.get("name"), "location": found}
    cards = item.get("vCards")
    if isinstance(cards, list) and cards:
        names = [_card_name(card) for card in cards[:20] if isinstance(card, str)]
        kept = [{"name": {"formatted_name": name}} for name in names]
        return {"kind": "contacts", "text": ", ".join(names) or None, "extra": {"contacts": kept}}
    if text is None:
        return {"kind": "unsupported", "extra": {"type": as_text(item.get("type"), 50) or "unknown"}}
    return {"kind": "text", "text": text}


def _file(media: dict, text: str | None) -> dict[str, Any]:
    """A file; the gateway may not have it (yet), which is shown as a message that cannot be read."""
    url, mime = as_text(media.get("url"), 2048), as_text(media.get("mimetype"), 100) or ""
    if not url:
        return {"kind": "unsupported", "text": text, "extra": {"type": "media"}}
    kind = "sticker" if mime.startswith("image/webp") else _KINDS.get(mime.partition("/")[0], "document")
    found = Media(kind, url=url, mime=mime or None, filename=as_text(media.get("filename"), 255))
    return {"kind": kind, "text": text, "media": (found,)}


def _card_name(card: str) -> str:
    lines = (line for line in card[:4000].splitlines() if line.upper().startswith("FN"))
    return next((line.partition(":")[2].strip()[:255] for line in lines), "") or "?"
