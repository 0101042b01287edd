"""The socket client: opens many sockets, answers pings, notes which event came when.

A process of its own. Each line on standard input is an order, each line on standard output the
answer: {"open": …} first, then {"report": …} as often as wanted.
"""

import json
import select
import socket
import sys
import time
import zlib
from collections.abc import Callable

from tests.bench import frames
from tests.bench.report import at
from tests.bench.stack import allow_many_files

PONG = frames.masked_frame(b"3")
AT_ONCE = 50  # handshakes under way together
NOTICE = b'"notification:new"'  # repeats the text of a message that was counted as such


class Watcher:
    """`sockets` by file number; `seen` by event number, one byte for each socket."""

    def __init__(self):
        self.poll = select.epoll()
        self.poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self.sockets: dict[int, socket.socket] = {}
        self.rest: dict[int, bytes] = {}
        self.place: dict[int, int] = {}
        self.inflate: dict[int, Callable[[bytes], bytes]] = {}
        self.pings: list[int] = []
        self.pinged_at: list[float] = []
        self.longest_gap = 0.0  # seconds that some socket was without a ping
        self.closed = 0
        self.refused: dict[str, int] = {}
        self.clear()

    def clear(self) -> None:
        self.seen: dict[int, bytearray] = {}
        self.arrivals: list[tuple[int, float]] = []
        self.doubled = 0

    # --- opening -------------------------------------------------------------------------------

    def open(self, order: dict) -> dict:
        began = time.perf_counter()
        for group in groups_of(order["tokens"], AT_ONCE):
            self._open_group(order["port"], order["path"], group)
            self.step(0)
        seconds = round(time.perf_counter() - began, 2)
        return {"open": len(self.sockets), "refused": self.refused, "seconds": seconds}

    def _open_group(self, port: int, path: str, tokens: list[str]) -> None:
        fresh = [frames.plain(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in tokens]
        for sock in fresh:
            self.inflate[sock.fileno()] = zlib.decompressobj(wbits=-15).decompress
            sock.sendall(frames.upgrade(port, path))
        for sock, token in zip(fresh, tokens, strict=True):
            rest = self._after_head(sock)
            if token:  # Socket.IO: wait for its greeting, then log in
                rest = self._until(sock, rest, b"0{")
                sock.sendall(frames.masked_frame(b"40" + json.dumps({"token": token}).encode()))
            self.rest[sock.fileno()] = rest
        for sock, token in zip(fresh, tokens, strict=True):
            try:
                rest = self.rest.pop(sock.fileno())
                self._keep(sock, self._until(sock, rest, b"40{") if token else rest)
            except ConnectionError as error:
                self.refused[str(error)] = self.refused.get(str(error), 0) + 1
                sock.close()

    def _after_head(self, sock: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = sock.recv(65536)
            if not chunk:
                raise ConnectionError(f"no handshake: {data[:200]!r}")
            data += chunk
        head, rest = data.split(b"\r\n\r\n", 1)
        if b" 101 " not in head:
            raise ConnectionError(f"no handshake: {head[:200]!r}")
        return rest

    def _until(self, sock: socket.socket, rest: bytes, start: bytes) -> bytes:
        """Read until a message begins so; what came after it stays."""
        while True:
            messages, rest = frames.split(rest, self.inflate[sock.fileno()])
            for message in messages:
                if message.startswith(start):
                    return rest
                if message.startswith(b"44"):
                    raise ConnectionError(f"refused: {message[:100]!r}")
            chunk = sock.recv(65536)
            if not chunk:
                raise ConnectionError("closed while it was opened")
            rest += chunk

    def _keep(self, sock: socket.socket, rest: bytes) -> None:
        number = sock.fileno()
        sock.setblocking(False)
        self.place[number] = len(self.pings)
        self.pings.append(0)
        self.pinged_at.append(time.perf_counter())
        self.sockets[number], self.rest[number] = sock, rest
        self.poll.register(number, select.EPOLLIN)

    # --- watching ------------------------------------------------------------------------------

    def step(self, patience: float) -> bool:
        """Take in what is there; true when an order waits on standard input."""
        ordered = False
        for number, _ in self.poll.poll(patience):
            if number == 0:
                ordered = True
                continue
            try:
                self._receive(number)
            except (ConnectionError, OSError):
                self.poll.unregister(number)
                self.sockets.pop(number).close()
                self.closed += 1
        return ordered

    def _receive(self, number: int) -> None:
        chunk = self.sockets[number].recv(262_144)
        arrived = time.perf_counter()
        if not chunk:
            raise ConnectionError("closed")
        data = self.rest[number] + chunk
        messages, self.rest[number] = frames.split(data, self.inflate[number])
        place = self.place[number]
        for message in messages:
            if message == b"2":
                self.sockets[number].sendall(PONG)
                self._pinged(place, arrived)
                continue
            found = frames.MARK.search(message)
            if found and NOTICE not in message:
                self._note(int(found[1]), place, arrived)

    def _pinged(self, place: int, moment: float) -> None:
        self.pings[place] += 1
        self.longest_gap = max(self.longest_gap, moment - self.pinged_at[place])
        self.pinged_at[place] = moment

    def _note(self, event: int, place: int, arrived: float) -> None:
        seen = self.seen.get(event)
        if seen is None:
            seen = self.seen[event] = bytearray(len(self.pings))
        if seen[place]:
            self.doubled += 1
            return
        seen[place] = 1
        self.arrivals.append((event, arrived))

    def report(self, sent: list[float]) -> dict:
        """How long after `sent[event]` (the clock is the machine's) each event arrived."""
        delays = [(arrived - sent[event]) * 1000 for event, arrived in self.arrivals]
        expected = len(sent) * len(self.pings)
        silent = time.perf_counter() - min(self.pinged_at, default=time.perf_counter())
        last = max((arrived for _, arrived in self.arrivals), default=0.0)
        found = {
            "sockets": len(self.sockets),
            "closed": self.closed,
            "pings": sum(self.pings),
            "fewest_pings": min(self.pings, default=0),
            "longest_gap_s": round(max(self.longest_gap, silent), 1),
            "received": len(delays),
            "lost": expected - len(delays),
            "doubled": self.doubled,
            "p50_ms": round(at(delays, 50), 2),
            "p95_ms": round(at(delays, 95), 2),
            "max_ms": round(max(delays, default=0.0), 2),
            "deliveries_per_s": round(len(delays) / (last - sent[0])) if delays else 0,
            "cpu_seconds": round(time.process_time(), 2),
        }
        self.clear()
        return found


def groups_of(items: list, size: int) -> list[list]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def main() -> None:
    allow_many_files()
    watcher = Watcher()
    answer(watcher.open(json.loads(sys.stdin.readline())))
    while True:
        if not watcher.step(1.0):
            continue
        line = sys.stdin.readline()
        if not line:
            return
        answer(watcher.report(json.loads(line)["sent"]))


def answer(found: dict) -> None:
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
