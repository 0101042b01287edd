"""Group commit: what arrives at the same time is worked off together, one group per key at a time.

The first to come works for all that wait under the same key; when it is done it makes the first of
those who came meanwhile the next leader. Nobody waits for a timer, so a lone call is not delayed.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any

import structlog

from cloudchat.errors import Unavailable

log = structlog.get_logger(__name__)


class Submission:
    """What one caller hands in. `error` is raised to that caller when its group is done."""

    __slots__ = ("error", "items", "leads", "woken")

    def __init__(self, items: list[Any]):
        self.items = items
        self.woken = threading.Event()
        self.leads = False
        self.error: BaseException | None = None


class GroupCommit:
    """`work(key, group)` is called with the submissions of one key, never twice at once for a key.

    It may set `submission.error`; what it raises comes to every caller of the group as Unavailable.
    A group holds at most `limit` items, unless a single submission is larger.
    """

    def __init__(self, work: Callable[[Hashable, list[Submission]], None], limit: int):
        self._work = work
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, list[Submission]] = defaultdict(list)
        self._led: set[Hashable] = set()

    def submit(self, key: Hashable, items: list[Any]) -> None:
        """Hand in items and return when they are worked off. Raises what became of them."""
        mine = Submission(items)
        with self._lock:
            self._waiting[key].append(mine)
            if key not in self._led:
                self._led.add(key)
                mine.leads = True
        if not mine.leads:
            self._wait(key, mine)
        if mine.leads:
            self._lead(key)
        if mine.error is not None:
            raise mine.error

    def _wait(self, key: Hashable, mine: Submission) -> None:
        try:
            mine.woken.wait()
        except BaseException:  # the caller is being ended: it must not be left to lead the others
            with self._lock:
                if mine in self._waiting.get(key, ()):
                    self._waiting[key].remove(mine)
                successor = self._pass_on(key) if mine.leads else None
            if successor:
                successor.woken.set()
            raise

    def _lead(self, key: Hashable) -> None:
        with self._lock:
            group = self._take(self._waiting[key])
        try:
            self._work(key, group)
        except Exception as error:
            _fail(group, error)  # first: on a full disk even the line below fails
            log.warning("group_failed", key=key, size=len(group), exc_info=True)
        except BaseException as error:
            _fail(group, error)
            raise
        finally:
            with self._lock:
                successor = self._pass_on(key)
            for submission in [*group, successor] if successor else group:
                submission.woken.set()

    def _take(self, waiting: list[Submission]) -> list[Submission]:
        size = count = 0
        for submission in waiting:
            size += len(submission.items)
            if count and size > self._limit:
                break
            count += 1
        group = waiting[:count]
        del waiting[:count]
        return group

    def _pass_on(self, key: Hashable) -> Submission | None:
        """Under the lock: make the first that waits the leader, or note that nobody leads."""
        waiting = self._waiting.get(key)
        if waiting:
            waiting[0].leads = True
            return waiting[0]
        self._led.discard(key)
        self._waiting.pop(key, None)
        return None


def _fail(group: list[Submission], error: BaseException) -> None:
    for submission in group:
        if submission.error is None:
            submission.error = Unavailable(str(type(error).__name__))
            submission.error.__cause__ = error
