"""What the gateway reports: messages of both sides, receipts, the session's state. Signed with SHA-512."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from cloudchat.simulators.meta.webhooks import Deliverer, Delivery
from cloudchat.simulators.phone.pages import account_of
from cloudchat.simulators.phone.state import Account, Message, Person
from cloudchat.simulators.wa_device.state import Gateway, Session, chat_of

ACKS = {-1: "ERROR", 0: "PENDING", 1: "SERVER", 2: "DEVICE", 3: "READ", 4: "PLAYED"}


class Events:
    """Builds events and sends them to the webhooks of their session."""

    def __init__(self, gateway: Gateway, deliverer: Deliverer):
        self._gateway = gateway
        self._deliverer = deliverer

    def write(self, spec: dict) -> tuple[Message, list[Delivery]]:
        """A customer writes to the linked phone."""
        session, person_id = account_of(self._gateway, spec), str(spec.get("from") or "")
        if not person_id:
            raise ValueError("from is missing")
        self._gateway.person(session.id, person_id, spec.get("name"))
        message = self._keep(session, person_id, "customer", spec)
        deliveries = self.tell_message(session, message, spec)
        message.delivery = deliveries[0] if deliveries else None
        self._gateway.changed()
        return message, deliveries

    def typed_on_phone(self, spec: dict) -> tuple[Message, list[Delivery]]:
        """The shop answers from the phone itself."""
        session, person_id = account_of(self._gateway, spec), str(spec.get("to") or "")
        if not person_id:
            raise ValueError("to is missing")
        message = self._keep(session, person_id, "echo", spec)
        return message, self.tell_message(session, message, spec)

    def _keep(self, session: Session, person_id: str, source: str, spec: dict) -> Message:
        kind = str(spec.get("type", "text"))
        place = {"latitude": "-6.1754", "longitude": "106.8272", "description": "Monas"}
        return self._gateway.add(
            Message(
                id=self._gateway.message_id(source != "customer", chat_of(person_id)),
                seq=self._gateway.next_seq(),
                account_id=session.id,
                person_id=person_id,
                source=source,
                kind=kind,
                text=str(spec.get("text") or spec.get("caption") or ""),
                file=self._gateway.file_for(kind, spec),
                location=place if kind == "location" else None,
                reply_to=spec.get("reply_to"),
            )
        )

    def tell_message(self, session: Session, message: Message, spec: dict | None = None) -> list[Delivery]:
        """`message` for what came in, `message.any` for both sides."""
        names = ("message.any",) if message.source != "customer" else ("message", "message.any")
        return [
            delivery
            for name in names
            for _ in range(int((spec or {}).get("copies", 1)))
            for delivery in self._tell(session, name, self.body(session, message), spec)
        ]

    def tell_ack(self, session: Session, message: Message, ack: int, delay: float = 0.0) -> None:
        body = self.body(session, message)
        kept = {key: body[key] for key in ("id", "from", "to", "participant", "fromMe")}
        payload = {**kept, "ack": ack, "ackName": ACKS[ack]}
        self._tell(session, "message.ack", payload, delay=delay)

    def set_status(self, session: Session, status: str) -> None:
        """Change the session's state, and tell it."""
        session.status = status
        self._gateway.changed()
        self._tell(session, "session.status", {"name": session.id, "status": status})

    def viewed(self, account: Account, person: Person) -> None:
        """The customer opens the chat: what the shop wrote becomes read."""
        thread = self._gateway.thread(account.id, person.id)
        for message in (m for m in thread if m.source == "api" and m.status != "read"):
            message.status = "read"
            if self._gateway.behaviour.acks:
                self.tell_ack(account, message, 3, self._gateway.behaviour.ack_delay)

    def body(self, session: Session, message: Message) -> dict:
        """A message in the gateway's own shape."""
        mine, chat = message.source != "customer", chat_of(message.person_id)
        own = f"{session.number}@c.us"
        body = {
            "id": message.id,
            "timestamp": int(message.at),
            "from": own if mine else chat,
            "fromMe": mine,
            "to": chat if mine else own,
            "participant": None,
            "body": message.text,
            "hasMedia": message.file is not None,
            "media": None,
            "ack": 1,
            "ackName": "SERVER",
            "location": message.location,
            "vCards": [],
            "replyTo": {"id": message.reply_to} if message.reply_to else None,
            "_data": {} if mine else {"notifyName": self._gateway.person(session.id, message.person_id).name},
        }
        if message.file:
            url = f"http://waha:3000/api/files/{session.id}/{message.file.id}"  # as it knows itself
            body["media"] = {"url": url, "mimetype": message.file.mime, "filename": message.file.filename}
        if message.kind == "contact":
            body["vCards"] = ["BEGIN:VCARD\nVERSION:3.0\nFN:Rina\nTEL:+6281234567899\nEND:VCARD"]
        return body

    def _tell(
        self, session: Session, event: str, payload: dict, spec: dict | None = None, delay: float = 0.0
    ) -> list[Delivery]:
        spec = spec or {}
        hooks = [hook for hook in session.webhooks if event in hook.get("events", ())]
        if not session.webhooks and spec.get("wait"):
            raise ValueError("the session has no webhook")
        envelope = {
            "id": f"evt_{secrets.token_hex(12)}",
            "timestamp": int(time.time() * 1000),
            "event": event,
            "session": session.id,
            "metadata": session.metadata,
            "engine": self._gateway.behaviour.engine,
            "me": session.me,
            "payload": payload,
            "environment": {"version": "2025.9.1", "engine": "NOWEB", "tier": "CORE"},
        }
        return [
            self._deliverer.post(
                envelope,
                url=hook["url"],
                lane=f"wa-device:{session.id}",
                kind=f"wa-device {event}",
                delay=delay,
                retry=bool(spec.get("retry", True)),
                headers=self._headers(envelope["id"], str((hook.get("hmac") or {}).get("key") or "")),
            )
            for hook in hooks
        ]

    def _headers(self, request_id: str, key: str) -> Callable[[bytes], dict[str, str]]:
        def headers(body: bytes) -> dict[str, str]:
            made = {"X-Webhook-Request-Id": request_id, "X-Webhook-Timestamp": str(int(time.time() * 1000))}
            if key and self._gateway.behaviour.sign:
                made["X-Webhook-Hmac"] = hmac.new(key.encode(), body, hashlib.sha512).hexdigest()
                made["X-Webhook-Hmac-Algorithm"] = "sha512"
            return made

        return headers
