"""Waiting for what happens elsewhere, and ports for what is started: for the tests and the benches."""

import random
import socket
import time


def free_port() -> int:
    """A port that nothing uses, below those that the system gives to outgoing connections: it must
    still be free when the server that is told to use it has started, or was killed and comes back."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(check, seconds: float = 20, message: str = "it did not happen in time"):
    """Ask until the answer is true; answers it."""
    until = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > until:
            raise AssertionError(message)
        time.sleep(0.05)
    return answer
