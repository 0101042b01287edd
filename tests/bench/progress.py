"""What a waiting person sees on standard error; standard output carries the document alone."""

import sys
import time

import psutil

QUIET = 20  # per cent of the machine that other programs may use
PATIENCE = 20.0  # seconds that a run waits for them
_started = time.monotonic()


def say(text: str) -> None:
    """One line with the time since the start."""
    _clear()
    print(f"[{time.monotonic() - _started:6.1f} s] {text}", file=sys.stderr, flush=True)


def bar(done: float, total: float, text: str) -> None:
    """A bar that redraws itself; on no terminal nothing, so that a log stays readable."""
    if not sys.stderr.isatty():
        return
    part = min(1.0, done / total) if total else 1.0
    filled = round(part * 30)
    shape = "█" * filled + "·" * (30 - filled)
    print(f"\r\033[K{shape} {part:4.0%} {text}", end="", file=sys.stderr, flush=True)


def wait(seconds: float, text: str) -> None:
    """Sleep with a bar."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        bar(seconds - left, seconds, text)
        time.sleep(min(0.5, left))
    _clear()


def quiet() -> None:
    """Wait a little until nobody else needs the processor; a figure says how far that went."""
    until = time.monotonic() + PATIENCE
    while psutil.cpu_percent(0.5) > QUIET and time.monotonic() < until:
        bar(until - time.monotonic(), PATIENCE, "waiting for other programs")
    _clear()


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
