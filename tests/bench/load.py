"""The webhook client: prepared signed requests over kept connections, and as little else as possible.

Reads an order on standard input, writes what it saw on standard output. With `rate` it is an open
loop: requests leave when they are due, and the time counts from then, also while they wait for a
free connection.
"""

import hashlib
import hmac
import json
import random
import re
import select
import socket
import sys
import time
from collections import deque

LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
EXISTING = "62811{:08d}"  # the customers that the seed made, by number
NEW = "62899{:08d}"


def prepare(order: dict) -> list[bytes]:
    """Signed WhatsApp webhooks of one message each."""
    chance = random.Random(order["run"])
    return [_request(order, number, chance) for number in range(order["count"])]


def _request(order: dict, number: int, chance: random.Random) -> bytes:
    if chance.random() < order.get("new_share", 0.05):
        person = NEW.format(order["new_from"] + number)
    else:
        person = EXISTING.format(chance.randrange(*order["contacts"]))
    text = order.get("text", "Halo kak, mau tanya stok barang nomor #{number}#, masih ada?")
    message = {
        "from": person,
        "id": f"wamid.{order['run']}.{number}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": text.format(number=number)},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "62812", "phone_number_id": order["account"]},
        "contacts": [{"profile": {"name": "Budi Santoso"}, "wa_id": person}],
        "messages": [message],
    }
    change = {"field": "messages", "value": value}
    body = json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    ).encode()
    signature = hmac.new(order["secret"].encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST /webhooks/meta HTTP/1.1\r\nHost: localhost:{order['port']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\n\r\n"
    )
    return head.encode() + body


class Client:
    """Connections that each carry one request at a time."""

    def __init__(self, port: int, connections: int):
        self.poll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        self.parts: dict[int, bytes] = {}
        self.began: dict[int, float] = {}
        for _ in range(connections):
            made = socket.create_connection(("127.0.0.1", port))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets[made.fileno()] = made
            self.poll.register(made.fileno(), select.EPOLLIN)
        self.free = deque(self.sockets)
        self.seconds: list[float] = []
        self.statuses: dict[str, int] = {}
        self.sent = 0

    def run(self, requests: list[bytes], seconds: float, rate: float | None) -> float:
        """Send until the time or the requests are over; answers when the last answer was there."""
        begin = self.began_at = time.perf_counter()
        stop = begin + seconds
        while True:
            now = time.perf_counter()
            while self.free and self.sent < len(requests) and now < stop:
                due = begin + self.sent / rate if rate else now
                if due > now:
                    break
                self._send(requests[self.sent], due)
                now = time.perf_counter()
            over = now >= stop or self.sent == len(requests)
            if over and not self.began:
                return time.perf_counter() - begin
            if now > stop + 60:
                raise TimeoutError(f"{len(self.began)} requests have had no answer for a minute")
            self._receive(self._patience(begin, rate, now, over))

    def _patience(self, begin: float, rate: float | None, now: float, over: bool) -> float:
        if over or not rate or not self.free:
            return 1.0
        return max(0.0, begin + self.sent / rate - now)

    def _send(self, request: bytes, due: float) -> None:
        number = self.free.popleft()
        self.began[number] = due
        self.parts[number] = b""
        self.sockets[number].sendall(request)
        self.sent += 1

    def _receive(self, patience: float) -> None:
        for number, _ in self.poll.poll(patience):
            chunk = self.sockets[number].recv(65536)
            if not chunk:
                raise ConnectionError("the server closed a connection")
            data = self.parts[number] = self.parts[number] + chunk
            head = data.find(b"\r\n\r\n")
            if head < 0:
                continue
            length = LENGTH.search(data, 0, head)
            if len(data) < head + 4 + (int(length[1]) if length else 0):
                continue
            self.seconds.append(time.perf_counter() - self.began.pop(number))
            status = data[9:12].decode()
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.free.append(number)


def main() -> None:
    order = json.load(sys.stdin)
    requests = prepare(order)
    client = Client(order["port"], order["connections"])
    cpu = time.process_time()
    took = client.run(requests, order["seconds"], order.get("rate"))
    times = sorted(client.seconds)
    json.dump(
        {
            "sent": client.sent,
            "ok": client.statuses.get("200", 0),
            "statuses": client.statuses,
            "began_at": client.began_at,
            "seconds": took,
            "cpu_seconds": time.process_time() - cpu,
            "whole_cpu_seconds": time.process_time(),  # with preparing the requests
            **{f"p{part}_ms": _at(times, part) for part in (50, 95, 99, 100)},
        },
        sys.stdout,
    )


def _at(times: list[float], part: int) -> float:
    if not times:
        return 0.0
    return round(times[min(len(times) - 1, len(times) * part // 100)] * 1000, 2)


if __name__ == "__main__":
    main()
