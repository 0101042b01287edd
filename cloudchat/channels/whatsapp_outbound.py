"""The JSON body of an outgoing WhatsApp message, checked against Meta's limits before it is sent."""

from collections.abc import Callable
from datetime import timedelta
from math import isfinite
from typing import Any

from cloudchat.channels import payload
from cloudchat.channels.base import Capabilities, OutboundMessage
from cloudchat.errors import ProviderError

_MB = 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument."
MEDIA_KINDS = ("image", "document", "audio", "video", "sticker")

CAPABILITIES = Capabilities(
    text_length=4096,
    buttons=3,
    button_title=20,
    list_rows=10,
    list_title=24,
    list_description=72,
    menu_text_length=1024,
    media={
        "image": 5 * _MB,
        "document": 100 * _MB,
        "audio": 16 * _MB,
        "video": 16 * _MB,
        "sticker": 500_000,
    },
    media_types={
        "image": frozenset({"image/jpeg", "image/png"}),
        "audio": frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
        "video": frozenset({"video/mp4", "video/3gpp"}),
        "sticker": frozenset({"image/webp"}),
        "document": frozenset(
            {
                "text/plain",
                "application/pdf",
                "application/msword",
                "application/vnd.ms-excel",
                "application/vnd.ms-powerpoint",
                f"{_OFFICE}wordprocessingml.document",
                f"{_OFFICE}spreadsheetml.sheet",
                f"{_OFFICE}presentationml.presentation",
            }
        ),
    },
    caption_length=1024,
    captionless=frozenset({"audio", "sticker"}),
    # Meta's 24 hours less a margin: a message sent in the last seconds arrives too late.
    window=timedelta(hours=23, minutes=55),
    receipts=True,
)

LIST_BUTTON, HEADER, FOOTER, BUTTON_ID, ROW_ID, REFERENCE = 20, 60, 60, 256, 200, 512


def build(message: OutboundMessage) -> dict[str, Any]:
    """The body to post; for media still without the id of the uploaded file. Raises ProviderError."""
    builder = _BUILDERS.get(message.kind)
    if builder is None:
        raise refusal("unsupported_kind", f"WhatsApp cannot send messages of kind {message.kind}.")
    to = message.to.removeprefix("+")
    if not to:
        raise refusal("no_recipient", "The message has no recipient.")
    body = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": to}
    body.update(builder(message))
    if message.reply_to_external_id:
        body["context"] = {"message_id": message.reply_to_external_id}
    _fits("reference", message.reference, REFERENCE)
    body["biz_opaque_callback_data"] = message.reference
    return payload.clean(body)


def open_media(body: dict[str, Any]) -> list[tuple[str, dict]]:
    """(kind, object) of a template's files that still lack the id of what is to be uploaded."""
    parts = body["template"].get("components") or [] if body["type"] == "template" else []
    given = [
        (value.get("type"), value.get(value.get("type")))
        for part in payload.dicts(parts)
        for value in payload.dicts(part.get("parameters"))
    ]
    return [
        (kind, media)
        for kind, media in given
        if kind in MEDIA_KINDS and isinstance(media, dict) and not {"id", "link"} & media.keys()
    ]


def refusal(code: str, message: str) -> ProviderError:
    """Our own refusal of what the provider would refuse as well."""
    return ProviderError(message, code=code, permanent=True)


def _text(message: OutboundMessage) -> dict:
    body = _filled("text", message.text, CAPABILITIES.text_length)
    return {"type": "text", "text": {"body": body, "preview_url": False}}


def _media(message: OutboundMessage) -> dict:
    kind, media = message.kind, {}
    if message.text and kind in CAPABILITIES.captionless:
        raise refusal("no_caption", f"WhatsApp takes no caption with {kind}.")
    if message.text:
        _fits("caption", message.text, CAPABILITIES.caption_length)
        media["caption"] = message.text
    if kind == "document" and message.media_filename:
        media["filename"] = message.media_filename
    return {"type": kind, kind: media}


def _location(message: OutboundMessage) -> dict:
    given = message.location or {}
    try:
        place: dict[str, Any] = {key: float(given[key]) for key in ("latitude", "longitude")}
    except (KeyError, TypeError, ValueError):
        raise refusal("bad_location", "The location has no coordinates.") from None
    if not all(isfinite(degrees) for degrees in place.values()):
        raise refusal("bad_location", "The location has no coordinates.")
    place.update({key: str(given[key]) for key in ("name", "address") if given.get(key)})
    return {"type": "location", "location": place}


def _template(message: OutboundMessage) -> dict:
    if not message.template:
        raise refusal("no_template", "The message names no template.")
    return {"type": "template", "template": message.template}


def _buttons(message: OutboundMessage) -> dict:
    _count("buttons", message, CAPABILITIES.buttons)
    buttons = []
    for button in message.buttons:
        title = _filled("button title", button.get("title"), CAPABILITIES.button_title)
        reply = {"id": _filled("button id", button.get("id"), BUTTON_ID), "title": title}
        buttons.append({"type": "reply", "reply": reply})
    return _interactive(message, "button", {"buttons": buttons})


def _list(message: OutboundMessage) -> dict:
    _count("list rows", message, CAPABILITIES.list_rows)
    rows = []
    for choice in message.buttons:
        title = _filled("row title", choice.get("title"), CAPABILITIES.list_title)
        row = {"id": _filled("row id", choice.get("id"), ROW_ID), "title": title}
        if description := choice.get("description"):
            _fits("row description", description, CAPABILITIES.list_description)
            row["description"] = description
        rows.append(row)
    label = _filled("list button", message.list_button or "Menu", LIST_BUTTON)
    return _interactive(message, "list", {"button": label, "sections": [{"rows": rows}]})


def _interactive(message: OutboundMessage, kind: str, action: dict) -> dict:
    body = _filled("text", message.text, CAPABILITIES.menu_text_length)
    interactive: dict[str, Any] = {"type": kind, "body": {"text": body}, "action": action}
    if message.header:
        _fits("header", message.header, HEADER)
        interactive["header"] = {"type": "text", "text": message.header}
    if message.footer:
        _fits("footer", message.footer, FOOTER)
        interactive["footer"] = {"text": message.footer}
    return {"type": "interactive", "interactive": interactive}


def _count(what: str, message: OutboundMessage, most: int) -> None:
    """From one to `most` choices, told apart by title and id: Meta answers 131009 to twins."""
    if not 1 <= len(message.buttons) <= most:
        raise refusal("bad_choices", f"WhatsApp takes 1 to {most} {what}.")
    for key in ("id", "title"):
        if len({str(choice.get(key)) for choice in message.buttons}) < len(message.buttons):
            raise refusal("bad_choices", f"Two {what} have the same {key}.")


def _filled(what: str, text: str | None, most: int) -> str:
    if not text or not text.strip():
        raise refusal("empty", f"The {what} is empty.")
    _fits(what, text, most)
    return text


def _fits(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise refusal("too_long", f"The {what} has {len(text)} characters; WhatsApp takes {most}.")


_BUILDERS: dict[str, Callable[[OutboundMessage], dict]] = {
    "text": _text,
    "buttons": _buttons,
    "list": _list,
    "location": _location,
    "template": _template,
    **dict.fromkeys(MEDIA_KINDS, _media),
}
