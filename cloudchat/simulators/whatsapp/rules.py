"""Meta's limits on what may be sent. Pure functions; a breach raises GraphError.

Source: Meta's reference pages of the message types; lengths are in code points.
"""

import re

from cloudchat.simulators.meta.errors import CODES, GraphError

TYPES = (
    "audio", "contacts", "document", "image", "interactive", "location", "reaction", "sticker",
    "template", "text", "video",
)  # fmt: skip
MEDIA = ("image", "document", "audio", "video", "sticker")
CAPTIONED = ("image", "document", "video")
MB = 1024 * 1024
# kind -> {mime type: largest size}
MEDIA_TYPES = {
    "image": {"image/jpeg": 5 * MB, "image/png": 5 * MB},
    "sticker": {"image/webp": 500 * 1024},
    "audio": dict.fromkeys(["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"], 16 * MB),
    "video": dict.fromkeys(["video/mp4", "video/3gpp"], 16 * MB),
    "document": dict.fromkeys(
        [
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ],
        100 * MB,
    ),
}
ALL_MIMES = {mime: size for sizes in MEDIA_TYPES.values() for mime, size in sizes.items()}


def invalid(details: str) -> GraphError:
    return GraphError(131009, details)


def missing(name: str) -> GraphError:
    return GraphError(131008, f"The parameter {name} is required.")


def check_message(payload: dict) -> str:
    """Check a whole send request (not its media ids); the type."""
    kind = str(payload.get("type", "text")).lower()
    if payload.get("recipient_type", "individual") != "individual":
        raise GraphError(100, "Param recipient_type must be 'individual'.")
    if not re.fullmatch(r"\+?[\d\s().-]+", str(payload.get("to", ""))):
        raise GraphError(100, message="(#100) The parameter to is required.")
    if not 7 <= len(re.sub(r"\D", "", str(payload["to"]))) <= 15:
        raise GraphError(100, "Param to is not a valid phone number.")
    if kind not in TYPES:
        names = ", ".join(name.upper() for name in TYPES)
        raise GraphError(100, message=f'(#100) Param type must be one of {{{names}}} - got "{kind}".')
    content = payload.get(kind)
    if not isinstance(content, (list if kind == "contacts" else dict)):
        raise GraphError(131008, f"Parameter '{kind}' is mandatory for type '{kind}'")
    if len(str(payload.get("biz_opaque_callback_data", ""))) > 512:
        raise invalid("biz_opaque_callback_data may have at most 512 characters.")
    context = payload.get("context")
    if context is not None and not (isinstance(context, dict) and context.get("message_id")):
        raise missing("context['message_id']")
    CHECKS[kind](content)
    return kind


def _text(content: dict) -> None:
    body = content.get("body")
    if not isinstance(body, str) or not body.strip():
        raise missing("text['body']")
    if len(body) > 4096:
        raise GraphError(100, message="(#100) Param text['body'] must be at most 4096 characters long.")


def _media(kind: str):
    def check(content: dict) -> None:
        has_id, link = bool(content.get("id")), content.get("link")
        if has_id == bool(link):
            raise GraphError(131008, f"{kind}: exactly one of id and link is required.")
        if link and not re.match(r"https?://[^/\s]+", str(link)):
            raise invalid(f"{kind}['link'] is not a valid URL.")
        if content.get("caption") is not None:
            if kind not in CAPTIONED:
                raise invalid(f"{kind} does not support a caption.")
            _length(content["caption"], f"{kind}['caption']", 1024, least=0)
        if kind == "document" and content.get("filename") is not None:
            _length(content["filename"], "document['filename']", 240)

    return check


def _location(content: dict) -> None:
    for name, limit in (("latitude", 90), ("longitude", 180)):
        if content.get(name) in (None, ""):
            raise missing(f"location['{name}']")
        try:
            inside = -limit <= float(content[name]) <= limit
        except (TypeError, ValueError):
            inside = False
        if not inside:
            raise invalid(f"location['{name}'] must be a number between -{limit} and {limit}.")


def _contacts(content: list) -> None:
    if not content:
        raise missing("contacts")
    for contact in content:
        name = contact.get("name") if isinstance(contact, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name"):
            raise missing("contacts['name']['formatted_name']")


def _reaction(content: dict) -> None:
    if not content.get("message_id"):
        raise missing("reaction['message_id']")
    if not isinstance(content.get("emoji"), str):
        raise missing("reaction['emoji']")


def _template(content: dict) -> None:
    """Form only; a name like `err_132015` is refused with that code. A registry may check more."""
    name, language = content.get("name"), content.get("language")
    if not isinstance(name, str) or not name:
        raise missing("template['name']")
    if not isinstance(language, dict) or not language.get("code"):
        raise missing("template['language']['code']")
    if not re.fullmatch(r"[a-z0-9_]{1,512}", name):
        raise GraphError(132001, f"template name ({name}) does not exist in {language['code']}")
    if (magic := re.fullmatch(r"err_(\d+)", name)) and int(magic[1]) in CODES:
        raise GraphError(int(magic[1]))
    if not isinstance(content.get("components", []), list):
        raise invalid("template['components'] must be a list.")


def _interactive(content: dict) -> None:
    kind, action = content.get("type"), content.get("action")
    if kind not in ("button", "list", "cta_url", "location_request_message"):
        raise invalid(f"Interactive type {kind!r} is not valid.")
    _length(_inner(content, "body"), "body text", 4096 if kind == "list" else 1024)
    if content.get("footer") is not None:
        _length(_inner(content, "footer"), "footer text", 60)
    if content.get("header") is not None:
        _header(content["header"], kind)
    if not isinstance(action, dict):
        raise missing("interactive['action']")
    if kind == "button":
        _buttons(action.get("buttons"))
    elif kind == "list":
        _list(action)


def _header(header: dict, kind: str) -> None:
    form = header.get("type") if isinstance(header, dict) else None
    allowed = ("text",) if kind == "list" else ("text", "image", "video", "document")
    if form not in allowed:
        raise invalid(f"Header type must be one of {', '.join(allowed)}.")
    if form == "text":
        if not header.get("text"):
            raise invalid("Text cannot be null for header type text")
        _length(header["text"], "header text", 60)
    elif not isinstance(header.get(form), dict):
        raise missing(f"interactive['header']['{form}']")
    else:
        _media(form)(header[form])


def _buttons(buttons: object) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise invalid("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    replies = [button.get("reply") for button in buttons if isinstance(button, dict)]
    if len(replies) != len(buttons) or not all(isinstance(reply, dict) for reply in replies):
        raise missing("interactive['action']['buttons']['reply']")
    for reply in replies:
        _length(reply.get("title"), "Button title", 20)
        _length(reply.get("id"), "Button id", 256)
    _unique([reply["title"] for reply in replies], "Button titles")
    _unique([reply["id"] for reply in replies], "Button ids")


def _list(action: dict) -> None:
    _length(action.get("button"), "List button label", 20)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= 10:
        raise invalid("Invalid sections count. Min allowed sections: 1, Max allowed sections: 10")
    rows = []
    for section in sections:
        if not isinstance(section, dict) or not isinstance(section.get("rows"), list):
            raise missing("interactive['action']['sections']['rows']")
        if len(sections) > 1 or section.get("title") is not None:
            _length(section.get("title"), "Section title", 24)
        rows += section["rows"]
    if not 1 <= len(rows) <= 10:
        raise invalid("Total row count exceed max allowed count: 10" if rows else "No rows given.")
    for row in rows:
        if not isinstance(row, dict):
            raise invalid("A row must be an object.")
        _length(row.get("id"), "Row id", 200)
        _length(row.get("title"), "Row title", 24)
        _length(row.get("description") or "", "Row description", 72, least=0)
    _unique([row["id"] for row in rows], "Row ids")


def _inner(content: dict, name: str) -> object:
    part = content.get(name)
    return part.get("text") if isinstance(part, dict) else None


def _length(value: object, name: str, most: int, least: int = 1) -> None:
    if value is None:
        raise missing(name)
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise invalid(f"{name} length invalid. Min length: {least}, Max length: {most}")


def _unique(values: list, name: str) -> None:
    if len(set(values)) != len(values):
        raise invalid(f"{name} must be unique.")


CHECKS = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "template": _template,
    "interactive": _interactive,
    **{kind: _media(kind) for kind in MEDIA},
}
