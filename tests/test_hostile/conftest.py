"""Apps of another configuration, and raw connections to the running desk."""

import socket
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from cloudchat.app import create_app


@pytest.fixture
def app_with(app, settings):
    """`app_with(public_url=…)`: an app of another configuration; the process gets its own back."""

    def make(**changes):
        return create_app(replace(settings[0], **changes))

    yield make
    create_app(settings[0])


class Line:
    """A bare connection to the desk, for what no client library would send."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)

    def send(self, *parts: bytes | str) -> "Line":
        for part in parts:
            self.socket.sendall(part.encode() if isinstance(part, str) else part)
        return self

    def status(self) -> int:
        """The status of the answer; 0 where the desk hung up without one."""
        head = b""
        while b"\r\n" not in head:
            read = self.socket.recv(4096)
            if not read:
                return 0
            head += read
        return int(head.split(b" ")[1])

    def is_closed(self, seconds: float) -> bool:
        """Does the desk end the connection within this time?"""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def line(desk):
    """`line()`: a fresh bare connection."""
    opened = []

    def one() -> Line:
        opened.append(Line(desk))
        return opened[-1]

    yield one
    for each in opened:
        each.close()
