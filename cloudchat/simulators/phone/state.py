"""What a phone shows: accounts of the business, the people who write to them, their threads."""

import itertools
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cloudchat.simulators.provider import World

SAMPLES = Path(__file__).parent.parent / "whatsapp" / "samples"
SAMPLE_FILES = {
    "image": ("photo.jpg", "image/jpeg"),
    "document": ("document.pdf", "application/pdf"),
    "audio": ("voice.ogg", "audio/ogg"),
    "video": ("video.mp4", "video/mp4"),
    "sticker": ("sticker.webp", "image/webp"),
}


@dataclass
class Account:
    """An account of the business: a bot, a linked phone, a page."""

    id: str
    name: str
    token: str
    detail: str = ""  # the line under the name


@dataclass
class Person:
    """Somebody who writes to an account."""

    account_id: str
    id: str
    name: str
    last_inbound_at: float = 0.0
    typing_until: float = 0.0
    blocked: bool = False  # they want to hear nothing from the account any more


@dataclass(eq=False)
class File:
    """A file that is kept for both sides."""

    id: str
    content: bytes
    mime: str
    filename: str


@dataclass(eq=False)
class Message:
    """A message of either direction. `source`: customer, api, echo (the business's own hand)."""

    id: str
    seq: int
    account_id: str
    person_id: str
    source: str
    kind: str = "text"
    text: str = ""
    at: float = field(default_factory=time.time)
    buttons: list[dict] = field(default_factory=list)  # {"id", "title"}
    file: File | None = None
    location: dict | None = None
    reply_to: str | None = None
    status: str = "sent"
    request: dict = field(default_factory=dict)
    reactions: list[str] = field(default_factory=list)
    edited: bool = False
    delivery: object = None  # an inbound one: its webhook


class Chats:
    """All accounts of one provider, behind one lock. Subclasses know the demo's at `begin`."""

    def __init__(self, world: World):
        self.world = world
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.accounts: dict[str, Account] = {}
            self.people: dict[tuple[str, str], Person] = {}
            self.threads: dict[tuple[str, str], list[Message]] = {}
            self.messages: dict[tuple[str, str], Message] = {}
            self.sent: list[Message] = []
            self.files: dict[str, File] = {}
            self._seq = itertools.count(1)
            self.begin()

    def begin(self) -> None:
        """The state at the start."""

    def changed(self) -> None:
        self.world.changes.tell()

    def next_seq(self) -> int:
        return next(self._seq)

    def account(self, account_id: str) -> Account:
        """ValueError for an unknown one: for control calls, which name it."""
        if account_id not in self.accounts:
            raise ValueError(f"no account {account_id!r}")
        return self.accounts[account_id]

    def by_token(self, token: str) -> Account | None:
        found = (a for a in list(self.accounts.values()) if secrets.compare_digest(a.token, token))
        return next(found, None)

    def person(self, account_id: str, person_id: str, name: str | None = None) -> Person:
        """The person, made at the first mention; a name given replaces the old one."""
        with self.lock:
            key = account_id, person_id
            if key not in self.people:
                self.people[key] = Person(account_id, person_id, name or person_id)
            if name:
                self.people[key].name = name
            return self.people[key]

    def people_of(self, account_id: str) -> list[Person]:
        """Those who wrote last first."""
        with self.lock:
            found = [person for (one, _), person in self.people.items() if one == account_id]
        return sorted(found, key=lambda person: person.last_inbound_at, reverse=True)[:50]

    def thread(self, account_id: str, person_id: str) -> list[Message]:
        with self.lock:
            return list(self.threads.get((account_id, person_id), ()))

    def find(self, account_id: str, message_id: str) -> Message | None:
        return self.messages.get((account_id, message_id))

    def add(self, message: Message) -> Message:
        """Keep a message in its thread, and in the log of sent ones if the app sent it."""
        with self.lock:
            self.messages[message.account_id, message.id] = message
            self.threads.setdefault((message.account_id, message.person_id), []).append(message)
            if message.source == "api":
                self.sent.append(message)
            else:
                person = self.person(message.account_id, message.person_id)
                person.last_inbound_at = (
                    message.at if message.source == "customer" else person.last_inbound_at
                )
        self.changed()
        return message

    def keep_file(self, content: bytes, mime: str, filename: str | None = None) -> File:
        made = File(secrets.token_hex(12), content, mime, filename or f"file.{mime.rpartition('/')[2]}")
        self.files[made.id] = made
        return made

    def sample(self, kind: str) -> File:
        name, mime = SAMPLE_FILES[kind]
        return self.keep_file((SAMPLES / name).read_bytes(), mime, name)

    def file_for(self, kind: str, spec: dict) -> File | None:
        """The file of a message that a customer writes: an uploaded one, or a sample."""
        if kind not in SAMPLE_FILES:
            return None
        if spec.get("media_id"):
            if str(spec["media_id"]) not in self.files:
                raise ValueError(f"no media {spec['media_id']!r}")
            return self.files[str(spec["media_id"])]
        return self.sample(kind)

    def set_status(self, messages: Iterable[Message], status: str) -> None:
        for message in messages:
            message.status = status
        self.changed()
