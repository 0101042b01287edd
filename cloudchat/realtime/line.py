"""One connection as Engine.IO sees it: websocket only, without queue, writer and greenlet for pings."""

import time
from collections import deque

import engineio
import gevent
from engineio.exceptions import SocketIsClosedError, UnknownPacketError
from engineio.packet import PING, Packet
from wsproto.frame_protocol import CloseReason

from cloudchat.websocket import VERSION, WebSocket, frame, is_acceptable

PING_STEP = 0.5  # seconds between looks at who is to be pinged
AT_ONCE = 100  # pings between two breaths

_due: deque[tuple[float, "Line"]] = deque()  # in the order of time, as all wait equally long


class Line(engineio.socket.Socket):
    """Stands in for Engine.IO's own class, which costs four greenlets a socket."""

    def __init__(self, server, sid):
        super().__init__(server, sid)
        self._early: list[Packet] = []  # its greeting, made before the handshake is done
        self._wire: WebSocket | None = None

    def _upgrade_websocket(self, environ, start_response):
        if not is_acceptable(environ):
            self.close(abort=True, reason=self.server.reason.TRANSPORT_ERROR)
            start_response("426 Upgrade Required", [("Sec-WebSocket-Version", VERSION)])
            return []
        patience = self.server.ping_interval + self.server.ping_timeout
        self._wire = WebSocket(environ, self.server.max_http_buffer_size, patience)
        self.connected = self.upgraded = True
        for packet in self._early:
            self.send(packet)
        self._early.clear()
        try:
            self._receive_all()
        finally:
            self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            self._wire.end()
        return []

    def _receive_all(self) -> None:
        while (message := self._wire.receive()) is not None:
            try:
                self.receive(Packet(encoded_packet=message))
            except UnknownPacketError:
                pass
            except SocketIsClosedError:
                return
            except ValueError:  # no packet at all
                self._wire.close(CloseReason.INVALID_FRAME_PAYLOAD_DATA)

    def send(self, pkt: Packet) -> None:
        """Never waits. Whether pings are answered is looked at elsewhere, not by who sends."""
        if self.closed:
            raise SocketIsClosedError()
        if self._wire is None:
            self._early.append(pkt)
        else:
            self._wire.write(framed(pkt))

    def deliver(self, wire: bytes) -> None:
        """Send what `framed` made for many; who is not there any more gets nothing."""
        if self._wire is not None:
            self._wire.write(wire)

    def close(self, wait=True, abort=False, reason=None) -> None:
        if self.closed or self.closing:
            return
        super().close(wait=False, abort=abort, reason=reason)
        if self._wire is not None:
            leaves = reason == self.server.reason.SERVER_DISCONNECT
            self._wire.close(CloseReason.GOING_AWAY if leaves else CloseReason.NORMAL_CLOSURE)

    def schedule_ping(self) -> None:
        if self.last_ping:
            self.last_ping = None
            _due.append((time.monotonic() + self.server.ping_interval, self))

    def ping(self) -> None:
        if not self.closing and not self.closed:
            self.last_ping = time.time()
            self.send(_PING)


_PING = Packet(PING)


def framed(packet: Packet) -> bytes:
    """The packet as bytes on the wire, made once for all who get it."""
    made = getattr(packet, "wire", None)
    if made is None:
        made = packet.wire = frame(packet.encode())
    return made


def ping_loop(_app) -> None:
    """One greenlet pings every socket that is due."""
    while True:
        gevent.sleep(PING_STEP)
        number = 0
        while _due and _due[0][0] <= time.monotonic():
            _due.popleft()[1].ping()
            number += 1
            if number % AT_ONCE == 0:
                gevent.sleep(0)


def install() -> None:
    """Have Engine.IO make our sockets; it has no setting for that."""
    engineio.socket.Socket = Line
