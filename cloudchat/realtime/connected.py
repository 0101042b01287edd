"""The sockets of this process: who is behind each, what they look at, how much they send."""

import time

from cloudchat.services.accounts import Identity
from cloudchat.services.webchat_visitors import Visitor

SOCKETS_PER_USER = 50
SOCKETS_PER_VISITOR = 10
EVENTS_PER_SECOND = 20
TOUCH_INTERVAL = 60.0
TYPING_INTERVAL = 1.0  # seconds between two equal typing hints of a visitor that are handed on


class Connected:
    """The sockets of this process, by sid."""

    def __init__(self) -> None:
        self.identities: dict[str, Identity] = {}
        self.visitors: dict[str, Visitor] = {}
        self.viewing: dict[str, int] = {}
        self.rooms: dict[str, set[str]] = {}
        self.silent: dict[str, float] = {}
        self.rates: dict[str, tuple[float, int]] = {}
        self.typed: dict[str, tuple[float, bool]] = {}
        self.touched: dict[str, float] = {}

    def knows(self, sid: str) -> bool:
        return sid in self.identities or sid in self.visitors

    def of_user(self, user_id: int) -> int:
        return sum(1 for identity in self.identities.values() if identity.user_id == user_id)

    def of_visitor(self, external_user_id: str) -> int:
        return sum(1 for one in self.visitors.values() if one.external_user_id == external_user_id)

    def over_rate(self, sid: str) -> bool:
        started, count = self.rates.get(sid, (0.0, 0))
        moment = time.monotonic()
        if moment - started >= 1.0:
            started, count = moment, 0
        self.rates[sid] = (started, count + 1)
        return count >= EVENTS_PER_SECOND

    def repeats_typing(self, sid: str, typing: bool) -> bool:
        """Whether the same was said less than a second ago: it costs a query to hand it on."""
        moment = time.monotonic()
        at, before = self.typed.get(sid, (0.0, not typing))
        if before == typing and moment - at < TYPING_INTERVAL:
            return True
        self.typed[sid] = moment, typing
        return False

    def touched_lately(self, sid: str) -> bool:
        """Whether it was noted within the last minute that a person is at work there; it is from now on."""
        moment = time.monotonic()
        lately = moment - self.touched.get(sid, -TOUCH_INTERVAL) < TOUCH_INTERVAL
        if not lately:
            self.touched[sid] = moment
        return lately

    def drop(self, sid: str) -> None:
        for table in (
            self.identities,
            self.visitors,
            self.viewing,
            self.rooms,
            self.rates,
            self.typed,
            self.touched,
        ):
            table.pop(sid, None)


connected = Connected()
