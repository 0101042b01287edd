"""WebSockets: one greenlet for each connection, and writes that do not wait.

The protocol (masks, fragments, UTF-8, control frames, closing) is wsproto's; here is how its bytes
travel. A frame is made once, however many get it, and handed to the kernel at once; only what the
kernel does not take is kept, within a limit, for a greenlet that lives until it is gone.

No extension is agreed on: compressing costs each open socket some 90 KB and each small patch its time.
"""

import base64
import binascii
import socket
import time
from collections import deque
from contextlib import suppress

import gevent
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import generate_accept_token

FAREWELL_SECONDS = 2.0  # for the other end's part of the closing
FRAMES_PER_SECOND = 100  # pings and fragments cost something too; a page sends a few
MAX_BACKLOG = 256 * 1024  # bytes that a slow reader may leave with us; pages ask for what they missed
PIECE = 4096
VERSION = "13"
WELCOME = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)

_framer = Connection(ConnectionType.SERVER)


def frame(message: str | bytes) -> bytes:
    """The message as it goes over the wire, for `WebSocket.write`."""
    kind = TextMessage if isinstance(message, str) else BytesMessage
    return bytes(_framer.send(kind(data=message)))


def is_acceptable(environ: dict) -> bool:
    """Whether the handshake is one that we understand (RFC 6455, 4.2.1)."""
    try:
        key = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(key) == 16 and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == VERSION


class WebSocket:
    """The server's end of one connection, after an acceptable handshake.

    The greenlet of the connection calls `receive` until it gives None, then `end`; `write` and
    `close` may be called by any other.
    """

    __slots__ = (
        "_backlog",
        "_events",
        "_frames",
        "_limit",
        "_parts",
        "_protocol",
        "_reader",
        "_send",
        "_size",
        "_sock",
        "_waiting",
        "closing",
    )

    def __init__(self, environ: dict, limit: int, patience: float):
        """`limit`: the longest message; `patience`: seconds without a byte after which it ends."""
        self._sock, self._reader = environ["cloudchat.socket"], environ["wsgi.input"]
        self._sock.settimeout(patience)
        self._send = self._sock._sock.send  # gevent's own would wait where the kernel takes no more
        self._protocol = Connection(ConnectionType.SERVER)
        self._events = iter(())
        self._frames = (0.0, 0)
        self._limit = limit
        self._parts: list[str | bytes] = []
        self._size = 0
        self._backlog: deque[bytes] = deque()
        self._waiting = 0
        self.closing = False
        self._write(WELCOME % generate_accept_token(environ["HTTP_SEC_WEBSOCKET_KEY"].encode()))

    # --- in ------------------------------------------------------------------------------------

    def receive(self) -> str | bytes | None:
        """Wait for the next message; None when there will be no more."""
        while not self.closing:
            for event in self._events:
                message = self._taken(event)
                if self.closing:
                    return None
                if message is not None:
                    return message
            data = self._read()
            if not data:
                break
            self._protocol.receive_data(data)
            self._events = self._protocol.events()
        return None

    def _read(self) -> bytes:
        """Some bytes; none when the other end is gone or silent for too long."""
        gevent.sleep(0)  # who sends without a pause must not keep the others waiting
        try:
            return self._reader.read1(PIECE)
        except OSError:
            return b""

    def _taken(self, event: Event) -> str | bytes | None:
        """What a frame (or a part of one) completes."""
        if getattr(event, "frame_finished", True) and self._too_many():
            self.close(CloseReason.POLICY_VIOLATION)
        elif isinstance(event, Message):
            return self._joined(event)
        elif isinstance(event, Ping):
            self.write(self._protocol.send(event.response()))
        elif isinstance(event, CloseConnection):  # theirs, or wsproto's word for a broken rule
            self.close(event.code)
        return None

    def _joined(self, event: Message) -> str | bytes | None:
        self._size += len(event.data)
        if self._size > self._limit:
            self.close(CloseReason.MESSAGE_TOO_BIG)
            return None
        if event.data:
            self._parts.append(event.data)
        if not event.message_finished:
            return None
        message = event.data[:0].join(self._parts)
        self._parts, self._size = [], 0
        return message

    def _too_many(self) -> bool:
        second, count = self._frames
        moment = time.monotonic()
        if moment - second >= 1.0:
            second, count = moment, 0
        self._frames = second, count + 1
        return count >= FRAMES_PER_SECOND

    # --- out -----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send what `frame` made; never waits."""
        if not self.closing:
            self._write(data)

    def _write(self, data: bytes) -> None:
        sent = 0
        if not self._backlog:
            try:
                sent = self._send(data)
            except BlockingIOError:
                pass
            except OSError:
                self._cut()
                return
            if sent == len(data):
                return
            gevent.spawn(self._flush)
        self._backlog.append(data[sent:])
        self._waiting += len(data) - sent
        if self._waiting > MAX_BACKLOG:
            self._cut()

    def _flush(self) -> None:
        try:
            while self._backlog:
                data = self._backlog[0]
                self._sock.sendall(data)
                if self._backlog:
                    self._backlog.popleft()
                    self._waiting -= len(data)
        except OSError:
            self._cut()
        if self.closing:
            self._shut(socket.SHUT_WR)

    # --- the end -------------------------------------------------------------------------------

    def close(self, code: int = CloseReason.NORMAL_CLOSURE) -> None:
        """Say goodbye, after what is still to be sent; the other end has a moment to answer."""
        if self.closing:
            return
        self.closing = True
        self._write(self._protocol.send(CloseConnection(code=code)))
        if not self._backlog:
            self._shut(socket.SHUT_WR)
        gevent.spawn_later(FAREWELL_SECONDS, self._cut)

    def end(self) -> None:
        """Close, and read away what still comes: unread bytes would make the kernel drop our goodbye."""
        self.close()
        while self._read():
            pass

    def _cut(self) -> None:
        self.closing = True
        self._backlog.clear()
        self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        with suppress(OSError):  # the other end was quicker
            self._sock._sock.shutdown(how)
