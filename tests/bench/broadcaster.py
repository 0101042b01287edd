"""L5: the least that a WebSocket broadcast costs: one prepared frame, one `send` for each socket.

A process of its own: {"sockets": n} comes first and is answered with the port; then each order
{"count", "rate", "size"} with the times at which the broadcasts left.
"""

import json
import socket
import sys
import time
from functools import partial

from tests.bench import frames
from tests.bench.stack import allow_many_files


def main() -> None:
    allow_many_files()
    expected = json.loads(sys.stdin.readline())["sockets"]
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    members = [_accepted(listening) for _ in range(expected)]
    for line in sys.stdin:
        order = json.loads(line)
        sent = paced(order, partial(_broadcast, members))
        print(json.dumps({"sent": sent}), flush=True)


def _accepted(listening: socket.socket) -> socket.socket:
    made, _ = listening.accept()
    request = b""
    while b"\r\n\r\n" not in request:
        request += made.recv(4096)
    made.sendall(frames.accept(request))
    return frames.plain(made)


def _broadcast(members: list[socket.socket], body: bytes) -> None:
    frame = frames.text_frame(body)
    for member in members:
        member.sendall(frame)


def paced(order: dict, send) -> list[float]:
    """Send `count` numbered bodies, `rate` a second (all at once without one); answers when."""
    began, sent = time.perf_counter(), []
    for number in range(order["count"]):
        if order["rate"]:
            time.sleep(max(0.0, began + number / order["rate"] - time.perf_counter()))
        sent.append(time.perf_counter())
        send(body_of(number, order["size"]))
    return sent


def body_of(number: int, size: int) -> bytes:
    """A Socket.IO event of that size, with its number in it."""
    start = f'42["conversation:updated",{{"mark":"#{number}#","pad":"'
    return (start + "x" * (size - len(start) - 3) + '"}]').encode()


if __name__ == "__main__":
    main()
