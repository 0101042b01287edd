"""`make run`: everything on one machine, started in order, kept running, ended together."""

import fcntl
import http.client
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cloudchat.local.announce import complain, say
from cloudchat.local.children import Child, Program, how_it_ended
from cloudchat.local.errors import LocalError
from cloudchat.local.logs import last_lines, open_log
from cloudchat.local.process import end, spawn
from cloudchat.local.services import Services

DRAIN_SECONDS = 15
READY_SECONDS = 90
CRASHES_BEFORE_READY = 3
TICK = 0.1
HEAL_EVERY = 1.0
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """Raised by the first signal to end; unwinds whatever is going on."""


class Supervisor:
    """Runs services and programs of one data folder until a signal ends it."""

    def __init__(self, data_dir: Path, drain_seconds: float = DRAIN_SECONDS):
        self.data_dir = data_dir
        self.drain_seconds = drain_seconds
        self.logs = data_dir / "log"
        self.services: Services | None = None
        self.children: list[Child] = []
        self._lock: int | None = None
        self._hurry = False
        self._heal_at = 0.0
        self._terminal = select.poll()
        if sys.stdin and sys.stdin.isatty():
            self._terminal.register(sys.stdin, 0)

    def run(self, steps: Callable[["Supervisor"], None]) -> int:
        """Claim the folder, do `steps`, then watch until the end; the exit code."""
        for number in ENDINGS:
            # A hang-up is ignored under nohup, and that is what it is for.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        try:
            self._claim()
            steps(self)
            while True:
                self.watch()
                time.sleep(TICK)
        except Stop:
            return 0
        except LocalError as error:
            complain(error.message)
            return 1
        finally:
            self.end()

    def start_services(self, start: Callable[[], Services]) -> Services:
        """Start PostgreSQL and Redis; from now on they are watched and ended with the rest."""
        self.services = start()
        return self.services

    def once(self, program: Program, env: Mapping[str, str]) -> str:
        """Run a program to its end, give back what it printed; LocalError if it fails."""
        log = self.logs / f"{program.name}.log"
        log.unlink(missing_ok=True)
        with open_log(log) as output:
            process = spawn(program.arguments, death_signal=signal.SIGKILL, output=output, env=env)
        try:
            while process.poll() is None:
                if self.children:
                    self.watch()
                time.sleep(TICK / 2)
        finally:
            end(process, ((signal.SIGTERM, 5), (signal.SIGKILL, 5)))
        if process.returncode:
            raise LocalError(
                f"{program.name} failed ({how_it_ended(process.returncode)}); "
                f"the end of {log}:\n{last_lines(log, 12, indent='    ')}"
            )
        return log.read_text(errors="replace")

    def start(self, programs: Sequence[Program], env: Mapping[str, str]) -> None:
        """Start programs and keep them running from now on."""
        for program in programs:
            child = Child(program, env, self.logs, say)
            self.children.append(child)
            child.start()

    def wait_ready(self, port: int, path: str = "/readyz") -> None:
        """Return when the web program says that it can work; LocalError when it never will."""
        deadline = time.monotonic() + READY_SECONDS
        while (answer := _ask(port, path)) != 200:
            self.watch()
            for child in self.children:
                if child.crashes >= CRASHES_BEFORE_READY:
                    raise LocalError(f"{child.program.name} does not start; see {child.log}")
            if time.monotonic() > deadline:
                raise LocalError(
                    f"http://localhost:{port}{path} is not ready after {READY_SECONDS} s "
                    f"(it says {answer or 'nothing'}); see {self.logs}"
                )
            time.sleep(TICK)

    def watch(self) -> None:
        """One look at everything: start again what has ended."""
        if self._terminal.poll(0):
            raise Stop  # it was closed; under make the signal for that does not get here
        for child in self.children:
            child.watch()
        if self.services and time.monotonic() >= self._heal_at:
            self._heal_at = time.monotonic() + HEAL_EVERY
            for server in self.services.servers:
                try:
                    if server.ensure():
                        say(f"{server.title} had ended; it runs again")
                except LocalError as error:
                    complain(error.message)
                    self._heal_at = time.monotonic() + 5

    def end(self) -> None:
        """Programs first, with time to finish what they do; then Redis and PostgreSQL."""
        self._be_patient()
        if self.children or self.services:
            say("\nEnding …")
        for child in self.children:
            child.ask_to_end()
        deadline = time.monotonic() + self.drain_seconds
        while not all(child.gone() for child in self.children):
            if self._hurry or time.monotonic() > deadline:
                break
            time.sleep(TICK / 2)
        for child in self.children:
            if not child.gone() and not self._hurry:
                complain(f"{child.program.name} did not end in {self.drain_seconds:g} s and was killed")
            child.kill()
        if self.services:
            self.services.stop()
            say("Ended.")

    def _claim(self) -> None:
        """One supervisor per data folder; the claim goes with the process."""
        path = self.data_dir / "run.lock"
        self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text().strip() or "unknown"
            raise LocalError(
                f"CloudChat runs on {self.data_dir} already (process {holder}). End that one, or "
                "start a second one beside it: CLOUDCHAT_DATA_DIR=var2 PORT=5010 make run"
            ) from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    def _on_signal(self, number, frame) -> None:
        self._be_patient()
        raise Stop

    def _be_patient(self) -> None:
        """From now on a signal does not interrupt; another Ctrl-C only ends the waiting."""
        for number in ENDINGS:
            signal.signal(number, self._on_impatience)

    def _on_impatience(self, number, frame) -> None:
        self._hurry = self._hurry or number == signal.SIGINT


def _ask(port: int, path: str) -> int | None:
    """The status of one GET on this machine, or None where nobody answers."""
    # Not through urllib: a proxy of the environment has no business here.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
