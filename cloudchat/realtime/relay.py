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

from cloudchat.extensions import redis
from cloudchat.realtime.line import framed

log = structlog.get_logger(__name__)

LONGEST_RETRY = 2.0  # seconds between tries to reach Redis again
BATCH = 200
KEPT = 10_000  # events that wait for an absent Redis; pages ask by cursor for what is lost
MISSED = "missed"  # tells a page that events may have been lost: it asks as after a lost connection
NAMESPACES = ("/", "/chat")


class Relay(RedisManager):
    """Socket.IO's Redis manager, with a sender of its own and a short way to our own sockets.

    The original makes one round trip for each event, inside the request that caused it. Here events
    are handed to a greenlet that sends all that gathered meanwhile at once.
    """

    def __init__(self, url: str, channel: str):
        super().__init__(url, channel)
        self._waiting: deque[bytes] = deque(maxlen=KEPT)
        self._sending = False
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
        self._waiting.append(orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS))
        self._something.set()

    def _send_loop(self) -> None:
        while True:
            self._something.wait()
            self._something.clear()
            while self._waiting:
                self._sending = True
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._send(batch)
                self._sending = False

    def _send(self, batch: list[bytes]) -> None:
        """What does not go out is not sent again, as some of it may have been heard. In its place the other
        processes are told, as soon as they can be, that their pages have to ask."""
        try:
            pipeline = redis.client.pipeline(transaction=False)  # the listener's client is its own
            for item in batch:
                pipeline.publish(self.channel, item)
            pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("relay_failed", events=len(batch), error=str(error))
            time.sleep(0.5)
            for namespace in NAMESPACES:
                self._publish(_missed(namespace) | {"method": "emit", "host_id": self.host_id})

    def flush(self, seconds: float) -> None:
        """Wait until the other processes have been told everything; not longer than this."""
        until = time.monotonic() + seconds
        while (self._waiting or self._sending) and time.monotonic() < until:
            time.sleep(0.02)

    def _redis_listen_with_retries(self):
        """Listen for ever; after a loss try again soon (the original waits up to a minute)."""
        pause = 0.25
        while True:
            try:
                self._redis_connect()
                heard = self.pubsub
                heard.subscribe(self.channel)
                pause = 0.25
                self.tell_missed()  # the first time too: pages may have been quicker than we
                yield from heard.listen()
            except (RedisError, OSError) as error:
                log.warning("relay_not_listening", error=str(error), retry_in=pause)
                time.sleep(pause)
                pause = min(LONGEST_RETRY, pause * 2)

    def tell_missed(self) -> None:
        """What others said meanwhile did not get here: our pages shall ask the database."""
        for namespace in NAMESPACES:
            self._handle_emit(_missed(namespace))


def _missed(namespace: str) -> dict:
    return {"event": MISSED, "data": [], "namespace": namespace, "room": None}
