"""Messages as a customer writes them: every type that Meta's webhooks know, and others."""

import base64
import time

from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.webhooks import Delivery
from cloudchat.simulators.whatsapp.hooks import Hooks
from cloudchat.simulators.whatsapp.media import SAMPLE_FILES, Media
from cloudchat.simulators.whatsapp.payloads import change
from cloudchat.simulators.whatsapp.state import DEMO_NUMBER, Account, Message, State, wamid

DELIVERY_OPTIONS = ("signature", "url", "secret", "retry")


class Inbound:
    """Builds webhook messages from short descriptions and sends them on their way."""

    def __init__(self, state: State, media: Media, hooks: Hooks):
        self._state = state
        self._media = media
        self._hooks = hooks

    def receive(self, spec: dict) -> dict:
        """One message from a customer, delivered `copies` times; fields: see the control API."""
        account, contact, item = self._build(spec)
        message = self._keep(account, contact, item)
        value = {"contacts": [contact]} if contact and spec.get("contacts", True) is not False else {}
        changes = [(account, change(account, **value, messages=[item]))]
        deliveries = self._deliver(account, changes, f"message {item['type']}", spec)
        message.delivery = deliveries[0]
        self._state.changed()
        return {"id": item["id"], "message": item, "deliveries": [d.id for d in deliveries]} | (
            _waited(deliveries) if spec.get("wait") else {}
        )

    def batch(self, specs: list[dict], options: dict) -> dict:
        """Many messages, of any customers and numbers, in one POST."""
        if not specs:
            raise ValueError("messages must not be empty")
        changes, ids, kept = [], [], []
        for spec in specs:
            account, contact, item = self._build(spec)
            kept.append(self._keep(account, contact, item))
            changes.append((account, change(account, contacts=[contact], messages=[item])))
            ids.append(item["id"])
        deliveries = self._deliver(changes[0][0], changes, f"batch of {len(ids)}", options)
        for message in kept:
            message.delivery = deliveries[0]
        self._state.changed()
        return {"ids": ids, "deliveries": [d.id for d in deliveries]} | (
            _waited(deliveries) if options.get("wait") else {}
        )

    def echo(self, spec: dict) -> dict:
        """A message that the business wrote in its own WhatsApp app on a coexisting number."""
        account = self._account(spec)
        phone = _digits(spec.get("to"), "to")
        item = {
            "from": account.digits,
            "to": phone,
            "id": spec.get("wamid") or wamid(phone),
            "timestamp": str(spec.get("timestamp") or int(time.time())),
            "type": spec.get("type", "text"),
        }
        item[item["type"]] = self._content(account, item["type"], spec)
        self._state.customer(account.phone_number_id, phone)
        self._keep(account, None, item, source="echo", phone=phone)
        changes = [(account, change(account, "smb_message_echoes", message_echoes=[item]))]
        deliveries = self._deliver(account, changes, "echo", spec)
        self._state.changed()
        return {"id": item["id"], "message": item, "deliveries": [d.id for d in deliveries]} | (
            _waited(deliveries) if spec.get("wait") else {}
        )

    def account_error(self, spec: dict) -> dict:
        """An error about the number itself: `value.errors` without a message."""
        account = self._account(spec)
        error = GraphError(int(spec.get("code", 131042)), spec.get("details"))
        changes = [(account, change(account, errors=[error.webhook_item()]))]
        deliveries = self._deliver(account, changes, f"error {error.code}", spec)
        return {"deliveries": [d.id for d in deliveries]} | (_waited(deliveries) if spec.get("wait") else {})

    def _account(self, spec: dict) -> Account:
        return self._state.account(str(spec.get("phone_number_id", DEMO_NUMBER)))

    def _build(self, spec: dict) -> tuple[Account, dict, dict]:
        """(account, contact, message) of the webhook."""
        account, sender = self._account(spec), str(spec.get("from") or "")
        if not sender:
            raise ValueError("from (the customer's number) is missing")
        kind = str(spec.get("type", "text"))
        known = self._state.customers.get((account.phone_number_id, sender))
        name = spec.get("name") or (known.name if known else sender)
        contact = {"profile": {"name": name}, "wa_id": sender}
        item = {
            "from": sender,
            "id": spec.get("wamid") or wamid(sender[-15:]),
            "timestamp": str(spec.get("timestamp") or int(time.time())),
            "type": kind,
        }
        if spec.get("user_id"):  # newer accounts: a business-scoped id beside the phone
            contact["user_id"] = item["from_user_id"] = str(spec["user_id"])
        if context := self._context(account, spec):
            item["context"] = context
        content = self._content(account, kind, spec)
        if kind == "unsupported":
            item["errors"] = [GraphError(131051, "Message type is currently not supported.").webhook_item()]
        item[kind] = content
        item.update(spec.get("extra") or {})
        return account, contact, item

    def _context(self, account: Account, spec: dict) -> dict:
        context = {key: True for key in ("forwarded", "frequently_forwarded") if spec.get(key)}
        if spec.get("reply_to"):
            target = self._state.messages.get(str(spec["reply_to"]))
            mine = target is not None and target.source == "customer"
            context |= {
                "from": str(spec["from"]) if mine else account.digits,
                "id": str(spec["reply_to"]),
            }
        return context

    def _content(self, account: Account, kind: str, spec: dict):
        """What stands under the type's own key: as given, or made from the short fields."""
        if isinstance(spec.get(kind), (dict, list)):
            return spec[kind]
        if kind in SAMPLE_FILES:
            return self._media_content(account, kind, spec)
        return CONTENTS.get(kind, _text)(spec)

    def _media_content(self, account: Account, kind: str, spec: dict) -> dict:
        if spec.get("media_id"):
            found = self._media.find(str(spec["media_id"]))
            if found is None:
                raise ValueError(f"no media {spec['media_id']!r}")
        elif spec.get("data_base64") is not None:
            content = base64.b64decode(spec["data_base64"])
            mime = spec.get("mime_type", "application/octet-stream")
            found = self._media.add(account.phone_number_id, content, mime, spec.get("filename"))
        else:
            found = self._media.sample(account.phone_number_id, kind)
        content = {"id": found.id, "mime_type": found.mime, "sha256": found.sha256}
        if spec.get("caption") and kind in ("image", "document", "video"):
            content["caption"] = str(spec["caption"])
        if kind == "document":
            content["filename"] = str(spec.get("filename") or found.filename or "document")
        elif kind == "audio":
            content["voice"] = bool(spec.get("voice", True))
        elif kind == "sticker":
            content["animated"] = bool(spec.get("animated", False))
        if self._state.behaviour.media_url_in_webhook:
            content["url"] = self._media.url(found)
        return content

    def _keep(self, account, contact, item, source="customer", phone=None) -> Message:
        phone, kind = phone or item["from"], item["type"]
        with self._state.lock:
            message = Message(
                id=item["id"],
                seq=self._state.next_seq(),
                phone_number_id=account.phone_number_id,
                phone=phone,
                source=source,
                type=kind,
                content=item[kind],
                context_id=item.get("context", {}).get("id"),
            )
            if source == "customer":
                name = contact["profile"]["name"]
                customer = self._state.customer(account.phone_number_id, phone, name)
                customer.last_inbound_at = time.time()
                if self._state.behaviour.count_inbound:
                    account.throughput.take(force=True)
            if kind == "reaction":
                target = self._state.messages.get(item[kind].get("message_id"))
                if target:
                    target.reactions[source] = item[kind].get("emoji", "")
            known = self._state.messages.get(message.id)
            return known or self._state.add(message)  # the same id again is not a new bubble

    def _deliver(self, account, changes, kind: str, spec: dict) -> list[Delivery]:
        options = {key: spec[key] for key in DELIVERY_OPTIONS if key in spec}
        copies, interval = int(spec.get("copies", 1)), float(spec.get("interval", 0))
        if not 1 <= copies <= 200:
            raise ValueError("copies must be 1 to 200")
        options["customer"] = str(spec.get("from") or spec.get("to") or "")
        if spec.get("parallel"):
            options["own_lane"] = True
        return [
            self._hooks.send(account, lambda: changes, kind, delay=number * interval, **options)
            for number in range(copies)
        ]


def _text(spec: dict) -> dict:
    return {"body": str(spec.get("text", ""))}


def _location(spec: dict) -> dict:
    place = {"latitude": -6.2, "longitude": 106.816666}
    fields = {"place": "name"} | {k: k for k in ("latitude", "longitude", "address")}
    return place | {fields[k]: spec[k] for k in fields if spec.get(k) is not None}


def _contacts(spec: dict) -> list:
    name = str(spec.get("contact_name", "Rina"))
    phone = str(spec.get("contact_phone", "6281234567899"))
    numbers = [{"phone": f"+{phone}", "wa_id": phone, "type": "CELL"}]
    return [{"name": {"formatted_name": name, "first_name": name}, "phones": numbers}]


def _reply(spec: dict) -> dict:
    kind = spec.get("reply_type", "button_reply")
    if kind not in ("button_reply", "list_reply"):
        raise ValueError("reply_type must be button_reply or list_reply")
    reply = {"id": str(spec.get("reply_id", "")), "title": str(spec.get("title", ""))}
    if kind == "list_reply" and spec.get("description"):
        reply["description"] = str(spec["description"])
    return {"type": kind, kind: reply}


def _button(spec: dict) -> dict:
    text = str(spec.get("text", ""))
    return {"payload": str(spec.get("payload", text)), "text": text}


def _reaction(spec: dict) -> dict:
    content = {"message_id": str(spec.get("message_id", ""))}
    return content | ({"emoji": spec["emoji"]} if spec.get("emoji") else {})


def _unsupported(spec: dict) -> dict:
    return {"type": str(spec.get("unsupported_type", "poll"))}


CONTENTS = {
    "location": _location,
    "contacts": _contacts,
    "interactive": _reply,
    "button": _button,
    "reaction": _reaction,
    "unsupported": _unsupported,
}


def _digits(value: object, name: str) -> str:
    text = str(value or "").lstrip("+")
    if not text:
        raise ValueError(f"{name} is missing")
    return text


def _waited(deliveries: list[Delivery]) -> dict:
    """The answers to every copy's first try."""
    for delivery in deliveries:
        delivery.attempted.wait(60)
    return {"answers": [(d.attempts or [{}])[0] for d in deliveries]}
