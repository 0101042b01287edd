"""A device of one channel with its far end in the simulator: what customers do, what the desk has.

A customer's message is made by the simulator, signed as the provider signs it, and handed to the
webhook route by the test itself: no desk has to run, and one that runs for other tests hears nothing.
"""

import hashlib
import hmac
import json
import time
from dataclasses import replace

import httpx

from cloudchat import config as configuration
from cloudchat.config import SIMULATOR_APP_SECRET
from cloudchat.extensions import db
from cloudchat.models import Contact, Conversation, Device, Message, WebhookEvent
from cloudchat.services import connecting, delivery, outbound
from cloudchat.simulators.meta.signing import signature_headers
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_messages.numbers import identity

NOWHERE = "http://127.0.0.1:9/"


class Line:
    """One device; subclasses know their provider."""

    kind = ""
    provider = ""

    def __init__(self, app, simulator, cast):
        self.client = app.test_client()
        self.simulator = simulator
        self.cast = cast
        self.organization_id = cast.organization_id
        self.customer = f"6{factories.number():09d}"
        self.device = self.make()

    # --- provider's side -------------------------------------------------------------------------

    def make(self) -> Device:
        raise NotImplementedError

    def create(self, config: dict) -> Device:
        with acting_as(self.organization_id):
            return connecting.create(self.kind, f"Toko {self.kind}", config)

    def control(self, path: str, body: dict | None = None, method: str | None = None) -> dict:
        answer = httpx.request(
            method or ("GET" if body is None else "POST"),
            f"{self.simulator.url}/_control/{path}",
            json=body,
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()

    @property
    def account(self) -> str:
        return self.device.external_account

    def write(self, text: str = "Halo", **spec) -> dict:
        """The customer writes; answers {"body", "headers", "id"} of the webhook that this makes."""
        spec = {"account": self.account, "from": self.customer, "text": text, "retry": False, **spec}
        return self._webhook(self.control(f"{self.provider}/messages", {**spec, "wait": True}))

    def echo(self, text: str) -> dict:
        """Somebody answers the customer past us, on the phone or the page."""
        spec = {"account": self.account, "to": self.customer, "text": text, "retry": False, "wait": True}
        return self._webhook(self.control(f"{self.provider}/echoes", spec))

    def _webhook(self, made: dict) -> dict:
        delivery_id = made["deliveries"][0]
        state = self.simulator.providers["meta"].state.webhooks.get(delivery_id)
        return {"body": state.body, "headers": self.headers(state.body), "id": made["id"]}

    def headers(self, body: bytes) -> dict[str, str]:
        raise NotImplementedError

    @property
    def address(self) -> str:
        raise NotImplementedError

    def hand_over(self, webhook: dict, **headers: str):
        """Call our webhook route with this body."""
        return self.client.post(
            self.address,
            data=webhook["body"],
            headers={**webhook["headers"], **headers},
            content_type="application/json",
        )

    def receive(self, text: str = "Halo", **spec) -> dict:
        webhook = self.write(text, **spec)
        assert self.hand_over(webhook).status_code == 200
        return webhook

    def fault(self, kind: str, **fields) -> dict:
        return self.control(f"{self.provider}/faults", {"kind": kind, "node": self.account, **fields})

    def sent(self) -> list[dict]:
        """What the simulator accepted from this account for the customer: the judge."""
        query = f"account={self.account}&to={self.customer}"
        return self.control(f"{self.provider}/sent?{query}")["items"]

    # --- the desk's side ---------------------------------------------------------------------------

    def say(self, text: str = "Siap kak", **more) -> dict:
        with acting_as(self.organization_id):
            return outbound.reply(identity(self.cast.agent), self.conversation().id, text, **more)

    def deliver(self) -> float | None:
        with acting_as(self.organization_id):
            return delivery.deliver(self.device.id)

    def conversation(self) -> Conversation:
        return self.rows(Conversation)[-1]

    def messages(self, direction: str | None = None) -> list[Message]:
        return [row for row in self.rows(Message) if direction in (None, row.direction)]

    def contact(self) -> Contact:
        with acting_as(self.organization_id):
            return db.session.get(Contact, self.conversation().contact_id, populate_existing=True)

    def stored(self) -> list[WebhookEvent]:
        return self.rows(WebhookEvent)

    def rows(self, model) -> list:
        with acting_as(self.organization_id):
            statement = db.select(model).where(model.device_id == self.device.id).order_by(model.id)
            return list(db.session.scalars(statement.execution_options(populate_existing=True)))

    def refreshed(self) -> Device:
        with acting_as(self.organization_id):
            return db.session.get(Device, self.device.id, populate_existing=True)


class TelegramLine(Line):
    kind = provider = "telegram"

    def make(self) -> Device:
        bot, token = f"8{factories.number():09d}", f"{factories.number()}tokenTOKENtoken"
        token = f"{bot}:{token}"
        self.control("telegram/accounts", {"id": bot, "name": "Toko Bot", "token": token})
        self.token = token
        device = self.create({"bot_token": token})
        self.registered = self.bot.webhook_url
        self.bot.webhook_url = NOWHERE
        return device

    @property
    def bot(self):
        """The bot as the simulator has it."""
        return self.simulator.providers["telegram"].state.accounts[self.token.partition(":")[0]]

    def headers(self, body: bytes) -> dict[str, str]:
        return {"X-Telegram-Bot-Api-Secret-Token": self.bot.webhook_secret}

    @property
    def address(self) -> str:
        return f"/webhooks/telegram/{self.device.public_key}"


class WaDeviceLine(Line):
    kind, provider = "wa_device", "wa-device"

    def __init__(self, *args):
        super().__init__(*args)
        self.customer = f"62812{factories.number():08d}"

    def make(self) -> Device:
        session = f"toko-{factories.number()}"
        usual = configuration.active()
        # A running desk would hear that the phone is to be linked, and keep it when it is linked long since
        configuration.activate(replace(usual, public_url=NOWHERE.rstrip("/")))
        try:
            self.device = self.create({"session": session, "api_key": "simulator-gateway-key"})
        finally:
            configuration.activate(usual)
        self.link("scan")
        self.set_pace(1000)
        return self.refreshed()

    @property
    def session(self):
        """The session as the simulator has it."""
        return self.simulator.providers["wa-device"].state.accounts[self.account]

    def set_pace(self, rate: float) -> None:
        with acting_as(self.organization_id):
            row = db.session.get(Device, self.device.id, populate_existing=True)
            row.config = {**row.config, "messages_per_second": rate}
            row.status, row.last_error = "connected", None
            db.session.commit()

    def link(self, action: str) -> dict:
        return self.control("wa-device/link", {"account": self.account, "action": action})

    def headers(self, body: bytes) -> dict[str, str]:
        key = self.session.webhooks[0]["hmac"]["key"].encode()
        signature = hmac.new(key, body, hashlib.sha512).hexdigest()
        return {"X-Webhook-Hmac": signature, "X-Webhook-Hmac-Algorithm": "sha512"}

    @property
    def address(self) -> str:
        return f"/webhooks/wa-device/{self.device.public_key}"

    def event(self, name: str, payload: dict) -> dict:
        """A webhook that the gateway could send, of our own making."""
        body = {"event": name, "session": self.account, "id": f"evt_{factories.number()}", "payload": payload}
        raw = json.dumps(body).encode()
        return {"body": raw, "headers": self.headers(raw), "id": payload.get("id")}


class MessengerLine(Line):
    kind = provider = "messenger"

    def make(self) -> Device:
        page = f"77{factories.number():011d}"
        self.token = f"EAApage{page}"
        made = {"id": page, "name": "Toko Sepatu", "token": self.token, "callback": NOWHERE}
        self.control("messenger/accounts", made)
        return self.create({"page_id": page, "page_access_token": self.token})

    def headers(self, body: bytes) -> dict[str, str]:
        return signature_headers(body, SIMULATOR_APP_SECRET)

    @property
    def address(self) -> str:
        return "/webhooks/meta"

    def event(self, *items: dict, place: str = "messaging") -> dict:
        """A webhook with items of our own making."""
        ends = {"sender": {"id": self.customer}, "recipient": {"id": self.account}}
        made = [{**ends, "timestamp": int(time.time() * 1000), **item} for item in items]
        raw = json.dumps({"object": "page", "entry": [{"id": self.account, place: made}]}).encode()
        return {"body": raw, "headers": self.headers(raw), "id": None}


LINES = {"telegram": TelegramLine, "wa_device": WaDeviceLine, "messenger": MessengerLine}
