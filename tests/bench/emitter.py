"""Emits to a room as the product's own workers do: its app, its `emit`, Redis in between.

A process of its own: each line {"room", "count", "rate", "size"} is answered with the times.
"""

import json
import sys

from cloudchat import realtime
from cloudchat.app import create_app
from tests.bench.broadcaster import body_of, paced


def main() -> None:
    app = create_app()
    print(json.dumps({"ready": True}), flush=True)
    with app.app_context():
        for line in sys.stdin:
            order = json.loads(line)
            print(json.dumps({"sent": paced(order, lambda body: _emit(body, order["room"]))}))
            sys.stdout.flush()


def _emit(body: bytes, room: str) -> None:
    name, payload = json.loads(body[2:])
    realtime.emit(name, payload, [room])


if __name__ == "__main__":
    main()
