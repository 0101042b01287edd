"""Messenger webhooks: a signed body becomes events, a stored event becomes its meaning."""

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any

from cloudchat.channels import payload
from cloudchat.channels.base import (
    Deletion,
    InboundMessage,
    Media,
    Parsed,
    RawEvent,
    StatusUpdate,
    Watermark,
)
from cloudchat.channels.payload import as_dict, as_text, degrees, dicts, ident

log = logging.getLogger(__name__)

MAX_EVENTS = 20_000  # of one body; Meta promises at most 1,000
_MEDIA = {"image": "image", "video": "video", "audio": "audio", "file": "document", "sticker": "sticker"}
_RECEIPTS = {"delivery": "delivered", "read": "read"}


def split(body: dict) -> list[RawEvent]:
    """The events of a webhook body."""
    events = list(islice(_events(body), MAX_EVENTS + 1))
    if len(events) > MAX_EVENTS:
        log.error("messenger: a body with more than %d items, the rest is dropped", MAX_EVENTS)
        events.pop()
    if unknown := sum(event.kind == "other" for event in events):
        log.warning("messenger: %d of %d items not understood", unknown, len(events))
    return events


def _events(body: dict) -> Iterator[RawEvent]:
    for entry in dicts(body.get("entry")):
        page = ident(entry.get("id")) or ""
        for place in ("messaging", "standby"):
            for item in dicts(entry.get(place)):
                yield _event(page, item, standby=place == "standby")
        for change in dicts(entry.get("changes")):
            key = payload.digest([page, entry.get("time"), change])
            yield RawEvent(page, f"other:{key}", "other", change)


def _event(page: str, item: dict, *, standby: bool) -> RawEvent:
    content = {**item, "standby": True} if standby else item
    message, postback = as_dict(item.get("message")), as_dict(item.get("postback"))
    if mid := ident(message.get("mid")):
        if message.get("is_deleted") is True:
            return RawEvent(page, f"deleted:{mid}", "message", content)
        return RawEvent(page, mid, "echo" if message.get("is_echo") is True else "message", content)
    if postback:
        return RawEvent(page, f"postback:{ident(postback.get('mid')) or _key(item)}", "message", content)
    edit = as_dict(item.get("message_edit"))
    if mid := ident(edit.get("mid")):
        return RawEvent(page, f"edit:{mid}:{ident(edit.get('num_edit')) or _key(item)}", "message", content)
    for name in (*_RECEIPTS, "reaction"):
        if isinstance(item.get(name), dict):
            kind = "message" if name == "reaction" else "status"
            return RawEvent(page, f"{name}:{_key(item)}", kind, content)
    return RawEvent(page, f"other:{_key(item)}", "other", content)


def _key(item: dict) -> str:
    """What tells one item without an id from another: its whole content, with sender and time."""
    return payload.digest(item)


def parse(event: RawEvent, app_id: str, own_reference: str) -> list[Parsed]:
    """The meaning of one event; an empty list where there is nothing to do.

    app_id: our app's; own_reference: how the references begin that we send along.
    """
    item = event.payload
    if event.kind == "status":
        return _receipts(item)
    if event.kind == "echo":
        return _echo(item, app_id, own_reference)
    if event.kind != "message":
        return []
    reader = next((read for key, read in _READERS.items() if isinstance(item.get(key), dict)), None)
    message = reader(item) if reader else None
    return [message] if message else []


def _receipts(item: dict) -> list[Parsed]:
    """Delivered (by ids or up to a moment), or read (up to a moment)."""
    user = ident(as_dict(item.get("sender")).get("id"))
    for name, status in _RECEIPTS.items():
        body = as_dict(item.get(name))
        if not body:
            continue
        at = payload.moment(body.get("watermark") or item.get("timestamp"))
        mids = body.get("mids") if name == "delivery" else None
        ids = [mid for mid in map(ident, mids[:1000] if isinstance(mids, list) else ()) if mid]
        if ids:
            return [StatusUpdate(mid, status, at) for mid in ids]
        return [Watermark(user, status, at)] if user and body.get("watermark") else []
    return []


def _echo(item: dict, app_id: str, own_reference: str) -> list[Parsed]:
    """What the page said: by us (then it proves that it went out), or by somebody else for it."""
    message = as_dict(item.get("message"))
    mid, reference = ident(message.get("mid")), as_text(message.get("metadata"), 1000) or ""
    if mid and reference.startswith(own_reference):
        return [StatusUpdate(mid, "sent", payload.moment(item.get("timestamp")), reference)]
    if ident(message.get("app_id")) == app_id and app_id:
        return []
    made = _message({**item, "sender": item.get("recipient")}, echo=True)
    return [made] if made else []


def _message(item: dict, *, echo: bool = False) -> InboundMessage | Deletion | None:
    body = as_dict(item.get("message"))
    user, mid = ident(as_dict(item.get("sender")).get("id")), ident(body.get("mid"))
    if user is None or mid is None:
        return None
    if body.get("is_deleted") is True:
        return Deletion(mid, payload.moment(item.get("timestamp")))
    choice = ident(as_dict(body.get("quick_reply")).get("payload"))
    fields = _content(body)
    if choice and fields["kind"] == "text":
        fields["kind"] = "interactive"
    return InboundMessage(
        external_id=mid,
        external_user_id=user,
        occurred_at=payload.moment(item.get("timestamp")),
        choice_id=choice,
        reply_to_external_id=ident(as_dict(body.get("reply_to")).get("mid")),
        echo=echo,
        silent=item.get("standby") is True,
        **fields,
    )


def _content(body: dict) -> dict[str, Any]:
    text = as_text(body.get("text")) or None
    extra: dict[str, Any] = {}
    if referral := as_dict(body.get("referral")):
        extra["referral"] = referral
    found = [made for made in map(_attachment, dicts(body.get("attachments"))) if made]
    media = tuple(made for made in found if isinstance(made, Media))
    if media:
        # A sticker comes twice for a while, as itself and as an image.
        if any(one.kind == "sticker" for one in media):
            media = tuple(one for one in media if one.kind == "sticker")[:1]
        return {"kind": media[0].kind, "text": text, "media": media, "extra": extra}
    place = next((made for made in found if isinstance(made, dict)), None)
    if place:
        return {"kind": "location", "text": text or place.get("name"), "location": place, "extra": extra}
    if text is not None:
        return {"kind": "text", "text": text, "extra": extra}
    kinds = [as_text(item.get("type"), 50) for item in dicts(body.get("attachments"))]
    extra["type"] = next((kind for kind in kinds if kind), "unknown")
    return {"kind": "unsupported", "text": None, "extra": extra}


def _attachment(item: dict) -> Media | dict | None:
    kind, body = item.get("type"), as_dict(item.get("payload"))
    if kind == "location":
        spot = as_dict(body.get("coordinates"))
        latitude, longitude = degrees(spot.get("lat"), 90), degrees(spot.get("long"), 180)
        if latitude is None or longitude is None:
            return None
        name = as_text(item.get("title"), 1000)
        return {"latitude": latitude, "longitude": longitude} | ({"name": name} if name else {})
    url = as_text(body.get("url"), 2048)
    known = _MEDIA.get(kind) if isinstance(kind, str) else None
    if body.get("sticker_id") and known == "image":
        known = "sticker"
    return Media(known, url=url) if known and url else None


def _postback(item: dict) -> InboundMessage | None:
    body = as_dict(item.get("postback"))
    user = ident(as_dict(item.get("sender")).get("id"))
    choice, title = ident(body.get("payload")), as_text(body.get("title"), 255)
    if user is None or (choice is None and title is None):
        return None
    key = ident(body.get("mid")) or _key({**item, "standby": None})
    referral = as_dict(body.get("referral"))
    return InboundMessage(
        external_id=f"postback:{key}",
        external_user_id=user,
        kind="interactive",
        occurred_at=payload.moment(item.get("timestamp")),
        text=title or choice,
        choice_id=choice,
        silent=item.get("standby") is True,
        extra={"referral": referral} if referral else {},
    )


def _edit(item: dict) -> InboundMessage | None:
    body = as_dict(item.get("message_edit"))
    user, mid = ident(as_dict(item.get("sender")).get("id")), ident(body.get("mid"))
    text = as_text(body.get("text"))
    if user is None or mid is None or text is None:
        return None
    at = payload.moment(item.get("timestamp"))
    return InboundMessage(mid, user, "text", at, text=text, edited=True)


def _reaction(item: dict) -> InboundMessage | None:
    body = as_dict(item.get("reaction"))
    user, target = ident(as_dict(item.get("sender")).get("id")), ident(body.get("mid"))
    if user is None or target is None:
        return None
    emoji = (as_text(body.get("emoji"), 32) or None) if body.get("action") != "unreact" else None
    return InboundMessage(
        external_id=f"reaction:{payload.digest([user, item.get('timestamp'), body])}",
        external_user_id=user,
        kind="reaction",
        occurred_at=payload.moment(item.get("timestamp")),
        text=emoji,
        reply_to_external_id=target,
        extra={"reaction": {"message_id": target, "emoji": emoji}},
    )


_READERS = {"message": _message, "postback": _postback, "message_edit": _edit, "reaction": _reaction}
