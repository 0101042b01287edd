"""A small threaded HTTP/1.1 server for the simulators.

Its own, because fault injection needs the socket: a connection dropped before or after the call
took effect, or cut in the middle of an answer. Connections are kept alive
and Nagle is off.
"""

import contextlib
import io
import os
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from cloudchat.simulators.provider import Provider, World

MAX_BODY = 120 * 1024 * 1024  # WhatsApp's largest document is 100 MB


class Connection(BaseHTTPRequestHandler):
    """One client connection; the app finds it in `environ["simulators.connection"]`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 300
    dropped = False
    cut_at: int | None = None

    def drop(self, reset: bool = False) -> None:
        """Close without an answer; with `reset` the client sees a connection reset."""
        self.dropped = self.close_connection = True
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            os.close(self.connection.detach())  # a plain close would say goodbye first
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def cut(self, after: int) -> None:
        """Announce the whole answer, send only this many bytes of its body, then close."""
        self.cut_at = after

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def handle(self):
        with contextlib.suppress(ConnectionError, TimeoutError):  # a client may go away
            super().handle()

    def run_app(self):
        """Take the request through the WSGI app and send what it answers."""
        try:
            body = self._read_body()
        except ValueError:
            self.send_error(413)
            self.close_connection = True
            return
        started = {}

        def start_response(status, headers, exc_info=None):
            started.update(status=status, headers=headers)

        chunks = self.server.app(self._environ(body), start_response)
        try:
            if not self.dropped:
                self._send(started["status"], started["headers"], chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = run_app

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY:
            raise ValueError("too large")
        return self.rfile.read(length)

    def _read_chunks(self) -> bytes:
        parts, total = [], 0
        while size := int(self.rfile.readline(100).split(b";")[0], 16):
            total += size
            if total > MAX_BODY:
                raise ValueError("too large")
            parts.append(self.rfile.read(size))
            self.rfile.readline(3)
        while self.rfile.readline(1000).strip():
            pass  # trailers
        return b"".join(parts)

    def _environ(self, body: bytes) -> dict:
        url = urlsplit(self.path)
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(url.path, "latin-1"),
            "QUERY_STRING": url.query,
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "simulators.connection": self,
        }
        if "Content-Type" in self.headers:
            environ["CONTENT_TYPE"] = self.headers["Content-Type"]
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def _send(self, status: str, headers: list, chunks) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        bodiless = self.command == "HEAD" or int(code) in (204, 304)
        chunked = not bodiless and not any(name.lower() == "content-length" for name, _ in headers)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if bodiless:
            return
        if self.cut_at is not None:
            self.wfile.write(b"".join(chunks)[: self.cut_at])
            self.drop()
            return
        for chunk in chunks:
            if chunk:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format, *args):
        """Quiet: the request log of the simulators is kept by themselves."""


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, app):
        self.app = app
        self.connections: set[socket.socket] = set()
        super().__init__(address, Connection)

    def server_bind(self):
        # HTTPServer's own would ask DNS for the host's name, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request, client_address):
        """A client that vanished is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Server:
    """The running simulators. `providers` gives tests in this process the state by name."""

    def __init__(self, app, world: World, providers: list[Provider], host: str, port: int):
        self._listener = _Listener((host, port), app)
        self._world = world
        self.providers = {provider.name: provider for provider in providers}
        self.port = self._listener.server_address[1]
        self.url = world.shared["url"] = f"http://{host}:{self.port}"
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(0.05,), name="simulators", daemon=True
        )
        self._thread.start()

    def reset(self) -> None:
        """Everything as at the start: accounts, messages, faults, logs."""
        for provider in self.providers.values():
            provider.reset()
        self._world.changes.tell()

    def stop(self) -> None:
        """Stop listening, end every open connection and every worker."""
        self._world.stopping.set()
        self._world.changes.close()
        self._listener.shutdown()
        self._listener.server_close()
        for connection in list(self._listener.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for provider in self.providers.values():
            provider.stop()
        self._thread.join(5)
