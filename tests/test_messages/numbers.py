"""A business number in the simulator, its device at our desk, and what arrives for it."""

import json
import time
from dataclasses import dataclass, field

import httpx

from cloudchat.channels import get as channel_for
from cloudchat.extensions import db
from cloudchat.models import Contact, Conversation, Device, Message, OutboxEntry, WebhookEvent
from cloudchat.services import accounts, conversations, delivery, intake
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as
from tests import factories


def identity(person: factories.Person) -> Identity:
    """The person as services take them."""
    with acting_as(person.organization_id):
        return accounts.identify_token(person.token)


@dataclass
class Number:
    """One number: the customer's side (`text`, `receive`) and the desk's (`rows`, `sent`)."""

    organization_id: int
    device: Device
    simulator_url: str
    customer: str = field(default_factory=lambda: f"6281{factories.number():09d}")

    @property
    def id(self) -> str:
        return self.device.external_account

    def control(self, path: str, body: dict | None = None, method: str | None = None) -> dict:
        """A call to the simulator's control API."""
        answer = httpx.request(
            method or ("GET" if body is None else "POST"),
            f"{self.simulator_url}/_control/{path}",
            json=body,
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()

    def fault(self, kind: str, **fields) -> dict:
        return self.control("meta/faults", {"kind": kind, "node": self.id, **fields})

    def sent(self) -> list[dict]:
        """What the simulator accepted from this number: the judge."""
        return self.control(f"whatsapp/sent?phone_number_id={self.id}")["items"]

    def write(self, **fields) -> dict:
        """The customer writes, by the simulator: its webhook goes to the running desk."""
        return self.control(
            "whatsapp/messages", {"phone_number_id": self.id, "from": self.customer, **fields}
        )

    # --- webhooks made here ---------------------------------------------------------------------

    def message(self, kind: str = "text", content=None, **more) -> dict:
        """A message object of Meta's. `content` may be the text itself."""
        if kind == "text":
            content = {"body": content if content is not None else "Halo"}
        made = {
            "from": self.customer,
            "id": f"wamid.{factories.number()}.{time.time_ns()}",
            "timestamp": str(int(time.time())),
            "type": kind,
            kind: content,
        }
        return {key: value for key, value in {**made, **more}.items() if value is not None}

    def status(self, message_id: str, name: str, **more) -> dict:
        return {"id": message_id, "status": name, "timestamp": str(int(time.time())), **more}

    def echo(self, text: str = "Dari ponsel toko") -> dict:
        return {**self.message(content=text), "from": "15550783881", "to": self.customer}

    def change(self, messages=(), statuses=(), echoes=(), name: str = "Budi") -> dict:
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": self.id}}
        if echoes:
            return {"field": "smb_message_echoes", "value": {**value, "message_echoes": list(echoes)}}
        if messages:
            people = dict.fromkeys(message["from"] for message in messages)
            value["contacts"] = [{"profile": {"name": name}, "wa_id": person} for person in people]
            value["messages"] = list(messages)
        if statuses:
            value["statuses"] = list(statuses)
        return {"field": "messages", "value": value}

    def receive(self, *messages: dict, **more) -> int:
        """Take in a webhook with these messages (or `statuses=`, `echoes=`)."""
        return receive(self.change(messages, **more))

    # --- what the desk has ----------------------------------------------------------------------

    def conversation(self) -> Conversation | None:
        """The unresolved conversation of the customer, read anew."""
        found = self.conversations()
        return next((row for row in found if row.status != "resolved"), None)

    def conversations(self) -> list[Conversation]:
        return self._all(Conversation)

    def messages(self, direction: str | None = None) -> list[Message]:
        rows = self._all(Message)
        return [row for row in rows if direction in (None, row.direction)]

    def contacts(self) -> list[Contact]:
        with acting_as(self.organization_id):
            return list(db.session.scalars(db.select(Contact).order_by(Contact.id)))

    def outbox(self) -> list[OutboxEntry]:
        return self._all(OutboxEntry)

    def stored(self) -> list[WebhookEvent]:
        """The events that were kept."""
        return self._all(WebhookEvent)

    def _all(self, model) -> list:
        with acting_as(self.organization_id):
            statement = db.select(model).where(model.device_id == self.device.id).order_by(model.id)
            return list(db.session.scalars(statement.execution_options(populate_existing=True)))

    def refreshed(self) -> Device:
        with acting_as(self.organization_id):
            return db.session.get(Device, self.device.id, populate_existing=True)

    def deliver(self, **more) -> float | None:
        """Send what is due, as a job would."""
        with acting_as(self.organization_id):
            return delivery.deliver(self.device.id, **more)

    def read(self, person: factories.Person) -> None:
        with acting_as(self.organization_id):
            conversations.mark_read(identity(person), self.conversation().id)


def body(*changes: dict) -> bytes:
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "WABA", "changes": list(changes)}]}
    ).encode()


def receive(*changes: dict) -> int:
    """Take in one webhook body, as the route does once its signature is checked."""
    channel = channel_for("wa_official")
    return intake.receive("wa_official", channel.split(body(*changes)))
