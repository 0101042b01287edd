"""Messenger's webhooks: what people write and tap, what the page says, receipts."""

import time

from cloudchat.simulators.messenger.state import Page, Pages, milliseconds
from cloudchat.simulators.meta.webhooks import Deliverer, Delivery
from cloudchat.simulators.phone.pages import account_of
from cloudchat.simulators.phone.state import Account, Message, Person

_TYPES = {"image": "image", "document": "file", "audio": "audio", "video": "video", "sticker": "sticker"}


class Hooks:
    """Builds the items of webhooks and sends them on their way."""

    def __init__(self, pages: Pages, deliverer: Deliverer):
        self._pages = pages
        self._deliverer = deliverer

    def write(self, spec: dict) -> tuple[Message, list[Delivery]]:
        """Somebody writes to the page, or taps a quick reply; `postback`: a payload of the page's menu."""
        page, person_id = account_of(self._pages, spec), str(spec.get("from") or "")
        if not person_id:
            raise ValueError("from is missing")
        person = self._pages.person(page.id, person_id, spec.get("name"))
        message, body = self._written(page, person_id, spec)
        person.last_inbound_at = time.time()
        item = self._item(person_id, page.id, message.at, body)
        place = "standby" if spec.get("standby") else "messaging"
        deliveries = [self._send(page, [item], spec, place) for _ in range(int(spec.get("copies", 1)))]
        message.delivery = deliveries[0]
        self._pages.changed()
        return message, deliveries

    def _written(self, page: Page, person_id: str, spec: dict) -> tuple[Message, dict]:
        kind, text = str(spec.get("type", "text")), str(spec.get("text") or spec.get("caption") or "")
        reply = self._tapped(page, spec) if kind == "button" else None
        message = Message(
            id=str(spec.get("mid") or self._pages.mid()),
            seq=self._pages.next_seq(),
            account_id=page.id,
            person_id=person_id,
            source="customer",
            kind="text" if kind == "button" else kind,
            text=reply["title"] if reply else text,
            file=self._pages.file_for(kind, spec),
            reply_to=spec.get("reply_to") if kind != "button" else None,
        )
        self._pages.add(message)
        if spec.get("postback"):
            title = text or "Mulai"
            return message, {
                "postback": {"mid": message.id, "title": title, "payload": str(spec["postback"])}
            }
        body: dict = {"mid": message.id}
        if message.text:
            body["text"] = message.text
        if reply:
            body["quick_reply"] = {"payload": reply["id"]}
        if message.reply_to:
            body["reply_to"] = {"mid": message.reply_to}
        if attachment := self._attachment(message):
            body["attachments"] = [attachment]
        return message, {"message": body}

    def _tapped(self, page: Page, spec: dict) -> dict:
        target = self._pages.find(page.id, str(spec.get("reply_to", "")))
        found = next(
            (b for b in (target.buttons if target else ()) if b["id"] == spec.get("button_id")), None
        )
        if found is None:
            raise ValueError("button_id must be that of a quick reply of the message reply_to")
        target.buttons = []  # quick replies vanish after a tap
        return found

    def _attachment(self, message: Message) -> dict | None:
        if message.kind in _TYPES and message.file:
            payload = {"url": self._pages.url_of(message)}
            if message.kind == "sticker":
                payload["sticker_id"] = 369239263222822
            return {"type": _TYPES[message.kind], "payload": payload}
        if message.kind == "location":
            message.location = {"latitude": -6.1754, "longitude": 106.8272}
            spot = {"lat": -6.1754, "long": 106.8272}
            return {"type": "location", "title": "Monas", "payload": {"coordinates": spot}}
        return {"type": "fallback"} if message.kind == "unsupported" else None

    def typed_at_page(self, spec: dict) -> tuple[Message, list[Delivery]]:
        """Somebody answers in the page's own inbox."""
        page, person_id = account_of(self._pages, spec), str(spec.get("to") or "")
        message = self._pages.add(
            Message(
                id=self._pages.mid(),
                seq=self._pages.next_seq(),
                account_id=page.id,
                person_id=person_id,
                source="echo",
                text=str(spec.get("text", "")),
            )
        )
        body = {"is_echo": True, "app_id": 26390203743090, "mid": message.id, "text": message.text}
        item = self._item(page.id, person_id, message.at, {"message": body})
        return message, [self._send(page, [item], spec)]

    def sent(self, page: Page, message: Message, metadata: str | None) -> None:
        """The app has sent this: an echo, and the sign that it was delivered."""
        how = self._pages.behaviour
        if how.echoes:
            body = {"is_echo": True, "app_id": int(self._deliverer.options.app_id), "mid": message.id}
            body |= {"text": message.text} if message.text else {}
            body |= {"metadata": metadata} if metadata else {}
            self._send(page, [self._item(page.id, message.person_id, message.at, {"message": body})], {})
        if how.deliveries:
            body = {"mids": [message.id], "watermark": milliseconds(message.at)}
            item = self._item(message.person_id, page.id, time.time(), {"delivery": body})
            self._send(page, [item], {}, delay=how.delay)

    def viewed(self, account: Account, person: Person) -> None:
        """The customer opens the chat: what the page wrote becomes read."""
        unread = [
            m for m in self._pages.thread(account.id, person.id) if m.source == "api" and m.status != "read"
        ]
        for message in unread:
            message.status = "read"
        if unread and self._pages.behaviour.reads:
            body = {"read": {"watermark": milliseconds()}}
            item = self._item(person.id, account.id, time.time(), body)
            self._send(account, [item], {}, delay=self._pages.behaviour.delay)

    @staticmethod
    def _item(sender: str, recipient: str, at: float, body: dict) -> dict:
        ends = {"sender": {"id": sender}, "recipient": {"id": recipient}}
        return {**ends, "timestamp": milliseconds(at), **body}

    def _send(
        self, page: Page, items: list[dict], spec: dict, place: str = "messaging", delay: float = 0.0
    ) -> Delivery:
        entry = {"id": page.id, "time": milliseconds(), place: items}
        payload = {"object": "page", "entry": [entry]}
        options = {key: spec[key] for key in ("signature", "secret", "retry") if key in spec}
        return self._deliverer.post(
            lambda: payload if page.subscribed else None,
            url=page.callback or None,
            lane=f"page:{page.id}",
            kind="messenger",
            delay=delay,
            **options,
        )
