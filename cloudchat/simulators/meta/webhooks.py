"""Meta's signed webhooks: in order per account, retried with back-off, every attempt logged."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from cloudchat.simulators.meta.signing import SIGNATURES, encode, signature_headers
from cloudchat.simulators.provider import World

MAX_LOG = 3000
GIVE_UP_AFTER = 7 * 24 * 3600  # Meta retries for up to seven days


@dataclass
class Options:
    """The switches of webhook delivery (and the Meta app that signs)."""

    app_id: str
    app_secret: str
    verify_token: str
    webhook_url: str
    hold: bool = False
    lanes: str = "number"  # first tries in order per business number, or only per "customer" of it
    timeout: float = 10.0
    retry_base: float = 1.0
    retry_cap: float = 60.0
    escape_slashes: bool = False


@dataclass(eq=False)
class Delivery:
    """One webhook POST and all its attempts."""

    id: int
    lane: str
    kind: str
    url: str
    due: float
    payload: object  # dict, bytes, or a function that makes the dict when it is due
    signature: str = "valid"
    secret: str | None = None
    content_type: str = "application/json"
    headers: Callable[[bytes], dict[str, str]] | None = None  # of providers other than Meta
    retry: bool = True
    epoch: int = 0  # of the reset before it: what is older is not retried
    created: float = field(default_factory=time.time)
    body: bytes | None = None
    attempts: list[dict] = field(default_factory=list)
    state: str = "waiting"  # waiting | sending | retrying | delivered | failed | skipped
    attempted: threading.Event = field(default_factory=threading.Event)

    def view(self, full: bool = False) -> dict:
        """For the control API and the page."""
        shown = {
            "id": self.id, "kind": self.kind, "lane": self.lane, "url": self.url,
            "state": self.state, "created": self.created, "due": self.due,
            "attempts": self.attempts, "signature": self.signature,
        }  # fmt: skip
        if full and self.body is not None:
            shown["body"] = self.body.decode("utf-8", "replace")
        return shown


class Deliverer:
    """A queue per lane (an account, say): one POST at a time in each, so first tries stay in order.

    A failed one comes back later while others pass it, as with Meta.
    """

    def __init__(self, world: World):
        self._world = world
        self._condition = threading.Condition()
        self._pool = ThreadPoolExecutor(24, thread_name_prefix="webhook")
        self._client = httpx.Client(
            trust_env=False, limits=httpx.Limits(max_connections=64, max_keepalive_connections=32)
        )
        self._stopped = False
        self._epoch = 0
        self.reset()
        threading.Thread(target=self._run, name="webhooks", daemon=True).start()

    def reset(self) -> None:
        """Forget queue and log, default options."""
        with self._condition:
            self._epoch += 1
            self.options = Options(**vars(self._world.settings))
            self._ids = itertools.count(1)
            self._lanes: dict[str, list[tuple[float, int, Delivery]]] = {}  # heaps by due time
            self._busy: dict[str, Delivery] = {}
            self._log: dict[int, Delivery] = {}
            self._condition.notify_all()

    def stop(self) -> None:
        with self._condition:
            self._stopped = True
            self._condition.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def post(
        self,
        payload: dict | bytes | Callable[[], dict | None],
        *,
        lane: str,
        kind: str,
        delay: float = 0.0,
        url: str | None = None,
        **more,
    ) -> Delivery:
        """Queue a webhook. A function is called when it is due; its None means: send nothing."""
        delivery = self._new(payload, lane=lane, kind=kind, delay=delay, url=url, **more)
        with self._condition:
            self._enqueue(delivery)
        return delivery

    def post_now(self, payload, *, lane: str, kind: str, url: str | None = None, **more) -> Delivery:
        """Send past every queue, in this thread; failed ones are retried like the others."""
        delivery = self._new(payload, lane=lane, kind=kind, url=url, **more)
        self._attempt(delivery)
        return delivery

    def resend(self, delivery_id: int) -> Delivery:
        """The very same bytes once more, whatever became of them."""
        old = self.get(delivery_id)
        return self.post(
            old.body or old.payload, lane=old.lane, kind=old.kind, url=old.url,
            signature=old.signature, secret=old.secret, headers=old.headers,
        )  # fmt: skip

    def get(self, delivery_id: int) -> Delivery:
        with self._condition:
            if delivery_id not in self._log:
                raise ValueError(f"no webhook {delivery_id} in the log")
            return self._log[delivery_id]

    def log(self, limit: int = 100, after: int = 0) -> list[Delivery]:
        """The newest deliveries, newest first."""
        with self._condition:
            found = [delivery for number, delivery in self._log.items() if number > after]
        return found[-limit:][::-1]

    def wake(self) -> None:
        """Look again at once: an option changed."""
        with self._condition:
            self._condition.notify_all()

    def flush(self) -> None:
        """Make everything that waits due now (skips delays and back-off)."""
        with self._condition:
            for lane, queue in self._lanes.items():
                self._lanes[lane] = [(0.0, number, delivery) for _, number, delivery in sorted(queue)]
            self._condition.notify_all()

    def idle(self) -> bool:
        """Is nothing queued or under way?"""
        with self._condition:
            return not self._busy and not any(self._lanes.values())

    def _enqueue(self, delivery: Delivery) -> None:
        queue = self._lanes.setdefault(delivery.lane, [])
        heapq.heappush(queue, (delivery.due, delivery.id, delivery))
        self._condition.notify_all()

    def _new(self, payload, *, lane, kind, delay=0.0, url=None, **more) -> Delivery:
        if more.get("signature", "valid") not in SIGNATURES:
            raise ValueError(f"signature must be one of {SIGNATURES}")
        with self._condition:
            delivery = Delivery(
                id=next(self._ids), lane=lane, kind=kind, url=url or self.options.webhook_url,
                due=time.time() + delay, payload=payload, epoch=self._epoch, **more,
            )  # fmt: skip
            self._log[delivery.id] = delivery
            while len(self._log) > MAX_LOG:
                self._log.pop(next(iter(self._log)))
        return delivery

    def _run(self) -> None:
        while True:
            with self._condition:
                if self._stopped:
                    return
                wait = self._start_due()
                self._condition.wait(wait)

    def _start_due(self) -> float | None:
        """Hand every lane's next due delivery to the pool; the time until there is more to do."""
        now, soonest = time.time(), None
        for lane, queue in list(self._lanes.items()):
            if not queue:
                del self._lanes[lane]
                continue
            if lane in self._busy or self.options.hold:
                continue
            due = queue[0][0]
            if due <= now:
                self._busy[lane] = heapq.heappop(queue)[2]
                self._pool.submit(self._work, self._busy[lane])
            else:
                soonest = min(due, soonest or due)
        return None if soonest is None else max(soonest - now, 0.001)

    def _work(self, delivery: Delivery) -> None:
        try:
            self._attempt(delivery)
        finally:
            with self._condition:
                if self._busy.get(delivery.lane) is delivery:
                    del self._busy[delivery.lane]
                self._condition.notify_all()

    def _attempt(self, delivery: Delivery) -> None:
        delivery.state = "sending"
        if delivery.body is None:
            payload = delivery.payload() if callable(delivery.payload) else delivery.payload
            if payload is None:
                delivery.state = "skipped"
                delivery.attempted.set()
                return
            delivery.body = (
                payload if isinstance(payload, bytes) else encode(payload, self.options.escape_slashes)
            )
        started = time.time()
        attempt: dict = {"at": started}
        try:
            answer = self._client.post(
                delivery.url,
                content=delivery.body,
                headers=self._headers(delivery),
                timeout=self.options.timeout,
            )
            attempt["status"] = answer.status_code
            attempt["answer"] = answer.text[:500]
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:
            attempt["error"] = f"{type(error).__name__}: {error}"
        attempt["ms"] = round((time.time() - started) * 1000, 1)
        delivery.attempts.append(attempt)
        self._settle(delivery, attempt.get("status") == 200)

    def _settle(self, delivery: Delivery, ok: bool) -> None:
        with self._condition:
            if ok:
                delivery.state = "delivered"
            elif not delivery.retry or time.time() - delivery.created > GIVE_UP_AFTER:
                delivery.state = "failed"
            elif delivery.epoch == self._epoch:
                tries = len(delivery.attempts)
                pause = self.options.retry_base * 2 ** min(tries - 1, 12)
                delivery.state = "retrying"
                delivery.due = time.time() + min(pause, self.options.retry_cap)
                self._enqueue(delivery)
            delivery.attempted.set()
        self._world.changes.tell()

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        if delivery.headers is not None:
            return {"Content-Type": delivery.content_type, **delivery.headers(delivery.body)}
        secret = delivery.secret or self.options.app_secret
        return {
            "Content-Type": delivery.content_type,
            "User-Agent": "facebookexternalua",
            **signature_headers(delivery.body, secret, delivery.signature),
        }

    def handshake(self, url: str | None = None, verify_token: str | None = None) -> dict:
        """Verify a callback as Meta does when an admin saves it."""
        challenge = str(time.time_ns() % 10**10)
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": verify_token or self.options.verify_token,
        }
        try:
            answer = self._client.get(
                url or self.options.webhook_url, params=query, timeout=self.options.timeout
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}
        ok = answer.status_code == 200 and answer.text == challenge
        return {"ok": ok, "status": answer.status_code, "answer": answer.text[:200]}
