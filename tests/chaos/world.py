"""The servers and processes that faults are tried on: all our own, restarted when they die."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from cloudchat.local.children import Child, Program
from cloudchat.local.errors import LocalError
from cloudchat.local.server import Server
from cloudchat.local.services import Services
from tests.bench.progress import say
from tests.bench.stack import Stack, call

FLASK = ("-m", "flask")
USUAL = ("simulators", "web", "web-2", "worker", "worker-2", "scheduler")


class World(Stack):
    """A stack whose processes are looked after as `make run` (or systemd, or a cluster) does it.

    Call from the main thread: processes are tied to the thread that starts them.
    """

    def __init__(
        self,
        folder: Path,
        load: float = 1.0,
        patience: float = 1.0,
        services: Services | None = None,
        migrated: str | None = None,
    ):
        super().__init__(folder, services, migrated)
        self.load = load
        self.patience = patience  # a busy machine needs more time to start processes
        self.children: dict[str, Child] = {}
        self.away: set[Server] = set()
        self.keep = False  # leave the folder, and those of the worlds that a case makes, with their logs
        self.shops = None  # set by the seed
        self.clock: Path | None = None  # a file that says how far the clock of new processes is off
        self._looked = 0.0

    # --- processes -----------------------------------------------------------------------------

    def command(self, name: str) -> list[str]:
        kind = name.split("-", maxsplit=1)[0]
        if kind == "simulators":
            return [sys.executable, "-m", "cloudchat.simulators", "--port", str(self.simulator_port)]
        if self.clock:
            program = ["wsgi.py"] if kind == "web" else ["flask", kind]
            return [sys.executable, "-m", "tests.chaos.clock", *program]
        return [sys.executable, "wsgi.py"] if kind == "web" else [sys.executable, *FLASK, kind]

    def start(self, *names: str, tree: Path | None = None) -> None:
        """Start processes and keep them running; returns when all of them work. `tree`: another
        version of the product."""
        there = ["env", "-C", str(tree)] if tree else []
        env = self.env | ({"PYTHONPATH": str(tree)} if tree else {})
        env |= {"CHAOS_CLOCK": str(self.clock)} if self.clock else {}
        for name in names:
            program = Program(name, [*there, *self.command(name)])
            child = Child(program, env, self.folder / "log", partial(say))
            self.children[name] = child
            child.start()
        for name in names:
            self._until_it_works(name)

    def _until_it_works(self, name: str) -> None:
        child = self.children[name]
        checks = {
            "web": lambda: self._serves(child.pid),
            "simulators": lambda: call(self.meta + "/healthz") is not None,
        }
        check = checks.get(name.split("-", maxsplit=1)[0])
        if check and not self.until(check, 90):
            raise RuntimeError(f"{name} does not start: see {child.log}")

    def _serves(self, pid: int | None) -> bool:
        return pid is not None and self.listens(pid) and self.get("/healthz") is not None

    def kill(self, *names: str) -> None:
        """kill -9. What is looked after comes back by itself."""
        for name in names:
            os.kill(self.children[name].pid, signal.SIGKILL)

    def end(self, *names: str, seconds: float = 30) -> float:
        """SIGTERM, for good; answers after how many seconds all of them were gone."""
        ending = [self.children.pop(name) for name in names]
        began = time.monotonic()
        for child in ending:
            child.ask_to_end()
        gone = self.until(lambda: all(child.gone() for child in ending), seconds)
        took = time.monotonic() - began
        for child in ending:
            child.kill()
        return took if gone else float("inf")

    @contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """These processes are ended in good order, and there again afterwards."""
        self.end(*names)
        try:
            yield
        finally:
            self.start(*names)

    # --- PostgreSQL and Redis ------------------------------------------------------------------

    def kill_server(self, server: Server) -> None:
        """kill -9, and nobody starts it again before `bring_back`."""
        self.away.add(server)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(10)

    def bring_back(self, server: Server) -> None:
        self.away.discard(server)
        server.ensure()
        self.prove_own()

    @property
    def postgres(self) -> Server:
        return self.services.postgres

    @property
    def redis(self) -> Server:
        return self.services.redis

    # --- time passes ---------------------------------------------------------------------------

    def look_after(self) -> None:
        """One look at everything that should run."""
        for child in list(self.children.values()):
            child.watch()
        if time.monotonic() > self._looked + 1:
            self._looked = time.monotonic()
            for server in self.services.servers:
                if server not in self.away and server.process and server.process.poll() is not None:
                    self._try_to_start(server)

    def _try_to_start(self, server: Server) -> None:
        try:
            server.ensure()
        except LocalError as error:
            say(error.message)

    def hold(self, seconds: float) -> None:
        """Let time pass; what dies meanwhile is started again."""
        self.until(lambda: False, seconds)

    def until(self, check: Callable[[], object], seconds: float) -> object:
        """Wait for a true answer, or not; answers the last one."""
        end = time.monotonic() + seconds
        while True:
            self.look_after()
            answer = check()
            if answer or time.monotonic() > end:
                return answer
            time.sleep(0.05)

    def beside(self, work: Callable[[], object]) -> object:
        """Do something that takes long without losing sight of the processes."""
        found: list = []
        thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
        thread.start()
        self.until(lambda: not thread.is_alive(), 600)
        if not found:
            raise RuntimeError("it failed: see above")
        return found[0]

    # --- questions -----------------------------------------------------------------------------

    def ask(self, statement: str, *values, database: str | None = None) -> list[tuple]:
        """Rows, as the superuser: no wall of the product stands between."""
        with self.sql(*([database] if database else [])) as connection:
            return connection.execute(statement, values).fetchall()

    def ask_one(self, statement: str, *values):
        return self.ask(statement, *values)[0][0]

    def answers_sql(self) -> bool:
        try:
            return self.ask_one("select true")
        except psycopg.Error:
            return False

    def session_of(self, person) -> str:
        """A login of this person's, as the form makes it; answers the cookie."""
        from cloudchat.services import accounts
        from cloudchat.tenancy import acting_as

        self.forget_connections()
        with self.app.app_context():
            with acting_as(person.organization_id):
                token, _ = accounts.start_session(person.organization_id, person.id, "127.0.0.1", "chaos")
            kept = {"_permanent": True, "organization": person.organization_id, "token": token}
            return self.app.session_interface.get_signing_serializer(self.app).dumps(kept)

    def forget_connections(self) -> None:
        """Those of the app in this process may be of a server that a case has ended."""
        from cloudchat.extensions import db

        with self.app.app_context():
            db.engine.dispose()

    @property
    def meta(self) -> str:
        """The simulators' address."""
        return f"http://127.0.0.1:{self.simulator_port}"

    def control(self, path: str, body: dict | None = None, method: str | None = None) -> dict:
        """A call to the simulators' control API; raises where they do not answer."""
        answer = call(f"{self.meta}/_control/{path}", body, method=method)
        if answer is None:
            raise RuntimeError(f"the simulators refused {path}")
        return answer

    def stop(self) -> None:
        for child in self.children.values():
            child.ask_to_end()
        end = time.monotonic() + 15
        while not all(child.gone() for child in self.children.values()) and time.monotonic() < end:
            time.sleep(0.05)
        for child in self.children.values():
            child.kill()
        super().stop()
