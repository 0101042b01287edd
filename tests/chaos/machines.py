"""F31 and F32: what stands between the product and its stores on more than one machine goes away.

Not in the plan of faults, but docs/scaling.md promises both: a pooler by transaction before PostgreSQL, and
Redis with sentinels.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import redis

from cloudchat.local.children import Child, Program
from cloudchat.local.process import end, spawn
from cloudchat.local.redis import Redis
from tests.bench.progress import say
from tests.bench.stack import DATABASE, ROOT, free_port, wait_until
from tests.chaos import seed
from tests.chaos.cases import CannotTry, Verdict, case
from tests.chaos.run import loaded
from tests.chaos.world import World

PROCESSES = ("web", "web-2", "worker", "worker-2", "scheduler")
PASSWORD = "only-for-this-run"
END_STEPS = ((signal.SIGTERM, 5), (signal.SIGKILL, 5))
MASTER = "desk"
SILENCE = 2000  # milliseconds after which sentinels take the master for dead


@contextmanager
def processes_with(world: World, **env: str) -> Iterator[None]:
    """All processes of the product started anew with these settings, and afterwards as they were."""
    before = dict(world.env)
    world.end(*PROCESSES)
    world.env |= env
    try:
        world.start(*PROCESSES)
        seed.come_online(world)
        yield
    finally:
        world.end(*PROCESSES)
        world.env.clear()
        world.env.update(before)
        world.start(*PROCESSES)


# --- a pooler ----------------------------------------------------------------------------------


@case("F31", "pgbouncer by transaction before PostgreSQL is killed, and is back at once")
def the_pooler_dies(world: World, verdict: Verdict) -> None:
    with pooler(world) as url, processes_with(world, DATABASE_URL=url, DATABASE_PREPARE="0"):
        with loaded(world, verdict) as run:
            run.go(3)
            # More clients than connections: what one transaction sets must not be there in the next
            verdict.check("nothing of a transaction is left to the next", not (left := leftovers(url)), left)
            with run.fault():
                world.kill("pgbouncer")
        direct = world.ask_one(
            "select count(*) from pg_stat_activity where datname = %s and usename = 'cloudchat'"
            " and application_name = 'cloudchat'",
            DATABASE,
        )
        verdict.note(server_connections=direct)
        verdict.check("PostgreSQL has no more connections than the pooler's pool", direct <= 40, direct)


@contextmanager
def pooler(world: World) -> Iterator[str]:
    """pgbouncer with the settings of `deploy/`, started again when it dies; answers the new DATABASE_URL."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if not program:
        raise CannotTry("there is no pgbouncer on this machine (Debian: apt-get install pgbouncer)")
    port = free_port()
    settings = _settings(world, port)
    as_owner = ["-u", "nobody"] if world.postgres.owner else []
    child = Child(Program("pgbouncer", [program, *as_owner, str(settings)]), {}, world.folder / "log", say)
    world.children["pgbouncer"] = child
    child.start()
    url = f"postgresql://cloudchat:{PASSWORD}@127.0.0.1:{port}/cloudchat"
    try:
        wait_until(lambda: _answers(url), 20, f"no pgbouncer: see {child.log}")
        yield url
    finally:
        world.children.pop("pgbouncer").kill()


def _settings(world: World, port: int) -> Path:
    """`deploy/pgbouncer.ini` with the addresses of this run. As root both servers run as `nobody`, whom
    PostgreSQL has to let in."""
    folder = world.folder / "pgbouncer"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    users = folder / "users.txt"
    users.write_text(f'"cloudchat" "{PASSWORD}"\n')
    text = (ROOT / "deploy" / "pgbouncer.ini").read_text()
    database = f"host={world.postgres.sockets} port=5432 dbname={DATABASE}"
    own = {
        "host=postgres port=5432 dbname=cloudchat": database,
        "listen_addr = 0.0.0.0": "listen_addr = 127.0.0.1",
        "listen_port = 6432": f"listen_port = {port}",
        "/tmp/users.txt": str(users),
    }
    for shipped, here in own.items():
        if shipped not in text:
            raise RuntimeError(f"deploy/pgbouncer.ini says no longer: {shipped}")
        text = text.replace(shipped, here)
    path = folder / "pgbouncer.ini"
    path.write_text(text + "unix_socket_dir =\n")
    if world.postgres.owner:
        with open(world.postgres.home / "pg_ident.conf", "a") as rules:
            rules.write("starter nobody all\n")
        world.ask("select pg_reload_conf()")
    return path


def _answers(url: str) -> bool:
    with suppress(psycopg.Error), psycopg.connect(url, connect_timeout=2) as connection:
        return connection.execute("select true").fetchone()[0]
    return False


def leftovers(url: str) -> list[tuple]:
    """What other sessions find that they did not set."""
    ask = (
        "select current_user::text, coalesce(current_setting('app.tenant_id', true), ''),"
        " current_setting('lock_timeout'), current_setting('statement_timeout')"
    )
    found = set()
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        for _ in range(300):
            found.add(connection.execute(ask).fetchone())
    return sorted(found - {("cloudchat", "", "0", "0")})


# --- sentinels ---------------------------------------------------------------------------------


@case("F32", "the master of Redis is killed; the sentinels make the replica master")
def the_master_dies(world: World, verdict: Verdict) -> None:
    with sentinels(world) as redises, processes_with(world, REDIS_URL=redises.url):
        with loaded(world, verdict) as run:
            with run.fault():
                redises.kill_master()
                gone = time.monotonic()
                world.until(lambda: redises.master() != redises.first, 30)
                verdict.note(failover_s=round(time.monotonic() - gone, 1))
            run.go(4)
        verdict.check("the replica is master", redises.master() == redises.replica, redises.master())
        verdict.check("sockets hear through it", redises.listeners() > 0, redises.listeners())


class Redises:
    """A master with a replica, and three sentinels that look after them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.first, self.replica = free_port(), free_port()
        self.watchers = [free_port() for _ in range(3)]
        self.program = Redis(folder).command()[0]
        self._running: dict[int, subprocess.Popen] = {}

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.watchers)
        return f"redis+sentinel://{hosts}/0/{MASTER}"

    def start(self) -> None:
        self._server(self.first)
        self._server(self.replica, "--replicaof", "127.0.0.1", str(self.first))
        wait_until(self._follows, 20, "the replica does not follow")
        for port in self.watchers:
            self._sentinel(port)
        wait_until(self._agree, 20, "the sentinels do not find each other")

    def _server(self, port: int, *more: str) -> None:
        home = self.folder / f"redis-{port}"
        home.mkdir()
        usual = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(home), "--appendonly", "yes")
        self._spawn(port, *usual, "--save", "", *more)

    def _spawn(self, port: int, *arguments: str) -> None:
        with open(self.folder / f"{port}.log", "ab") as output:
            command = [self.program, *arguments]
            self._running[port] = spawn(command, death_signal=signal.SIGKILL, output=output)

    def _sentinel(self, port: int) -> None:
        path = self.folder / f"sentinel-{port}.conf"
        path.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {self.folder}\n"
            f"sentinel monitor {MASTER} 127.0.0.1 {self.first} 2\n"
            f"sentinel down-after-milliseconds {MASTER} {SILENCE}\n"
            f"sentinel failover-timeout {MASTER} 6000\n"
        )
        self._spawn(port, str(path), "--sentinel")

    def _follows(self) -> bool:
        with suppress(redis.RedisError), self._client(self.replica) as client:
            return client.info("replication").get("master_link_status") == "up"
        return False

    def _agree(self) -> bool:
        with suppress(redis.RedisError), self._client(self.watchers[0]) as client:
            told = client.sentinel_master(MASTER)
            return told["num-other-sentinels"] == 2 and told["num-slaves"] == 1
        return False

    def _client(self, port: int) -> redis.Redis:
        return redis.Redis(port=port, socket_timeout=2, decode_responses=True)

    def kill_master(self) -> None:
        made = self._running.pop(self.first)
        made.kill()
        made.wait()

    def master(self) -> int:
        with self._client(self.watchers[0]) as client:
            return int(client.sentinel_get_master_addr_by_name(MASTER)[1])

    def listeners(self) -> int:
        """How many connections wait for socket events there."""
        with self._client(self.replica) as client:
            return sum(count for _, count in client.pubsub_numsub(*client.pubsub_channels()))

    def stop(self) -> None:
        for process in reversed(self._running.values()):
            end(process, END_STEPS)


@contextmanager
def sentinels(world: World) -> Iterator[Redises]:
    folder = world.folder / f"sentinels-{free_port()}"
    folder.mkdir()
    made = Redises(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
