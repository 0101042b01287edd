"""Bots and how the simulated Telegram is told to behave."""

import itertools
from collections import deque
from dataclasses import dataclass, field

from cloudchat.simulators.phone.state import Account, Chats
from cloudchat.simulators.whatsapp.state import Bucket

DEMO_BOT, DEMO_TOKEN = "7000000001", "7000000001:simulator-telegram-bot-token-0001"


@dataclass
class Bot(Account):
    """A bot. `revoked`: its token was taken back at BotFather."""

    username: str = "toko_bot"
    revoked: bool = False
    webhook_url: str = ""
    webhook_secret: str = ""
    allowed_updates: list = field(default_factory=list)
    last_error: str = ""
    last_error_at: int = 0

    def __post_init__(self):
        self._waiting: deque = deque()  # updates for which there is no webhook yet
        self._updates = itertools.count(100_000)
        self._messages: dict[str, itertools.count] = {}
        self._all = Bucket(30, 30)
        self._answered: dict[str, bool] = {}  # tapped buttons: was the sign answered?

    def next_update(self) -> int:
        return next(self._updates)

    def next_message(self, chat: str) -> str:
        return str(next(self._messages.setdefault(chat, itertools.count(1))))


@dataclass
class Behaviour:
    """Switches for what Telegram does by itself."""

    per_second: float = 30.0  # messages of a bot; above that 429
    https_only: bool = False  # as Telegram itself; a simulator beside the app takes http too
    photo_sizes: int = 3


class Bots(Chats):
    """All bots and their chats."""

    def begin(self) -> None:
        self.behaviour = Behaviour()
        demo = Bot(DEMO_BOT, "Toko Demo Bot", DEMO_TOKEN, "@toko_demo_bot", "toko_demo_bot")
        self.accounts[demo.id] = demo
        for person, name in (("5000000001", "Budi Santoso"), ("5000000002", "Sari Dewi")):
            self.person(demo.id, person, name)
