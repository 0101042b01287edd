"""What a waiting person sees on standard error; standard output carries the document alone."""

import sys
import time

import psutil

QUIET = 20  # per cent of the machine that other programs may use
LONGEST_PAUSE = 15.0  # seconds that one measurement waits for them
_patience = [0.0]  # seconds that are left for such waiting in the whole run
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


def be_patient(seconds: float) -> None:
    """How long the run may wait in all for other programs to be quiet."""
    _patience[0] = seconds


def quiet() -> None:
    """Wait a little until nobody else needs the processor; the figures say how far that went."""
    began = time.monotonic()
    longest = min(LONGEST_PAUSE, _patience[0])
    while psutil.cpu_percent(0.5) > QUIET and (waited := time.monotonic() - began) < longest:
        bar(waited, longest, "waiting for other programs")
    _patience[0] -= max(0.0, time.monotonic() - began - 0.5)
    _clear()


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
