"""Telegram updates: one a call. Only private chats are a customer's; groups are passed over."""

from cloudchat.channels import payload, telegram_content
from cloudchat.channels.base import Acknowledgement, InboundMessage, Parsed, RawEvent
from cloudchat.channels.payload import as_dict, as_text, dicts, ident

MESSAGES = ("message", "edited_message")
UPDATES = (*MESSAGES, "callback_query", "my_chat_member")


def split(raw: bytes) -> list[RawEvent]:
    """The event of a webhook body. Raises ValueError only if it is no JSON object."""
    body = payload.load_object(raw)
    number = ident(body.get("update_id"))
    name = next((key for key in UPDATES if isinstance(body.get(key), dict)), None)
    if number is None or name is None:
        return [RawEvent("", f"other:{number or payload.digest(body)}", "other", body)]
    kind = "message" if name in (*MESSAGES, "callback_query") else "other"
    content = body[name]
    if name in MESSAGES and not _is_private(content):
        return []  # a group's talk is nobody's conversation with us, and none of ours to keep
    return [RawEvent("", f"update:{number}", kind, {name: content})]


def _is_private(message: dict) -> bool:
    return as_dict(message.get("chat")).get("type") in ("private", None)


def parse(event: RawEvent) -> list[Parsed]:
    """The meaning of one event; an empty list where there is nothing to do."""
    for name in MESSAGES:
        if item := as_dict(event.payload.get(name)):
            message = _message(item, edited=name == "edited_message")
            return [message] if message else []
    if query := as_dict(event.payload.get("callback_query")):
        return _tap(query)
    return []


def message_key(chat_id: str, message_id: str) -> str:
    """Telegram counts messages per chat, so only both together name one."""
    return f"{chat_id}:{message_id}"


def _message(item: dict, *, edited: bool) -> InboundMessage | None:
    chat_id = ident(as_dict(item.get("chat")).get("id"))
    message_id = ident(item.get("message_id"))
    sender = as_dict(item.get("from"))
    if chat_id is None or message_id is None or sender.get("is_bot") is True:
        return None
    fields = telegram_content.read(item)
    replied = ident(as_dict(item.get("reply_to_message")).get("message_id"))
    extra = fields.pop("extra")
    if username := as_text(sender.get("username"), 64):
        extra["username"] = username
    return InboundMessage(
        external_id=message_key(chat_id, message_id),
        external_user_id=chat_id,
        occurred_at=payload.moment(item.get("edit_date") if edited else item.get("date")),
        user_name=_name(sender) or _name(as_dict(item.get("chat"))),
        reply_to_external_id=message_key(chat_id, replied) if replied else None,
        edited=edited,
        extra=extra,
        **fields,
    )


def _tap(query: dict) -> list[Parsed]:
    """A button of an inline keyboard: a message of the customer's, and a sign that is waited for."""
    query_id = ident(query.get("id"))
    sender, message = as_dict(query.get("from")), as_dict(query.get("message"))
    chat = as_dict(message.get("chat"))
    chat_id = ident(chat.get("id")) or ident(sender.get("id"))
    if query_id is None or chat_id is None or not _is_private(message):
        return []
    message_id, data = ident(message.get("message_id")), as_text(query.get("data"), 255)
    waiting = Acknowledgement({"query_id": query_id, "chat_id": chat_id, "message_id": message_id})
    if not data:
        return [waiting]
    tapped = InboundMessage(
        external_id=f"tap:{query_id}",
        external_user_id=chat_id,
        kind="interactive",
        occurred_at=payload.moment(None),
        text=_title(message, data) or data,
        user_name=_name(sender),
        choice_id=data,
        reply_to_external_id=message_key(chat_id, message_id) if message_id else None,
    )
    return [tapped, waiting]


def _title(message: dict, data: str) -> str | None:
    """What stood on the button; Telegram sends its keyboard along, except with an old message."""
    rows = as_dict(message.get("reply_markup")).get("inline_keyboard")
    for row in rows if isinstance(rows, list) else ():
        for button in dicts(row):
            if button.get("callback_data") == data:
                return as_text(button.get("text"), 255)
    return None


def _name(person: dict) -> str | None:
    parts = [as_text(person.get(key), 128) for key in ("first_name", "last_name")]
    return " ".join(part for part in parts if part) or as_text(person.get("username"), 64) or None
