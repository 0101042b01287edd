"""The servers and processes of one run: all started here, proven to be ours, ended with us."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psutil
import psycopg
import redis

from cloudchat import config as configuration
from cloudchat import local
from cloudchat.local import folders
from cloudchat.local.postgres import PORT as POSTGRES_PORT
from cloudchat.local.postgres import SUPERUSER
from cloudchat.local.process import end, spawn
from tests.waiting import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "cloudchat_bench"
LIMITS_DATABASE = "limits"
END_STEPS = ((signal.SIGTERM, 15), (signal.SIGKILL, 5))


class Stack:
    """PostgreSQL, Redis and the databases of a run; starts the product's processes on them.

    Of `services` that run already, `migrated` may name a database to begin with a copy of.
    """

    def __init__(self, folder: Path, services: local.Services | None = None, migrated: str | None = None):
        self.folder = folder
        self._own = [] if services else [local.start(folder, durable=True)]
        self.services = services or self._own[0]
        self.prove_own()
        self.port = free_port()
        self.simulator_port = free_port()
        self.services.create_database(DATABASE, migrated or "template1")
        self.services.create_database(LIMITS_DATABASE)
        self.env = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "FLASK_APP": "wsgi",
            "DATABASE_URL": self.services.postgres.url(DATABASE),
            "REDIS_URL": self.services.redis_url,
            "CLOUDCHAT_DATA_DIR": str(folder / "app"),
            "PORT": str(self.port),
            "PUBLIC_URL": f"http://localhost:{self.port}",
            "META_GRAPH_URL": f"http://127.0.0.1:{self.simulator_port}/meta",
            "SIMULATOR_WEBHOOK_URL": f"http://127.0.0.1:{self.port}/webhooks/meta",
        }
        if not migrated:
            self.run_flask("db", "upgrade")

    def prove_own(self) -> None:
        """Ask both servers who they are. Raises unless they are the ones that we started."""
        postgres, store = self.services.postgres, self.services.redis
        with self.sql("postgres") as connection:
            (data,) = connection.execute("show data_directory").fetchone()
        (pid, *_) = (Path(data) / "postmaster.pid").read_text().split()
        with redis.Redis.from_url(self.services.redis_url) as client:
            home = client.config_get("dir")["dir"]
            redis_pid = client.info("server")["process_id"]
        found = (Path(data), int(pid), Path(home), redis_pid)
        wanted = (postgres.data, postgres.process.pid, store.home, store.process.pid)
        if found != wanted:
            raise RuntimeError(f"these servers are not ours: {found}, expected {wanted}")

    def sql(self, database: str = DATABASE) -> psycopg.Connection:
        """A connection as the superuser of our own server: seeds and judges from outside."""
        return psycopg.connect(autocommit=True, **self.address(database))

    def address(self, database: str = DATABASE) -> dict[str, str]:
        sockets = str(self.services.postgres.sockets)
        return {"host": sockets, "port": str(POSTGRES_PORT), "user": SUPERUSER, "dbname": database}

    @cached_property
    def app(self):
        """The product's app in this process, to make rows by its own services and count SQL."""
        from cloudchat.app import create_app

        return create_app(configuration.load(self.env))

    def run_flask(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=ROOT,
            env=self.env,
            check=True,
            capture_output=True,
        )

    # --- the product's processes ---------------------------------------------------------------

    @contextmanager
    def process(self, name: str, *arguments: str) -> Iterator[subprocess.Popen]:
        """A Python process of the product; its log stays in the run's folder."""
        log = self.folder / "log" / f"{name}.log"
        with open(log, "ab") as output:
            made = spawn(
                [sys.executable, *arguments],
                death_signal=signal.SIGKILL,
                output=output,
                env=self.env,
                cwd=ROOT,
            )
        try:
            yield made
        finally:
            end(made, END_STEPS)

    @contextmanager
    def web(self) -> Iterator[psutil.Process]:
        """A web process. A second one shares the port of the first."""
        with self.process("web", "wsgi.py") as made:
            watched = psutil.Process(made.pid)
            wait_until(lambda: self._listens(made), 60, f"no web process: see {self.folder}/log")
            wait_until(lambda: self.get("/readyz") is not None, 20, "the web process is not ready")
            yield watched

    @contextmanager
    def worker(self) -> Iterator[psutil.Process]:
        with self.process("worker", "-m", "flask", "worker") as made:
            yield psutil.Process(made.pid)

    @contextmanager
    def simulators(self) -> Iterator[tuple[str, psutil.Process]]:
        """The fake Meta in a process of its own; answers its address, and it."""
        port = str(self.simulator_port)
        url = f"http://127.0.0.1:{port}"
        with self.process("simulators", "-m", "cloudchat.simulators", "--port", port) as made:
            wait_until(lambda: call(url + "/healthz") is not None, 20, "no simulators")
            yield url, psutil.Process(made.pid)

    def servers(self) -> dict[str, psutil.Process]:
        """PostgreSQL and Redis, to see what they use."""
        return {server.name: psutil.Process(server.process.pid) for server in self.services.servers}

    def _listens(self, process: subprocess.Popen) -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"a web process ended: see {self.folder}/log/web.log")
        return self.listens(process.pid)

    def listens(self, pid: int) -> bool:
        """Does this very process listen on our port? Several may share it."""
        try:
            open_sockets = psutil.Process(pid).net_connections("tcp")
        except psutil.NoSuchProcess:
            return False
        return any(
            item.status == psutil.CONN_LISTEN and item.laddr.port == self.port for item in open_sockets
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, token: str = ""):
        return call(self.url + path, token=token)

    def stop(self) -> None:
        """End what was started here."""
        for services in self._own:
            services.stop()


@contextmanager
def running(keep: bool = False) -> Iterator[Stack]:
    """A stack in a temporary folder, which goes at the end unless it is to be looked at."""
    allow_many_files()
    folder = Path(tempfile.mkdtemp(prefix="cloudchat-bench-"))
    folder.chmod(0o711)  # as root the database runs as another user, who must get through
    stack = None
    try:
        stack = Stack(folder)
        yield stack
    finally:
        if stack:
            stack.stop()
        if not keep:
            folders.remove_home(folder, "postgres")
            subprocess.run(["rm", "-rf", str(folder)], check=False)


class Dialogue:
    """A process of a test package that is told one JSON line and answers one, again and again."""

    def __init__(self, module: str, env: dict[str, str] | None = None, package: str = "tests.bench"):
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{package}.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=env,
        )

    def __enter__(self) -> "Dialogue":
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, order: dict) -> None:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict:
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args[-1]} ended")
        return json.loads(line)

    def ask(self, order: dict) -> dict:
        self.tell(order)
        return self.hear()


def client(module: str, order: dict) -> dict:
    """Run one of this package's load clients in a process of its own; order in, findings out."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}"],
        input=json.dumps(order),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return json.loads(done.stdout)


def call(url: str, body: dict | None = None, token: str = "", method: str | None = None):
    """One JSON call; None where nobody answers or the answer is an error."""
    request = urllib.request.Request(url, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.loads(answer.read() or b"{}")
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def allow_many_files() -> None:
    """5,000 sockets at both ends need more open files than the usual soft limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
