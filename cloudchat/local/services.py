"""Both servers of a data folder as one thing to start and to stop."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cloudchat.local import folders
from cloudchat.local.postgres import Postgres
from cloudchat.local.redis import Redis
from cloudchat.local.server import Server


class Services:
    """Running services. Those that somebody else started stay when we stop."""

    def __init__(self, postgres: Postgres | None, redis: Redis | None):
        self.postgres = postgres
        self.redis = redis

    @property
    def servers(self) -> list[Server]:
        return [server for server in (self.postgres, self.redis) if server]

    @property
    def database_url(self) -> str:
        return self.postgres.url() if self.postgres else ""

    @property
    def redis_url(self) -> str:
        return self.redis.url() if self.redis else ""

    def create_database(self, name: str, template: str = "template1") -> str:
        """An empty database (or a copy of `template`) beside the application's own; its address."""
        return self.postgres.create_database(name, template)

    def drop_database(self, name: str) -> None:
        """Remove a database that `create_database` made."""
        self.postgres.drop_database(name)

    def stop(self) -> None:
        """End what we started, Redis first; safe to call twice."""
        for server in reversed(self.servers):
            server.stop()


def start(
    data_dir: Path | str, *, postgres: bool = True, redis: bool = True, durable: bool = True
) -> Services:
    """Start what does not run yet under `data_dir`. Call it from the main thread.

    With `durable=False` nothing survives a crash of the machine: right for tests only.
    """
    folder = folders.make_data_dir(Path(data_dir).absolute())
    services = Services(
        Postgres(folder, durable=durable) if postgres else None,
        Redis(folder, durable=durable) if redis else None,
    )
    with ExitStack() as undo:
        undo.callback(services.stop)
        for server in services.servers:
            server.start()
        undo.pop_all()
    return services


@contextmanager
def temporary() -> Iterator[Services]:
    """Services for tests in a folder of their own, which goes when they are done."""
    with tempfile.TemporaryDirectory(prefix="cloudchat-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root the database runs as another user, who must get through
        services = start(folder, durable=False)
        try:
            yield services
        finally:
            services.stop()
            folders.remove_home(folder, "postgres")
