"""Runs a program of ours on a clock that can be set: `python -m tests.chaos.clock wsgi.py`.

At each SIGUSR1 the seconds in the file $CHAOS_CLOCK are how far the clock is off. The clock for measuring
durations goes on evenly, as a computer's does.
"""

import os
import runpy
import signal
import sys
import time
from pathlib import Path

import time_machine

_travels: list = []


def set_clock(*_) -> None:
    """Read how far off the clock shall be, and have it so."""
    while _travels:
        _travels.pop().stop()
    off = float(Path(os.environ["CHAOS_CLOCK"]).read_text())
    if off:
        _travels.append(time_machine.travel(time.time() + off, tick=True))
        _travels[-1].start()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, set_clock)
    set_clock()
    sys.argv = sys.argv[1:]
    if sys.argv[0].endswith(".py"):
        runpy.run_path(sys.argv[0], run_name="__main__")
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
