"""Web processes know of each other. One that dies may take events along that it had committed and not
told; pages of the others would not miss them. So when one is gone, they are told to ask."""

import uuid

import structlog
from redis.exceptions import RedisError

from cloudchat.extensions import redis
from cloudchat.realtime.rooms import socketio

log = structlog.get_logger(__name__)

KEY = "cloudchat:web-processes"  # a name for each, with the time (Redis's) of its last sign of life
EVERY = 2.0  # seconds
GONE_AFTER = 6.0

_me = uuid.uuid4().hex


def loop(_app) -> None:
    known: set[bytes] = set()
    while True:
        socketio.sleep(EVERY)
        try:
            there = alive()
        except RedisError:  # the relay notices that itself
            continue
        if gone := known - there:
            log.info("web_process_gone", count=len(gone))
            socketio.server.manager.tell_missed()
        known = there


def alive() -> set[bytes]:
    """Give a sign of life; answers who else gave one."""
    seconds, _ = redis.client.time()
    pipeline = redis.client.pipeline(transaction=False)
    pipeline.zadd(KEY, {_me: seconds})
    pipeline.zremrangebyscore(KEY, 0, seconds - GONE_AFTER)
    pipeline.zrange(KEY, 0, -1)
    return set(pipeline.execute()[-1])
