"""How socket events reach sockets: one frame for all of this process, through Redis to the others."""

import time
from collections import deque

import orjson
import structlog
from engineio.packet import MESSAGE, Packet
from gevent.event import Event
from redis.exceptions import RedisError
from socketio import RedisManager
from socketio.packet import EVENT

from cloudchat.realtime.line import framed

log = structlog.get_logger(__name__)

LONGEST_RETRY = 2.0  # seconds between tries to reach Redis again
BATCH = 200
KEPT = 10_000  # events that wait for an absent Redis; pages ask by cursor for what is lost
MISSED = "missed"  # tells a page that events may have been lost: it asks as after a lost connection
MISSED_BY = tuple({"event": MISSED, "data": [], "namespace": name, "room": None} for name in ("/", "/chat"))


class Relay(RedisManager):
    """Socket.IO's Redis manager, with a sender of its own and a short way to our own sockets.

    The original makes one round trip for each event, inside the request that caused it. Here events
    are handed to a greenlet that sends all that gathered meanwhile at once.
    """

    def __init__(self, url: str, channel: str):
        super().__init__(url, channel)
        self._waiting: deque[bytes] = deque(maxlen=KEPT)
        self._sending = False
        self._lost = False  # what others were to hear and cannot any more: they shall ask the database
        self._something = Event()

    def initialize(self) -> None:
        super().initialize()
        self.json = orjson  # every process hears of every event, and reads it
        self.server.start_background_task(self._send_loop)

    def _handle_emit(self, message) -> None:
        """Deliver to the sockets of this process. The original goes through five calls for each."""
        if message.get("callback") or message.get("binary"):
            super()._handle_emit(message)
            return
        namespace, skipped = message.get("namespace"), message.get("skip_sid")
        sockets, wire = self.server.eio.sockets, None
        for sid, line_id in self.get_participants(namespace, message.get("room")):
            line = sockets.get(line_id)
            if line is None or sid == skipped:
                continue
            if wire is None:
                data = [message["event"], *message["data"]]
                packet = self.server.packet_class(EVENT, namespace=namespace, data=data)
                wire = framed(Packet(MESSAGE, packet.encode()))
            line.deliver(wire)

    def _publish(self, data) -> None:
        if len(self._waiting) == KEPT:
            self._lost = True
        self._waiting.append(orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS))
        self._something.set()

    def _send_loop(self) -> None:
        while True:
            self._something.wait()
            self._something.clear()
            while self._waiting or self._lost:
                self._sending = True
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._send(batch)
                self._sending = False

    def _send(self, batch: list[bytes]) -> None:
        """Publish them; some may be gone where that fails, and the pages of others are told so after."""
        lost, self._lost = self._lost, False
        if lost:
            batch = [*batch, *map(self._as_event, MISSED_BY)]
        try:
            if not self.connected:
                self._redis_connect()
            pipeline = self.redis.pipeline(transaction=False)
            for item in batch:
                pipeline.publish(self.channel, item)
            pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("relay_failed", events=len(batch), error=str(error))
            self.connected, self._lost = False, True
            time.sleep(0.5)

    def _as_event(self, missed: dict) -> bytes:
        return orjson.dumps({"method": "emit", **missed, "host_id": self.host_id})

    def flush(self, seconds: float) -> None:
        """Wait until the other processes have been told everything; not longer than this."""
        until = time.monotonic() + seconds
        while (self._waiting or self._sending) and time.monotonic() < until:
            time.sleep(0.02)

    def _redis_listen_with_retries(self):
        """Listen for ever; after a loss try again soon (the original waits up to a minute)."""
        pause, subscribed = 0.25, False
        while True:
            try:
                if not subscribed:
                    self._redis_connect()
                    self.pubsub.subscribe(self.channel)
                    pause, subscribed = 0.25, True
                    self.tell_missed()  # the first time too: pages may have been quicker than we
                yield from self.pubsub.listen()
            except (RedisError, OSError) as error:
                log.warning("relay_not_listening", error=str(error), retry_in=pause)
                subscribed = False
                time.sleep(pause)
                pause = min(LONGEST_RETRY, pause * 2)

    def tell_missed(self) -> None:
        """What others said meanwhile did not get here: our pages shall ask the database."""
        for missed in MISSED_BY:
            self._handle_emit(missed)
