"""`python -m cloudchat.simulators`: run the simulators until Ctrl-C or SIGTERM."""

import argparse
import os
import signal
import sys
import threading

from cloudchat.simulators import serve


def main() -> int:
    """Start, print the addresses, wait for the end."""
    parser = argparse.ArgumentParser(prog="python -m cloudchat.simulators", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5001)
    parser.add_argument(
        "--webhook-url",
        default=os.environ.get("SIMULATOR_WEBHOOK_URL"),
        help="where Meta's webhooks go (default: SIMULATOR_WEBHOOK_URL, else the app on PORT)",
    )
    options = parser.parse_args()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    try:
        server = serve(options.port, host=options.host, webhook_url=options.webhook_url, gives_numbers=True)
    except OSError as error:
        print(f"simulators: cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    print(f"simulators: {server.url}/ (WhatsApp phone: {server.url}/whatsapp)", flush=True)
    stop.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
