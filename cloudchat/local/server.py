"""What PostgreSQL and Redis have in common: one owner, a proof that it is ours, a clean end."""

import fcntl
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from cloudchat.local.errors import LocalError
from cloudchat.local.logs import last_lines, open_log
from cloudchat.local.process import end, spawn

START_SECONDS = 60


class Server:
    """One server of a data folder.

    Whoever holds the lock file is its owner: starts it, and ends it at its own end. Everybody else
    uses what the owner runs. The lock goes with the process, so a killed owner blocks nobody.
    """

    name: str  # also its folder under the data folder
    title: str
    death_signal: int
    end_steps: Sequence[tuple[int, float]]

    def __init__(self, data_dir: Path):
        self.data_dir = data_dir
        self.log = data_dir / "log" / f"{self.name}.log"
        self.process: subprocess.Popen | None = None
        self._lock: int | None = None
        self._owner_pid: int | None = None

    def start(self) -> None:
        """Return when the server answers: the one that runs already, or one of our own."""
        deadline = time.monotonic() + START_SECONDS
        while not self._take_lock():
            if self.answers():
                return
            if time.monotonic() > deadline:
                raise LocalError(
                    f"another process (see {self._lock_path}) holds {self.title} of "
                    f"{self.data_dir}, but it does not answer; end that process first"
                )
            time.sleep(0.05)
        try:
            self.prepare()
            self._launch(deadline)
        except BaseException:
            self.stop()
            raise

    def ensure(self) -> bool:
        """Start it again if it is gone; true when that was needed."""
        alive = self.process.poll() is None if self.process else self.answers()
        if alive:
            return False
        self.process = None
        self._release()
        self.start()
        return True

    def stop(self) -> None:
        """End the server if it is ours; does nothing in a fork of the owner."""
        if self._owner_pid != os.getpid():
            return
        if self.process:
            end(self.process, self.end_steps)
            self.process = None
        self._release()

    def prepare(self) -> None:
        """Make folders and files, and clear what a crash left."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether a server answers at our address and is proven to be the one of this folder."""
        raise NotImplementedError

    def ready(self) -> None:
        """Called once when our own server answers for the first time."""

    def user(self) -> tuple[int, int] | None:
        """The (uid, gid) that the program runs as; None for our own."""
        return None

    def environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def may_retry(self, last_words: str) -> bool:
        """Whether a start that failed with these words is worth another try."""
        return False

    def _launch(self, deadline: float) -> None:
        while True:
            self._spawn()
            while self.process.poll() is None:
                if self.answers():
                    self.ready()
                    return
                if time.monotonic() > deadline:
                    raise LocalError(f"{self.title} did not answer in time; see {self.log}")
                time.sleep(0.02)
            words = last_lines(self.log, 5)
            if not self.may_retry(words) or time.monotonic() > deadline:
                raise LocalError(self._failure(words))
            time.sleep(0.2)

    def _failure(self, words: str) -> str:
        if "No space left on device" in words:
            return f"{self.title} cannot start: the disk of {self.data_dir} is full"
        return f"{self.title} does not start; the end of {self.log} says:\n{words}"

    def _spawn(self) -> None:
        with open_log(self.log) as output:
            self.process = spawn(
                self.command(),
                death_signal=self.death_signal,
                output=output,
                user=self.user(),
                env=self.environment(),
            )

    @property
    def _lock_path(self) -> Path:
        return self.data_dir / f"{self.name}.lock"

    def _take_lock(self) -> bool:
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._lock, self._owner_pid = handle, os.getpid()
        return True

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
        self._lock = self._owner_pid = None
