"""What a provider simulator is made of, and what all of them share."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from flask import Blueprint

from cloudchat import config


@dataclass(frozen=True)
class Settings:
    """What the simulated providers know about the app that they serve."""

    app_id: str
    app_secret: str
    verify_token: str
    webhook_url: str

    @classmethod
    def from_environment(cls, webhook_url: str | None = None) -> "Settings":
        """The app's own Meta settings where set, so that both sides agree; else the simulator's."""
        env = os.environ
        return cls(
            app_id=env.get("META_APP_ID") or config.SIMULATOR_APP_ID,
            app_secret=env.get("META_APP_SECRET") or config.SIMULATOR_APP_SECRET,
            verify_token=env.get("META_VERIFY_TOKEN") or config.SIMULATOR_VERIFY_TOKEN,
            webhook_url=webhook_url or f"http://127.0.0.1:{env.get('PORT') or 5000}/webhooks/meta",
        )


def set_options(target: object, fields: dict) -> None:
    """Change attributes of a dataclass, each to a value of the type that it has; all or none."""
    known, typed = target.__dataclass_fields__, {}
    for name, value in fields.items():
        if name not in known:
            raise ValueError(f"unknown option {name!r}; known: {list(known)}")
        present = getattr(target, name)
        numbers = isinstance(present, (int, float)) and isinstance(value, (int, float))
        if isinstance(present, bool) is not isinstance(value, bool) or not (
            numbers or isinstance(value, type(present))
        ):
            raise ValueError(f"{name} must be {type(present).__name__}")
        typed[name] = type(present)(value)
    for name, value in typed.items():
        setattr(target, name, value)


Box = TypeVar("Box")


class Boxes(Generic[Box]):
    """What came to addresses of ours, a box for each name; `empty` makes a new one."""

    def __init__(self, empty: Callable[[], Box]):
        self.lock = threading.Lock()
        self._empty = empty
        self._boxes: dict[str, Box] = {}

    def box(self, name: str) -> Box:
        with self.lock:
            if name not in self._boxes:
                self._boxes[name] = self._empty()
            return self._boxes[name]

    def reset(self) -> None:
        with self.lock:
            self._boxes.clear()


class Changes:
    """A counter that grows with every visible change; open pages wait on it."""

    def __init__(self):
        self.version = 0
        self.closed = False
        self._condition = threading.Condition()

    def tell(self) -> None:
        with self._condition:
            self.version += 1
            self._condition.notify_all()

    def wait(self, seen: int, timeout: float) -> int:
        """The present version, as soon as it differs from `seen` or the time is over."""
        with self._condition:
            self._condition.wait_for(lambda: self.closed or self.version != seen, timeout)
            return self.version

    def close(self) -> None:
        with self._condition:
            self.closed = True
            self._condition.notify_all()


@dataclass
class World:
    """What every provider simulator gets: the settings, the change counter and the end signal."""

    settings: Settings
    gives_numbers: bool = False
    changes: Changes = field(default_factory=Changes)
    stopping: threading.Event = field(default_factory=threading.Event)
    shared: dict = field(default_factory=dict)  # what one simulator offers to others, by name


@dataclass
class Provider:
    """One simulated provider: its routes, its state's reset and its line on the front page."""

    name: str
    blueprints: list[Blueprint]
    reset: Callable[[], None]
    stop: Callable[[], None] = lambda: None
    title: str = ""
    summary: str = ""
    links: tuple[tuple[str, str], ...] = ()  # (address, label) for the front page
    state: object = None  # for tests in the same process
