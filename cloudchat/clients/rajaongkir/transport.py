"""Calls to RajaOngkir with one key: their time, their repetition, and the breaker that spares us waiting."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import structlog

log = structlog.get_logger(__name__)
MAX_ANSWER = 2 * 1024 * 1024
CALL_SECONDS = 4.0
PAUSE = 0.25  # before the one repetition
BREAK_AFTER = 5  # failures in a row
BREAK_SECONDS = 20.0
_NO_PROXY = dict.fromkeys(("all://localhost", "all://127.0.0.1"))


class RajaOngkirError(Exception):
    """What went wrong, as a word: invalid, legacy, quota_exceeded, no_service, unavailable, refused.
    It never holds what was sent."""

    def __init__(self, kind: str, status: int | None = None):
        super().__init__(kind)
        self.kind, self.status = kind, status


class Breaker:
    """Lets nothing through for a while after several failures in a row: nobody waits for what is down."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._lock = clock, threading.Lock()
        self._failures: dict[str, int] = {}
        self._open_until: dict[str, float] = {}

    def check(self, host: str) -> None:
        with self._lock:
            if self._clock() < self._open_until.get(host, 0.0):
                raise RajaOngkirError("unavailable")

    def failed(self, host: str) -> None:
        with self._lock:
            self._failures[host] = self._failures.get(host, 0) + 1
            if self._failures[host] >= BREAK_AFTER:
                # One more failure after the pause opens it again
                self._open_until[host] = self._clock() + BREAK_SECONDS
                self._failures[host] = BREAK_AFTER - 1

    def worked(self, host: str) -> None:
        with self._lock:
            self._failures.pop(host, None)
            self._open_until.pop(host, None)

    def reset(self) -> None:
        with self._lock:
            self._failures.clear()
            self._open_until.clear()


breaker = Breaker()


class Transport:
    """Calls with one key until `deadline` (monotonic seconds); counts what reached the provider."""

    def __init__(self, base: str, key: str, deadline: float):
        self.base, self._key, self._deadline = base, key, deadline
        self.hits = 0
        self.daily_limit: int | None = None

    def call(self, method: str, path: str, **request: Any) -> Any:
        """The answer's JSON. Tried twice where the provider is in trouble; every call only reads."""
        breaker.check(self.base)
        for is_last in (False, True):
            left = self._deadline - time.monotonic()
            if left <= 0.05:
                raise RajaOngkirError("unavailable")
            try:
                answer = self._once(method, path, min(left, CALL_SECONDS), request)
            except (httpx.HTTPError, ValueError) as error:
                log.info("rajaongkir_failed", path=path, reason=type(error).__name__)
                answer = None
            if answer is not None and answer[0] < 500:
                breaker.worked(self.base)
                return answer
            breaker.failed(self.base)
            if not is_last:
                time.sleep(min(PAUSE, max(0.0, self._deadline - time.monotonic())))
        raise RajaOngkirError("unavailable", answer[0] if answer else None)

    def _once(self, method: str, path: str, seconds: float, request: dict) -> tuple[int, Any]:
        timeout = httpx.Timeout(seconds, connect=min(2.0, seconds))
        body, ends = bytearray(), time.monotonic() + seconds
        with (
            httpx.Client(timeout=timeout, mounts=_NO_PROXY, follow_redirects=False) as client,
            client.stream(
                method,
                self.base + path,
                headers={"key": self._key, "Accept": "application/json", "Accept-Encoding": "identity"},
                **request,
            ) as answer,
        ):
            self.hits += 1
            limit = answer.headers.get("X-RateLimit-Limit", "")
            if limit.isdigit() and len(limit) < 8:
                self.daily_limit = int(limit)
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER or time.monotonic() > ends:
                    raise ValueError("too much, or too slow")
        if answer.status_code >= 500:
            return answer.status_code, None
        return answer.status_code, httpx.Response(200, content=bytes(body)).json()
