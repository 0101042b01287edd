"""What a Telegram message holds. Whatever we cannot read becomes a placeholder."""

from collections.abc import Callable
from typing import Any

from cloudchat.channels.base import Media
from cloudchat.channels.payload import as_dict, as_text, degrees, dicts, ident

# What a message says beside its content; the first other key names its kind.
_FRAME = frozenset(
    {
        *("message_id", "message_thread_id", "from", "sender_chat", "date", "chat", "edit_date", "via_bot"),
        *("reply_to_message", "media_group_id", "has_protected_content", "forward_origin", "caption"),
        *("caption_entities", "entities", "reply_markup", "business_connection_id", "quote"),
    }
)


def read(item: dict) -> dict[str, Any]:
    """The fields of InboundMessage that a message decides; always with kind and extra."""
    found = (reader(item) for key, reader in _READERS if key in item)
    fields = next((fields for fields in found if fields), None) or _placeholder(item)
    extra = fields.setdefault("extra", {})
    if isinstance(item.get("forward_origin"), dict):
        extra["forwarded"] = True
    if group := ident(item.get("media_group_id")):
        extra["album"] = group
    return fields


def _text(item: dict) -> dict | None:
    text = as_text(item.get("text"))
    return None if text is None else {"kind": "text", "text": text}


def _photo(item: dict) -> dict | None:
    sizes = [size for size in dicts(item.get("photo")) if ident(size.get("file_id"))]
    if not sizes:
        return None
    largest = max(sizes, key=_area)
    return _file(item, "image", {**largest, "mime_type": "image/jpeg"})


def _area(size: dict) -> int:
    sides = [size.get(side) for side in ("width", "height")]
    return sides[0] * sides[1] if all(isinstance(side, int) for side in sides) else 0


def _media(kind: str, key: str, **extra: Any) -> Callable[[dict], dict | None]:
    return lambda item: _file(item, kind, as_dict(item.get(key)), **extra)


def _file(item: dict, kind: str, body: dict, **extra: Any) -> dict | None:
    file_id = ident(body.get("file_id"))
    if file_id is None:
        return None
    size = body.get("file_size")
    media = Media(
        kind=kind,
        external_id=file_id,
        mime=as_text(body.get("mime_type"), 100),
        filename=as_text(body.get("file_name"), 255),
        size=size if isinstance(size, int) and 0 <= size < 2**40 else None,
    )
    return {"kind": kind, "text": as_text(item.get("caption")), "media": (media,), "extra": extra}


def _sticker(item: dict) -> dict | None:
    body = as_dict(item.get("sticker"))
    moving = body.get("is_animated") is True or body.get("is_video") is True
    mime = "application/x-tgsticker" if body.get("is_animated") is True else "image/webp"
    mime = "video/webm" if body.get("is_video") is True else mime
    fields = _file(item, "document" if moving else "sticker", {**body, "mime_type": mime})
    return {**fields, "text": as_text(body.get("emoji"), 32)} if fields else None


def _location(item: dict) -> dict | None:
    venue = as_dict(item.get("venue"))
    body = as_dict(item.get("location")) or as_dict(venue.get("location"))
    latitude, longitude = degrees(body.get("latitude"), 90), degrees(body.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    place: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    for ours, theirs in (("name", "title"), ("address", "address")):
        if value := as_text(venue.get(theirs), 1000):
            place[ours] = value
    text = ", ".join(place[key] for key in ("name", "address") if key in place)
    return {"kind": "location", "text": text or None, "location": place}


def _contact(item: dict) -> dict | None:
    card = as_dict(item.get("contact"))
    names = [as_text(card.get(key), 255) for key in ("first_name", "last_name")]
    name = " ".join(part for part in names if part)
    number = as_text(card.get("phone_number"), 40)
    if not name and not number:
        return None
    phones = [{"phone": number}] if number else []
    kept = [{"name": {"formatted_name": name or number}, "phones": phones}]
    return {"kind": "contacts", "text": name or number, "extra": {"contacts": kept}}


def _placeholder(item: dict) -> dict:
    """A poll, a dice, something new: the agent sees that there was something."""
    kind = next((key for key in item if key not in _FRAME), "unknown")[:50]
    return {"kind": "unsupported", "text": as_text(item.get("caption")), "extra": {"type": kind}}


_READERS: tuple[tuple[str, Callable[[dict], dict | None]], ...] = (
    ("text", _text),
    ("photo", _photo),
    ("animation", _media("video", "animation")),  # comes with `document`, and says more
    ("document", _media("document", "document")),
    ("voice", _media("audio", "voice", voice=True)),
    ("audio", _media("audio", "audio")),
    ("video", _media("video", "video")),
    ("video_note", _media("video", "video_note")),
    ("sticker", _sticker),
    ("venue", _location),
    ("location", _location),
    ("contact", _contact),
)
