"""One client's connection: no delay for small answers, and an end to clients that dawdle.

A client that sends a byte now and then, or a body without end, costs a greenlet and no more: each
part of a request has to arrive in time, and what nobody reads is thrown away or cut off.
"""

import socket
import time

from gevent import Greenlet, GreenletExit, Timeout, get_hub, getcurrent, pywsgi
from werkzeug.exceptions import RequestTimeout

from cloudchat import heads

HEAD_SECONDS = 10  # for a request's first line, and again for its headers
IDLE_SECONDS = 75  # how long an open connection waits for the next request
PIECE = 16 * 1024
PIECE_SECONDS = 10  # for each piece of a body
DISCARDED = 32 * 1024 * 1024  # of a refused body: so that the client gets to read the answer
DISCARD_SECONDS = 2
waiting: set[Greenlet] = set()  # connections between two requests
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class SlowHead(ValueError):
    """The first line or the headers did not arrive in time."""


class Body(pywsgi.Input):
    """A request's body, read piece by piece against the clock."""

    __slots__ = ("broken",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.broken = False

    def read(self, length: int | None = None) -> bytes:
        """Raises RequestTimeout when the client is too slow."""
        left = -1 if length is None else length
        pieces = []
        while left:
            piece = self._in_time(super().read, PIECE if left < 0 else min(left, PIECE))
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece) if left > 0 else 0
        return b"".join(pieces)

    def readline(self, size: int | None = None) -> bytes:
        return self._in_time(super().readline, size)

    def _in_time(self, read, size: int | None) -> bytes:
        timeout = Timeout.start_new(PIECE_SECONDS)
        try:
            return read(size)
        except Timeout as ended:
            if ended is not timeout:
                raise
            self.broken = True
            raise RequestTimeout() from None
        except OSError:  # cut off or malformed: what follows is not the next request
            self.broken = True
            raise
        finally:
            timeout.close()

    def _discard(self) -> None:
        """Read away what the application left, within limits; beyond them the connection ends."""
        self.send_100_continue_enabled = False
        until, most = time.monotonic() + DISCARD_SECONDS, DISCARDED
        try:
            while not self.broken and self._has_more():
                with Timeout(max(0.01, until - time.monotonic()), RequestTimeout()):
                    most -= len(super().read(PIECE))
                self.broken = most < 0
        except (RequestTimeout, OSError):
            self.broken = True

    def _has_more(self) -> bool:
        if self.chunked_input:
            return self.chunk_length != 0
        return self.position < (self.content_length or 0)


class Handler(pywsgi.WSGIHandler):
    """Serves the requests of one connection, one after the other."""

    answered = False

    def MessageClass(self, stream, *_):
        return heads.read(stream)

    def log_request(self) -> None:
        """The application logs what matters of its requests (`logs.py`)."""

    def __init__(self, sock, address, server):
        # Else a small answer waits up to 40 ms for another one to fill its packet.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, address, server)

    def handle_one_request(self):
        try:
            return super().handle_one_request()
        except SlowHead:
            return None if self.answered else ("408", TOO_SLOW)

    def read_requestline(self) -> str:
        patience = IDLE_SECONDS if self.answered else HEAD_SECONDS
        waiting.add(getcurrent())
        try:
            with Timeout(patience, SlowHead("the next request did not come")):
                return super().read_requestline()
        finally:
            waiting.discard(getcurrent())

    def read_request(self, raw_requestline: str) -> bool:
        with Timeout(HEAD_SECONDS, SlowHead("the headers did not come")):
            done = super().read_request(raw_requestline)
        self._refuse_smuggling()
        return done

    def _refuse_smuggling(self) -> None:
        """Two readers must not disagree on where a request ends."""
        encodings = self.headers.get_all("transfer-encoding")
        if encodings and [item.lower() for item in encodings] != ["chunked"]:
            raise ValueError("unknown transfer encoding")
        if len(set(self.headers.get_all("content-length"))) > 1:
            raise ValueError("several content lengths")

    def _handle_client_error(self, ex):
        if isinstance(ex, SlowHead):
            return "408", TOO_SLOW
        return super()._handle_client_error(ex)

    def get_environ(self) -> dict:
        environ = super().get_environ()
        if self._connection_upgrade_requested():
            environ["cloudchat.socket"] = self.socket
        plain = self.wsgi_input
        self.wsgi_input = Body(plain.rfile, plain.content_length, plain.socket, plain.chunked_input)
        if environ["wsgi.input"] is plain:
            environ["wsgi.input"] = self.wsgi_input
        return environ

    def _connection_upgrade_requested(self) -> bool:
        # Its input is handed out bare, so only what can become a socket may ask for it.
        return self.command == "GET" and super()._connection_upgrade_requested()

    def finalize_headers(self) -> None:
        if self._process_ends():
            self.response_headers.append((b"Connection", b"close"))
        super().finalize_headers()

    def _process_ends(self) -> bool:
        """The process was asked to end: each connection ends with the answer to what is under way."""
        return getattr(self.server, "ending", False) and not self._connection_upgrade_requested()

    def handle_one_response(self) -> None:
        super().handle_one_response()
        self.answered = True
        if self._process_ends():
            self.close_connection = True
        # What follows a broken body or a websocket's farewell is no request.
        if self.wsgi_input.broken or self._connection_upgrade_requested():
            self.close_connection = True


def close_waiting() -> None:
    """End the connections on which no request is under way."""
    get_hub().loop.run_callback(_end_the_waiting)


def _end_the_waiting() -> None:
    # A kill would come some time after it was asked for, and meet the request that came meanwhile
    for greenlet in list(waiting):
        greenlet.throw(GreenletExit)
