"""A small Graph that answers as it is told to, and a device that talks to it."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cloudchat.channels.base import DeviceAccount
from cloudchat.channels.whatsapp_cloud import WhatsAppCloud

PHONE_ID = "106540352242922"


@dataclass
class Reply:
    """One prepared answer. `hang` seconds pass first; `broken` closes in the middle of the body."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0
    broken: bool = False


@dataclass
class Request:
    """One call that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Graph:
    """The server's script: answers in order, calls as they came."""

    def __init__(self, url: str):
        self.url = url
        self.replies: deque[Reply] = deque()
        self.usual = Reply(500, b"no answer prepared")
        self.requests: list[Request] = []

    def reply(self, status: int = 200, body: bytes = b"{}", **more: Any) -> None:
        self.replies.append(Reply(status, body, **more))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else self._chunks()
        graph: Graph = self.server.graph
        graph.requests.append(Request(self.command, self.path, dict(self.headers), body))
        reply = graph.replies.popleft() if graph.replies else graph.usual
        time.sleep(reply.hang)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not {"Content-Length", "Transfer-Encoding"} & reply.headers.keys():
            self.send_header("Content-Length", str(len(reply.body) + (100 if reply.broken else 0)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = reply.broken or self.close_connection

    do_GET = do_POST = _serve

    def _chunks(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return b""
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *args: Any) -> None:
        """Silent: the tests look at `Graph.requests`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """Silent as well: callers that lose patience are what some tests are about."""


@pytest.fixture
def graph() -> Iterator[Graph]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.graph = Graph(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.graph
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def channel(graph: Graph) -> WhatsAppCloud:
    return WhatsAppCloud(graph.url, "v24.0", timeout=0.4)


@pytest.fixture
def device() -> DeviceAccount:
    return DeviceAccount(
        id=1,
        organization_id=1,
        type="wa_official",
        external_account=PHONE_ID,
        config={"waba_id": "102290129340398"},
        secrets={"access_token": "EAAtoken"},
    )
