"""Child processes that end when we end, however we end."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
# Loaded here and not in the child: between fork and exec only the call itself is safe.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    arguments: Sequence[str],
    *,
    death_signal: int,
    output: IO | int | None = None,
    user: tuple[int, int] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen:
    """Start a program in a session of its own that gets `death_signal` when we are gone.

    Linux ties that signal to the starting *thread*: call this from the main thread. A session of
    its own keeps Ctrl-C in the terminal from reaching it, so that we end things in order. `user`
    is a (uid, gid) to become.
    """
    uid, gid = user or (None, None)
    return subprocess.Popen(
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        user=uid,
        group=gid,
        extra_groups=[] if user else None,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_tie(death_signal, os.getpid()),
    )


def tie_forks_to_parent() -> None:
    """From now on a process forked by this one is killed when this one dies.

    For a program that forks without exec (RQ's worker): its forks do not inherit the tie.
    """

    def tie() -> None:
        _tie(signal.SIGKILL, parent[0])()
        parent[0] = os.getpid()

    parent = [os.getpid()]
    os.register_at_fork(after_in_child=tie)


def end(process: subprocess.Popen, steps: Sequence[tuple[int, float]]) -> None:
    """Send each signal of `steps` and wait its seconds, until the process is gone."""
    for number, seconds in steps:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def command_line(pid: int) -> str:
    """What runs under that process id, or nothing."""
    try:
        if sys.platform == "linux":
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        shown = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return shown.stdout
    except OSError:
        return ""


def _tie(death_signal: int, parent: int):
    def tie() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the tie was there
            os._exit(1)

    return tie
