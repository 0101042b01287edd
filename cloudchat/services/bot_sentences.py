"""Vectors of what pairs say (`matching/sentences.py`), kept in Redis for all processes.

A text costs a worker ten to twenty milliseconds once; web processes only fetch what is there, and ask for
the rest. What is lost with Redis is made again. A vector is kept under its text's checksum and tells
nothing of whose it is.
"""

import time
from hashlib import sha256

import numpy as np
import structlog
from redis.exceptions import RedisError

from cloudchat.extensions import redis
from cloudchat.services.matching import sentences

log = structlog.get_logger(__name__)

KEPT_FOR = 90 * 86_400  # seconds
AT_A_TIME = 500  # keys in one call
WORK_FOR = 25.0  # seconds of one job: what is left is asked for again
BUSY_FOR = 60  # seconds after which a job that has died is no longer believed to work


def known(texts: list[str]) -> dict[str, np.ndarray]:
    """The vectors that are there already, by text; none with Redis away."""
    found: dict[str, np.ndarray] = {}
    try:
        for some in _pieces(texts):
            kept = redis.client.mget([_key(text) for text in some])
            found |= {
                text: np.frombuffer(value, np.int8) for text, value in zip(some, kept, strict=True) if value
            }
    except RedisError as error:
        log.warning("sentences_not_read", error=str(error))
    return found


def learn(bot_id: int, texts: list[str]) -> bool:
    """Read what is not known yet, one worker at a time for each bot; whether all of it is known now."""
    busy = f"cloudchat:sentences:{bot_id}"
    try:
        if not redis.client.set(busy, 1, nx=True, ex=BUSY_FOR):
            return False
        try:
            return _learn(texts)
        finally:
            redis.client.delete(busy)
    except RedisError as error:
        log.warning("sentences_not_kept", error=str(error))
        return False


def keep(text: str, vector: np.ndarray) -> None:
    redis.client.set(_key(text), sentences.packed(vector).tobytes(), ex=KEPT_FOR)


def _learn(texts: list[str]) -> bool:
    until = time.monotonic() + WORK_FOR
    there = known(texts)
    for text in texts:
        if text in there:
            continue
        if time.monotonic() > until:
            return False
        keep(text, sentences.vector(text))
        time.sleep(0)  # heartbeats and other greenlets
    return True


def _pieces(texts: list[str]) -> list[list[str]]:
    return [texts[at : at + AT_A_TIME] for at in range(0, len(texts), AT_A_TIME)]


def _key(text: str) -> str:
    """Of the text, in the directions of this version."""
    checksum = sha256(text.encode()).hexdigest()[:32]
    return f"cloudchat:sentence:{sentences.Directions.current().version}:{checksum}"
