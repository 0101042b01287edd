"""Spares everybody the wait for a provider that is down or wants to be left alone for a moment, and keeps
one that is slow from taking every worker.

Kept in Redis, since jobs are processes of their own. With Redis away nothing is asked: a question would
wait for a job that cannot be started.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import RedisError

from cloudchat.extensions import redis
from cloudchat.tenancy import current_organization_id

BREAK_AFTER = 3  # failures in a row
FORGOTTEN = 300  # seconds after which a failure no longer counts
PAUSE = 60  # seconds
HELD = 8  # seconds; longer than a choice takes, so that it ends by itself only where a process has died


def is_open() -> bool:
    """Is the provider to be left alone?"""
    return _has("pause")


def is_free() -> bool:
    """May it be asked for a choice at once?"""
    return not _has("pause", "busy")


@contextmanager
def slot() -> Iterator[bool]:
    """The one place of the organization for a choice; False where another has it."""
    place = redis.client.lock(_name("busy"), timeout=HELD, blocking=False)
    try:
        is_mine = place.acquire()
    except RedisError:
        is_mine = False
    try:
        yield is_mine
    finally:
        if is_mine:
            with suppress(RedisError):
                place.release()


def failed(at_once: bool = False) -> None:
    """One failure more; `at_once`: the provider has asked for a pause."""
    try:
        failures = redis.client.incr(_name("failures"))
        redis.client.expire(_name("failures"), FORGOTTEN)
        if at_once or failures >= BREAK_AFTER:
            redis.client.set(_name("pause"), 1, ex=PAUSE)
    except RedisError:
        return


def worked() -> None:
    """It has answered. A pause that another call was told to make meanwhile is kept."""
    try:
        redis.client.delete(_name("failures"))
    except RedisError:
        return


def reset() -> None:
    """Somebody has seen that it works, or has changed something about it."""
    try:
        redis.client.delete(_name("failures"), _name("pause"))
    except RedisError:
        return


def _has(*names: str) -> bool:
    try:
        return bool(redis.client.exists(*map(_name, names)))
    except RedisError:
        return True


def _name(what: str) -> str:
    return f"cloudchat:assistant:{current_organization_id()}:{what}"
