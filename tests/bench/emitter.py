"""Emits to a room as the product's own workers do: its app, its `emit`, Redis in between.

A process of its own: each line {"room", "count", "rate", "size"} is answered with the times.
"""

import json
import sys
from functools import partial

from cloudchat.app import create_app
from cloudchat.realtime.rooms import emit
from tests.bench.broadcaster import paced


def main() -> None:
    app = create_app()
    print(json.dumps({"ready": True}), flush=True)
    with app.app_context():
        for line in sys.stdin:
            order = json.loads(line)
            sent = paced(order, partial(_emit, order["room"]))
            print(json.dumps({"sent": sent}), flush=True)


def _emit(room: str, body: bytes) -> None:
    name, payload = json.loads(body[2:])
    emit(name, payload, [room])


if __name__ == "__main__":
    main()
