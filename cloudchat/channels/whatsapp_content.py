"""What a WhatsApp message object holds, by its type. Whatever we cannot read becomes a placeholder."""

from collections.abc import Callable
from typing import Any

from cloudchat.channels.base import Media
from cloudchat.channels.payload import as_dict, as_text, degrees, dicts, ident

_KEPT_CONTEXT = ("forwarded", "frequently_forwarded", "referred_product")


def read(item: dict) -> dict[str, Any]:
    """The fields of InboundMessage that a message object decides; always with kind and extra."""
    kind = item.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    fields = (reader(item) if reader else None) or _placeholder(item)
    context = as_dict(item.get("context"))
    fields.setdefault("reply_to_external_id", ident(context.get("id")))
    extra = fields.setdefault("extra", {})
    extra.update({key: context[key] for key in _KEPT_CONTEXT if context.get(key)})
    if referral := as_dict(item.get("referral")):
        extra["referral"] = referral
    return fields


def _text(item: dict) -> dict | None:
    text = as_text(as_dict(item.get("text")).get("body"))
    return None if text is None else {"kind": "text", "text": text}


def _media(item: dict) -> dict | None:
    kind = item["type"]
    body = as_dict(item.get(kind))
    external_id, url = ident(body.get("id")), as_text(body.get("url"), 2048)
    if not external_id and not url:
        return None
    media = Media(
        kind=kind,
        external_id=external_id,
        url=url,
        mime=as_text(body.get("mime_type"), 100),
        filename=as_text(body.get("filename"), 255),
        sha256=as_text(body.get("sha256"), 100),
    )
    extra = {key: True for key in ("voice", "animated") if body.get(key) is True}
    return {"kind": kind, "text": as_text(body.get("caption")), "media": (media,), "extra": extra}


def _location(item: dict) -> dict | None:
    body = as_dict(item.get("location"))
    latitude, longitude = degrees(body.get("latitude"), 90), degrees(body.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    location: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    for key in ("name", "address", "url"):
        if value := as_text(body.get(key), 1000):
            location[key] = value
    text = ", ".join(location[key] for key in ("name", "address") if key in location)
    return {"kind": "location", "text": text or None, "location": location}


def _interactive(item: dict) -> dict | None:
    body = as_dict(item.get("interactive"))
    kind = body.get("type")
    reply = as_dict(body.get(kind)) if isinstance(kind, str) else {}
    if not reply:
        return None
    text = as_text(reply.get("title")) or as_text(reply.get("body"))
    fields = {"kind": "interactive", "text": text, "choice_id": ident(reply.get("id"))}
    # Forms and whatever comes next have more to them than a title.
    return fields if kind in ("list_reply", "button_reply") else {**fields, "extra": {kind: reply}}


def _button(item: dict) -> dict | None:
    body = as_dict(item.get("button"))
    text, choice = as_text(body.get("text")), ident(body.get("payload"))
    if text is None and choice is None:
        return None
    return {"kind": "interactive", "text": text, "choice_id": choice}


def _reaction(item: dict) -> dict | None:
    body = as_dict(item.get("reaction"))
    target = ident(body.get("message_id"))
    if target is None:
        return None
    emoji = as_text(body.get("emoji"), 32) or None  # none: taken back
    return {
        "kind": "reaction",
        "text": emoji,
        "reply_to_external_id": target,
        "extra": {"reaction": {"message_id": target, "emoji": emoji}},
    }


def _contacts(item: dict) -> dict | None:
    cards = dicts(item.get("contacts"))
    if not cards:
        return None
    names = [as_text(as_dict(card.get("name")).get("formatted_name"), 255) for card in cards]
    text = ", ".join(name for name in names if name)
    return {"kind": "contacts", "text": text or None, "extra": {"contacts": cards}}


def _placeholder(item: dict) -> dict:
    """A poll, an order, an edit, something new: the agent sees that there was something."""
    kind = as_text(item.get("type"), 50) or "unknown"
    body = item.get(kind)
    extra: dict[str, Any] = {"type": kind}
    if body:
        extra["body"] = body
    if errors := dicts(item.get("errors")):
        extra["errors"] = errors
    text = as_text(as_dict(body).get("body")) if kind == "system" else None
    return {"kind": "unsupported", "text": text, "extra": extra}


_READERS: dict[str, Callable[[dict], dict | None]] = {
    "text": _text,
    "image": _media,
    "document": _media,
    "audio": _media,
    "video": _media,
    "sticker": _media,
    "location": _location,
    "interactive": _interactive,
    "button": _button,
    "reaction": _reaction,
    "contacts": _contacts,
}
