"""Spares everybody the wait for a provider that is down or wants to be left alone for a moment.

Kept in Redis, since jobs are processes of their own. With Redis away nothing is asked: a question would
wait for a job that cannot be started.
"""

from redis.exceptions import RedisError

from cloudchat.extensions import redis
from cloudchat.tenancy import current_organization_id

BREAK_AFTER = 3  # failures in a row
FORGOTTEN = 300  # seconds after which a failure no longer counts
PAUSE = 60  # seconds


def is_open() -> bool:
    try:
        return bool(redis.client.exists(_name("pause")))
    except RedisError:
        return True


def failed(at_once: bool = False) -> None:
    """One failure more; `at_once`: the provider has asked for a pause."""
    try:
        failures = redis.client.incr(_name("failures"))
        redis.client.expire(_name("failures"), FORGOTTEN)
        if at_once or failures >= BREAK_AFTER:
            redis.client.set(_name("pause"), 1, ex=PAUSE)
    except RedisError:
        return


def reset() -> None:
    """It works, or something was changed about it."""
    try:
        redis.client.delete(_name("failures"), _name("pause"))
    except RedisError:
        return


def _name(what: str) -> str:
    return f"cloudchat:assistant:{current_organization_id()}:{what}"
