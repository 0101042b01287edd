"""WhatsApp Cloud webhooks: a signed body becomes events, a stored event becomes its meaning."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from cloudchat.channels import meta_errors, payload, whatsapp_content, whatsapp_template_news
from cloudchat.channels.base import (
    AccountUpdate,
    Deletion,
    InboundMessage,
    Parsed,
    RawEvent,
    StatusUpdate,
    WishUpdate,
)
from cloudchat.channels.payload import as_dict, as_text, dicts, ident

log = logging.getLogger(__name__)

MAX_EVENTS = 20_000  # of one body; Meta promises at most 1,000

# News about the number or its WABA, kept for the device's page.
ACCOUNT_FIELDS = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_update",
        "business_capability_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
    }
)
_STATUSES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}


def split(raw: bytes) -> list[RawEvent]:
    """The events of a webhook body. Raises ValueError only if it is no JSON object."""
    return split_body(payload.load_object(raw))


def split_body(body: dict) -> list[RawEvent]:
    """The events of a webhook body that was read already."""
    events = list(islice(_events(body), MAX_EVENTS + 1))
    if len(events) > MAX_EVENTS:
        log.error("whatsapp: a body with more than %d items, the rest is dropped", MAX_EVENTS)
        events.pop()
    if unknown := sum(event.kind == "other" for event in events):
        log.warning("whatsapp: %d of %d items not understood", unknown, len(events))
    return events


def _events(body: dict) -> Iterator[RawEvent]:
    ours = body.get("object") == "whatsapp_business_account"
    for entry in dicts(body.get("entry")):
        changes = dicts(entry.get("changes")) if ours else []
        if not changes:
            yield _whole("other", "", entry, entry)
        for change in changes:
            yield from _of_change(entry, change)


def _of_change(entry: dict, change: dict) -> Iterator[RawEvent]:
    value = as_dict(change.get("value"))
    account = ident(as_dict(value.get("metadata")).get("phone_number_id")) or ""
    field = change.get("field")
    readers = _ITEMS.get(field, ()) if isinstance(field, str) else ()
    found = False
    for reader in readers:
        for event in reader(account, entry, value):
            found = True
            yield event
    if not found:
        known = isinstance(field, str) and field in ACCOUNT_FIELDS
        content = {"field": as_text(field, 100), "value": change.get("value")}
        if whatsapp_template_news.is_news(value) and (waba := ident(entry.get("id"))):
            content["waba"] = waba
        kind = "template" if "waba" in content else "account" if known else "other"
        yield _whole(kind, account, entry, _timed(entry, content))


def _messages(account: str, entry: dict, value: dict) -> Iterator[RawEvent]:
    messages, contacts = dicts(value.get("messages")), dicts(value.get("contacts"))
    by_id = {ident(contact.get(key)): contact for contact in contacts for key in ("user_id", "wa_id")}
    by_id.pop(None, None)
    alone = contacts[0] if len(messages) == len(contacts) == 1 else None  # wa_id may differ from `from`
    for message in messages:
        content = {"message": message}
        contact = by_id.get(ident(message.get("from"))) or alone
        contact = contact or by_id.get(ident(message.get("from_user_id")))
        if contact:
            content["contact"] = contact
        yield _item("message", account, entry, content, message.get("id"))


def _statuses(account: str, entry: dict, value: dict) -> Iterator[RawEvent]:
    for status in dicts(value.get("statuses")):
        message_id, name = ident(status.get("id")), as_text(status.get("status"), 20)
        key = f"{message_id}:{name}" if message_id and name else None
        yield _item("status", account, entry, {"status": status}, key)


def _errors(account: str, entry: dict, value: dict) -> Iterator[RawEvent]:
    if errors := dicts(value.get("errors")):
        content = _timed(entry, {"field": "errors", "value": {"errors": errors}})
        yield _whole("account", account, entry, content)


def _echoes(account: str, entry: dict, value: dict) -> Iterator[RawEvent]:
    for message in dicts(value.get("message_echoes")):
        yield _item("echo", account, entry, {"message": message}, message.get("id"))


def _wishes(account: str, entry: dict, value: dict) -> Iterator[RawEvent]:
    for item in dicts(value.get("user_preferences")):
        yield _whole("wish", account, entry, {"wish": item})


_ITEMS = {
    "messages": (_messages, _statuses, _errors),
    "smb_message_echoes": (_echoes,),
    "user_preferences": (_wishes,),
}


def _item(kind: str, account: str, entry: dict, content: dict, key: Any) -> RawEvent:
    """An event known by an id of its own; without one it cannot be handled, only kept."""
    provider_id = ident(key)
    if provider_id is None:
        return _whole("other", account, entry, content)
    return RawEvent(account, provider_id, kind, content, ident(entry.get("id")))


def _whole(kind: str, account: str, entry: dict, content: dict) -> RawEvent:
    """An event without an id: a repeat of it is known by its content."""
    parent = ident(entry.get("id"))
    key = payload.digest([parent, content])
    return RawEvent(account, f"{kind}:{key}", kind, content, parent)


def _timed(entry: dict, content: dict) -> dict:
    """News repeats itself word by word; the time of the delivery tells it from a second delivery."""
    return {**content, "time": entry["time"]} if "time" in entry else content


def parse(event: RawEvent) -> list[Parsed]:
    """The meaning of one event; an empty list where there is nothing to do."""
    content = event.payload
    if event.kind in ("message", "echo"):
        changed = _change(content) if event.kind == "message" else None
        message = changed or _message(content, echo=event.kind == "echo")
        return [message] if message else []
    if event.kind == "status":
        update = _status(as_dict(content.get("status")))
        return [update] if update else []
    if event.kind == "wish":
        wish = _wish(as_dict(content.get("wish")))
        return [wish] if wish else []
    if event.kind == "template":
        news = whatsapp_template_news.read(content)
        return [news] if news else []
    return [_account(content)] if event.kind == "account" else []


def _status(item: dict) -> StatusUpdate | None:
    external_id, name = ident(item.get("id")), item.get("status")
    if external_id is None or not isinstance(name, str) or name not in _STATUSES:
        return None
    errors = dicts(item.get("errors"))
    return StatusUpdate(
        external_id=external_id,
        status=_STATUSES[name],
        occurred_at=payload.moment(item.get("timestamp")),
        reference=as_text(item.get("biz_opaque_callback_data"), 512) or None,
        error=meta_errors.describe(errors[0]) if errors else None,
    )


def _wish(item: dict) -> WishUpdate | None:
    user, value = ident(item.get("wa_id")) or ident(item.get("user_id")), item.get("value")
    if user is None or item.get("category") != "marketing_messages" or value not in ("stop", "resume"):
        return None
    moment = payload.moment(item.get("timestamp"))
    return WishUpdate(user, phone_of(user), wanted=value == "resume", occurred_at=moment)


def _account(content: dict) -> AccountUpdate:
    value = as_dict(content.get("value"))
    errors = dicts(value.get("errors"))
    error = meta_errors.describe(errors[0]) if errors else None
    dead = error is not None and error["code"] in {str(code) for code in meta_errors.REAUTH}
    return AccountUpdate(
        status="needs_reauth" if dead else None,
        error=error,
        details={"field": content.get("field"), "value": value},
    )


def _change(content: dict) -> InboundMessage | Deletion | None:
    """What the customer made of an earlier message: other words, or nothing at all."""
    item = as_dict(content.get("message"))
    kind = item.get("type")
    body = as_dict(item.get(kind)) if kind in ("edit", "revoke") else {}
    target = ident(body.get("original_message_id"))
    if target is None:
        return None
    if kind == "revoke":
        return Deletion(target, payload.moment(item.get("timestamp")))
    frame = {key: value for key, value in item.items() if key not in ("type", "edit", "context")}
    now_reads = {**as_dict(body.get("message")), **frame, "id": target}
    made = _message({**content, "message": now_reads}, echo=False)
    return replace(made, edited=True) if made and made.text is not None else None


def _message(content: dict, *, echo: bool) -> InboundMessage | None:
    item, contact = as_dict(content.get("message")), as_dict(content.get("contact"))
    external_id = ident(item.get("id"))
    # An account may be known by a business-scoped id in place of a phone number.
    number = ident(item.get("to" if echo else "from"))
    scoped = ident(item.get("to_user_id" if echo else "from_user_id")) or ident(contact.get("user_id"))
    user = number or scoped or ident(contact.get("wa_id"))
    if external_id is None or user is None:
        return None
    fields = whatsapp_content.read(item)
    extra = fields.pop("extra")
    if scoped and scoped != user:
        extra["user_id"] = scoped
    return InboundMessage(
        external_id=external_id,
        external_user_id=user,
        occurred_at=payload.moment(item.get("timestamp")),
        user_name=None if echo else (as_text(as_dict(contact.get("profile")).get("name"), 255) or None),
        phone=phone_of(user) or phone_of(ident(contact.get("wa_id")) or ""),
        echo=echo,
        extra=extra,
        **fields,
    )


def phone_of(user_id: str) -> str | None:
    """The id as an E.164 number, if it is one."""
    digits = user_id.removeprefix("+")
    fits = 7 <= len(digits) <= 15 and digits.isascii() and digits.isdigit()
    return f"+{digits}" if fits and digits[0] != "0" else None
