"""Open pages of agents: each holds a socket, connects again when it is lost, and asks for what it missed.

A process of its own, told and asked in JSON lines. The order {"port", "pages": [{"token",
"conversation", "after"}]} opens them and is answered when they are open; every later line is answered
with what the pages have seen.
"""

from gevent import monkey

monkey.patch_all()

import contextlib
import http.client
import json
import random
import socket
import sys
import zlib

import gevent

from tests.bench import frames
from tests.bench.stack import allow_many_files

PATH = "/socket.io/?EIO=4&transport=websocket"
NEWS = b'42["message:new",'
MISSED = b'42["missed"'
SILENCE = 50  # seconds without a ping after which a browser gives a connection up
PAGE = 100


class Page:
    """One page with one conversation open, or none. `seen` holds the messages that it shows, by id."""

    def __init__(self, port: int, token: str, conversation: int | None, after: int):
        self.port, self.token, self.conversation = port, token, conversation
        self.cursor = after  # the newest message that was fetched, not merely heard of
        self.seen: set[int] = set()
        self.doubled = 0  # heard of twice through one connection
        self.heard = 0
        self.opened = 0
        self.is_open = False

    def live(self) -> None:
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError, zlib.error):
                self._connected()
            self.is_open = False
            gevent.sleep(random.uniform(0.5, 2.0))

    def _connected(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=SILENCE) as plain:
            line = Line(frames.plain(plain), self.port)
            line.wait_for(b"0{")
            plain.sendall(frames.masked_frame(b"40" + json.dumps({"token": self.token}).encode()))
            line.wait_for(b"40{")
            self.opened += 1
            through_this: set[int] = set()
            gevent.spawn(self._catch_up, self.opened)
            while True:
                for message in line.next():
                    if message == b"2":
                        plain.sendall(frames.masked_frame(b"3"))
                    elif message.startswith(NEWS):
                        self._hear(json.loads(message[2:])[1], through_this)
                    elif message.startswith(MISSED):
                        gevent.spawn_later(random.uniform(0, 2), self._catch_up, self.opened)

    def _hear(self, told: dict, through_this: set[int]) -> None:
        self.heard += 1
        number = told["message"]["id"]
        self.doubled += number in through_this
        through_this.add(number)
        if told["conversationId"] == self.conversation:
            self.seen.add(number)

    def _catch_up(self, turn: int) -> None:
        """What a page does after each connect: ask by cursor until nothing more is there."""
        if self.conversation is None:
            self.is_open = True
            return
        while turn == self.opened:
            try:
                items = self._fetch()
            except (OSError, http.client.HTTPException, ValueError):
                gevent.sleep(1)
                continue
            self.seen |= {item["id"] for item in items}
            self.cursor = max([self.cursor, *(item["id"] for item in items)])
            if len(items) < PAGE:
                self.is_open = True
                return

    def _fetch(self) -> list[dict]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            path = f"/api/app/inbox/conversations/{self.conversation}/messages"
            asked = f"{path}?after={self.cursor}&limit={PAGE}"
            line.request("GET", asked, headers={"Authorization": f"Bearer {self.token}"})
            answer = line.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise ValueError(answer.status)
            return json.loads(body)["items"]
        finally:
            line.close()

    def report(self) -> dict:
        return {"conversation": self.conversation, "seen": sorted(self.seen)}


class Line:
    """The bytes of one connection, as messages."""

    def __init__(self, plain: socket.socket, port: int):
        self._socket = plain
        self._inflate = zlib.decompressobj(wbits=-15).decompress
        plain.sendall(frames.upgrade(port, PATH))
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._more()
        head, self._rest = head.split(b"\r\n\r\n", 1)
        if b" 101 " not in head:
            raise ConnectionError("no handshake")
        self._kept, self._rest = frames.split(self._rest, self._inflate)

    def _more(self) -> bytes:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionError("closed")
        return chunk

    def next(self) -> list[bytes]:
        """The messages that came; waits for at least one part of one."""
        if self._kept:
            kept, self._kept = self._kept, []
            return kept
        messages, self._rest = frames.split(self._rest + self._more(), self._inflate)
        return messages

    def wait_for(self, start: bytes) -> None:
        """Read until a message begins so; what came after it stays."""
        while True:
            messages = self.next()
            for place, message in enumerate(messages):
                if message.startswith(b"44"):
                    raise ConnectionError("refused")
                if message.startswith(start):
                    self._kept = messages[place + 1 :]
                    return


def main() -> None:
    allow_many_files()
    listen = gevent.get_hub().threadpool.apply
    order = json.loads(listen(sys.stdin.readline))
    pages = [Page(order["port"], **page) for page in order["pages"]]
    for place, page in enumerate(pages):
        gevent.spawn_later(place / 100, page.live)
    with gevent.Timeout(60, False):
        while not all(page.is_open for page in pages):
            gevent.sleep(0.05)
    while True:
        told = {
            "pages": [page.report() for page in pages],
            "open": sum(page.is_open for page in pages),
            "connects": sum(page.opened for page in pages),
            "heard": sum(page.heard for page in pages),
            "doubled": sum(page.doubled for page in pages),
        }
        print(json.dumps(told), flush=True)
        if not listen(sys.stdin.readline):
            return


if __name__ == "__main__":
    main()
