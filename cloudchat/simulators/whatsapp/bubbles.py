"""A message as a phone shows it: plain values for the template."""

from cloudchat.simulators.whatsapp import rules
from cloudchat.simulators.whatsapp.sending import media_parts, preview
from cloudchat.simulators.whatsapp.state import Message, State

LABELS = {
    "image": "Foto",
    "document": "Dokumen",
    "audio": "Pesan suara",
    "video": "Video",
    "sticker": "Stiker",
    "location": "Lokasi",
    "contacts": "Kontak",
    "unsupported": "Pesan tidak didukung",
    "template": "Template",
}


def bubble(message: Message, state: State) -> dict:
    """What the templates need of one message."""
    quoted = state.messages.get(message.context_id or "")
    return {
        "id": message.id,
        "mine": message.source == "customer",
        "source": message.source,
        "kind": message.type,
        "label": LABELS.get(message.type, message.type),
        "text": _text(message),
        "title": _part(message, "header"),
        "footer": _part(message, "footer"),
        "quote": _text(quoted) or LABELS.get(quoted.type, quoted.type) if quoted else None,
        "quote_mine": bool(quoted) and quoted.source == "customer",
        "media": _media(message),
        "location": message.content if message.type == "location" else None,
        "buttons": _buttons(message),
        "menu": _menu(message),
        "reactions": [emoji for emoji in message.reactions.values() if emoji],
        "at": message.at,
        "tick": _tick(message),
    }


def _text(message: Message) -> str:
    content = message.content
    if message.type == "interactive" and message.source == "customer":
        reply = content.get(content.get("type"))
        return str(reply.get("title", "")) if isinstance(reply, dict) else ""
    if message.type == "button":
        return content.get("text", "")
    if message.type == "location":
        return " · ".join(str(content[k]) for k in ("name", "address") if content.get(k))
    if message.type == "document":
        return content.get("caption", "")
    if isinstance(content, dict) or message.type == "contacts":
        return preview(message)
    return ""


def _part(message: Message, name: str) -> str:
    """The text of an interactive message's header or footer."""
    if message.type != "interactive" or message.source == "customer":
        return ""
    part = message.content.get(name)
    return str(part.get("text") or "") if isinstance(part, dict) else ""


def _media(message: Message) -> list[dict]:
    parts = media_parts(message.type, message.content) if isinstance(message.content, dict) else []
    return [
        {
            "kind": kind,
            "id": part.get("id"),
            "link": part.get("link"),
            "filename": part.get("filename") or LABELS[kind],
        }
        for kind, part in parts
        if kind in rules.MEDIA
    ]


def _buttons(message: Message) -> list[dict]:
    """Buttons to tap: each with the control call's fields that a tap makes."""
    if message.source == "customer" or not isinstance(message.content, dict):
        return []
    if message.type == "template":
        return _quick_replies(message)
    action = message.content.get("action")
    if message.type != "interactive" or not isinstance(action, dict):
        return []
    if message.content.get("type") == "location_request_message":
        return [{"title": "Kirim lokasi", "send": {"type": "location", "reply_to": message.id}}]
    return [
        {
            "title": reply["title"],
            "send": {
                "type": "interactive",
                "reply_type": "button_reply",
                "reply_id": reply["id"],
                "title": reply["title"],
                "reply_to": message.id,
            },
        }
        for reply in (button["reply"] for button in action.get("buttons") or [])
    ]


def _quick_replies(message: Message) -> list[dict]:
    """A template's quick replies; without a template's own text the payload is the label."""
    found = []
    for component in message.content.get("components", []):
        if not isinstance(component, dict) or component.get("sub_type") != "quick_reply":
            continue
        for parameter in component.get("parameters") or []:
            payload = str(parameter.get("payload", ""))
            send = {"type": "button", "text": payload, "payload": payload, "reply_to": message.id}
            found.append({"title": payload, "send": send})
    return found


def _menu(message: Message) -> dict | None:
    """A list message: its button's label and its sections."""
    content = message.content
    if message.type != "interactive" or message.source == "customer" or content["type"] != "list":
        return None
    sections = [
        {
            "title": section.get("title") or "",
            "rows": [
                {
                    "title": row["title"],
                    "description": row.get("description") or "",
                    "send": {
                        "type": "interactive",
                        "reply_type": "list_reply",
                        "reply_id": row["id"],
                        "title": row["title"],
                        "description": row.get("description") or "",
                        "reply_to": message.id,
                    },
                }
                for row in section["rows"]
            ],
        }
        for section in content["action"]["sections"]
    ]
    return {"label": content["action"]["button"], "sections": sections}


def _tick(message: Message) -> str:
    """How far the customer's own message got: waiting, late, delivered, read."""
    if message.source != "customer":
        return ""
    if message.read:
        return "read"
    state = getattr(message.delivery, "state", "waiting")
    return {"delivered": "delivered", "retrying": "late", "failed": "late", "skipped": "late"}.get(
        state, "waiting"
    )
