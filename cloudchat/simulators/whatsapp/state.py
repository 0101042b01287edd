"""What the simulated WhatsApp knows: numbers, customers, messages, and how it is told to behave."""

import base64
import itertools
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from cloudchat.simulators.meta.graph import bad_token, expired_token, same_token, unknown_object
from cloudchat.simulators.provider import World

DEMO_NUMBER, DEMO_WABA = "106540352242922", "102290129340398"
DEMO_TOKEN = "simulator-access-token"
WINDOW = 24 * 3600
MAX_INBOUND = 20_000  # older inbound messages are forgotten; the log of sent ones is kept whole
READ_RULES = ("on_view", "auto", "never")
ORDERS = ("normal", "reversed", "shuffled")
WINDOW_RULES = ("status", "immediate", "off")


@dataclass
class Bucket:
    """A token bucket: `capacity` at once, then `per_second`."""

    capacity: float
    per_second: float
    level: float = -1.0
    at: float = 0.0

    def take(self, count: float = 1.0, force: bool = False) -> bool:
        """Take if there is enough; with `force` it may go below nothing."""
        now = time.monotonic()
        if self.level < 0 and not self.at:
            self.level = self.capacity
        else:
            self.level = min(self.capacity, self.level + (now - self.at) * self.per_second)
        self.at = now
        if self.level < count and not force:
            return False
        self.level = max(self.level - count, -self.capacity)
        return True


@dataclass
class Account:
    """A business phone number."""

    phone_number_id: str
    waba_id: str
    display_phone_number: str
    verified_name: str
    access_token: str
    mps: float = 80.0
    pair_burst: float = 45.0
    pair_seconds: float = 6.0
    token_error: int = 0  # a subcode of 190: 463 expired, 460 password changed, 467 logged out
    quality_rating: str = "GREEN"
    allowed_recipients: list = field(default_factory=list)  # of a test number; empty: everyone

    def __post_init__(self):
        self.throughput = Bucket(self.mps, self.mps)
        self.pairs: dict[str, Bucket] = {}

    @property
    def digits(self) -> str:
        return re.sub(r"\D", "", self.display_phone_number)

    def pair(self, phone: str) -> Bucket:
        """The bucket of this number and that customer."""
        if len(self.pairs) > 50_000:
            self.pairs.clear()
        return self.pairs.setdefault(phone, Bucket(self.pair_burst, 1 / max(self.pair_seconds, 1e-9)))


@dataclass
class Customer:
    """Somebody with WhatsApp, seen from one business number."""

    phone_number_id: str
    phone: str
    name: str
    last_inbound_at: float = 0.0
    typing_until: float = 0.0  # the business is typing to them

    @property
    def window_open(self) -> bool:
        return time.time() - self.last_inbound_at < WINDOW


@dataclass(eq=False)
class Message:
    """A message of either direction. `source`: customer, api, echo (the business's own phone)."""

    id: str
    seq: int
    phone_number_id: str
    phone: str
    source: str
    type: str
    content: dict
    at: float = field(default_factory=time.time)
    request: dict = field(default_factory=dict)
    reference: str | None = None
    context_id: str | None = None
    statuses: list[dict] = field(default_factory=list)
    failed_code: int | None = None
    read: bool = False  # an inbound one: the business marked it as read
    reactions: dict[str, str] = field(default_factory=dict)
    delivery: object = None  # an inbound one: its webhook

    @property
    def status(self) -> str:
        return self.statuses[-1]["status"] if self.statuses else "accepted"

    def has(self, *names: str) -> bool:
        return any(status["status"] in names for status in self.statuses)


@dataclass
class Behaviour:
    """Switches for what Meta does by itself."""

    window: str = "status"  # 131047 as a failed status later | immediate: HTTP 400 | off
    magic_numbers: bool = True
    count_inbound: bool = False  # do inbound messages use up the number's throughput too?
    statuses: bool = True
    sent_delay: float = 0.05
    delivered_delay: float = 0.3
    read: str = "on_view"
    read_delay: float = 2.0
    skip_delivered: bool = False
    status_order: str = "normal"
    status_copies: int = 1
    status_batched: bool = False
    status_before_response: bool = False
    pricing: bool = True
    media_url_seconds: float = 300.0
    media_url_in_webhook: bool = False
    fetch_links: bool = True

    def check(self) -> None:
        for name, allowed in (
            ("window", WINDOW_RULES),
            ("read", READ_RULES),
            ("status_order", ORDERS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}")
        if not 1 <= self.status_copies <= 20:
            raise ValueError("status_copies must be 1 to 20")


class State:
    """All of it, behind one lock."""

    def __init__(self, world: World):
        self.world = world
        self.lock = threading.RLock()
        self.template_check: Callable | None = None  # of the simulator of templates
        self.reset()

    def reset(self) -> None:
        """The demo account and nothing else."""
        with self.lock:
            self.behaviour = Behaviour()
            self.accounts: dict[str, Account] = {}
            self.unsubscribed: set[str] = set()  # WABAs without webhooks
            self.callbacks: dict[str, str] = {}  # WABA -> its own webhook address
            self.customers: dict[tuple[str, str], Customer] = {}
            self.messages: dict[str, Message] = {}
            self.threads: dict[tuple[str, str], list[Message]] = {}
            self.sent: list[Message] = []
            self._inbound: deque[Message] = deque()
            self._seq = itertools.count(1)
            self.save_account(Account(DEMO_NUMBER, DEMO_WABA, "+62 812-0000-0001", "Toko Demo", DEMO_TOKEN))
            for phone, name in (("6281234567801", "Budi Santoso"), ("6281234567802", "Sari Dewi")):
                self.customer(DEMO_NUMBER, phone, name)

    def changed(self) -> None:
        """Tell the open pages."""
        self.world.changes.tell()

    def save_account(self, account: Account) -> None:
        with self.lock:
            self.accounts[account.phone_number_id] = account

    def account(self, phone_number_id: str) -> Account:
        """ValueError for an unknown one: for control calls, which name it."""
        if phone_number_id not in self.accounts:
            raise ValueError(f"no account with phone_number_id {phone_number_id!r}")
        return self.accounts[phone_number_id]

    def authorize(self, account: Account, token: str) -> None:
        """Meta's three answers to a token that does not open this node."""
        if same_token(token, account.access_token):
            if account.token_error:
                raise expired_token(account.token_error)
            return
        if self.token_known(token):
            raise unknown_object(account.phone_number_id)
        raise bad_token()

    def token_known(self, token: str) -> bool:
        return any(same_token(token, a.access_token) for a in list(self.accounts.values()))

    def waba_accounts(self, waba_id: str) -> list[Account]:
        return [account for account in self.accounts.values() if account.waba_id == waba_id]

    def customer(self, phone_number_id: str, phone: str, name: str | None = None) -> Customer:
        """The customer, made at the first mention; a name given replaces the old one."""
        with self.lock:
            key = (phone_number_id, phone)
            if key not in self.customers:
                self.customers[key] = Customer(phone_number_id, phone, name or phone)
            if name:
                self.customers[key].name = name
            return self.customers[key]

    def add(self, message: Message) -> Message:
        """Keep a message in its thread, and in the log of sent ones if the app sent it."""
        with self.lock:
            self.messages[message.id] = message
            self.threads.setdefault((message.phone_number_id, message.phone), []).append(message)
            if message.source == "api":
                self.sent.append(message)
            else:
                self._inbound.append(message)
                self._forget_old()
        return message

    def next_seq(self) -> int:
        return next(self._seq)

    def thread(self, phone_number_id: str, phone: str, limit: int = 200) -> list[Message]:
        """What the customer's phone shows: failed messages never arrived there."""
        with self.lock:
            found = self.threads.get((phone_number_id, phone), [])[-limit * 2 :]
            return [m for m in found if m.failed_code is None and m.type != "reaction"][-limit:]

    def _forget_old(self) -> None:
        while len(self._inbound) > MAX_INBOUND:
            old = self._inbound.popleft()
            self.messages.pop(old.id, None)
            thread = self.threads.get((old.phone_number_id, old.phone), [])
            if old in thread:
                thread.remove(old)


def wamid(phone: str) -> str:
    """An id as Meta makes them: opaque, holds the phone, unique."""
    raw = b"\x1c\x18" + bytes([len(phone)]) + phone.encode() + b"\x15\x02\x00\x11\x18\x14" + os.urandom(16)
    return "wamid." + base64.b64encode(raw).decode()


def to_wa_id(number: str) -> str:
    """Digits as WhatsApp keeps them; Mexico's mobile 1 is the known case of a differing wa_id."""
    digits = re.sub(r"\D", "", number)
    return "52" + digits[3:] if re.fullmatch(r"521\d{10}", digits) else digits
