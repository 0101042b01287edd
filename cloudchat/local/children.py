"""The programs that `make run` keeps running: started again when they crash, ended together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudchat.local.logs import last_lines, open_log
from cloudchat.local.process import spawn

FIRST_WAIT = 0.1
LONGEST_WAIT = 30.0
STEADY_AFTER = 30.0  # seconds of running after which a crash counts as the first one again


@dataclass(frozen=True)
class Program:
    """One program to keep running: its name for people, and its command line."""

    name: str
    arguments: Sequence[str]


class Child:
    """A running program, started again with growing pauses when it ends by itself."""

    def __init__(self, program: Program, env: Mapping[str, str], logs: Path, say: Callable[[str], None]):
        self.program = program
        self.log = logs / f"{program.name}.log"
        self.crashes = 0  # in a row
        self._env = env
        self._say = say
        self._process: subprocess.Popen | None = None
        self._started = 0.0
        self._due = 0.0

    def start(self) -> None:
        """Start it now. A session of its own marks everything that it starts in turn."""
        with open_log(self.log) as output:
            self._process = spawn(
                self.program.arguments,
                # Not SIGTERM: with us gone nobody is left to see that it really ends.
                death_signal=signal.SIGKILL,
                output=output,
                env=self._env,
            )
        self._started = time.monotonic()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def watch(self) -> None:
        """Called often: notices an end, and starts again when the pause is over."""
        process = self._process
        if process and self.gone():
            self._plan_restart(process.returncode)
        if not self._process and time.monotonic() >= self._due:
            self.start()

    def gone(self) -> bool:
        """Whether it has ended; what it leaves behind is killed when that is first seen."""
        if self._process and self._process.poll() is not None:
            kill_session(self._process.pid)
            self._process = None
        return self._process is None

    def ask_to_end(self) -> None:
        """SIGTERM: finish what you do, then end."""
        if not self.gone():
            self._process.terminate()

    def kill(self) -> None:
        """End it and everything that it started, at once."""
        if not self.gone():
            kill_session(self._process.pid)
            self._process.wait()
            self._process = None

    def _plan_restart(self, code: int) -> None:
        steady = time.monotonic() - self._started > STEADY_AFTER
        self.crashes = 1 if steady else self.crashes + 1
        wait = min(FIRST_WAIT * 2 ** (self.crashes - 1), LONGEST_WAIT)
        self._due = time.monotonic() + wait
        self._say(f"{self.program.name} ended ({how_it_ended(code)}); again in {wait:g} s")
        if self.crashes > 1:
            self._say(f"the end of {self.log}:\n{last_lines(self.log, 5, indent='    ')}")


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def kill_session(leader: int) -> None:
    """SIGKILL for every process of the session that `leader` began, its forks' groups included."""
    for pid in session_members(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def session_members(leader: int) -> list[int]:
    """The processes of a session; the leader first, so that it starts no more of them."""
    if sys.platform == "linux":
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    else:
        shown = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=False)
        pids = [int(word) for word in shown.stdout.split()]
    return sorted((pid for pid in pids if _session(pid) == leader), key=lambda pid: pid != leader)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None
