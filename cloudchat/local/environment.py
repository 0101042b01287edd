"""What `make run` adds to the environment of the programs that it starts."""

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from cloudchat.config import Config, load
from cloudchat.local.children import Program
from cloudchat.local.errors import LocalError

# Where each provider's address points with nothing set: its part of the simulators.
SIMULATED = {
    "META_GRAPH_URL": "/meta",
    "META_DIALOG_URL": "/meta",
    "TELEGRAM_API_URL": "/telegram",
    "WA_DEVICE_URL": "/wa-device",
    "RAJAONGKIR_URL": "/rajaongkir",
}


def check_config(env: Mapping[str, str]) -> Config:
    """Read the settings, and refuse unusable ones before anything is started.

    The two addresses may be missing even in production: we fill them in.
    """
    try:
        return load({"DATABASE_URL": "embedded", "REDIS_URL": "embedded"} | _set_only(env))
    except OSError as error:
        raise LocalError(f"cannot write {error.filename}: {error.strerror}") from None


def check_port(port: int, setting: str = "PORT") -> None:
    """Refuse a port that somebody else listens on."""
    if not 0 < port < 65535:
        raise LocalError(f"{setting} must be between 1 and 65534, not {port}")
    with socket.socket() as probe:
        # As servers do: a connection of the run before that still lingers is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except PermissionError:
            raise LocalError(f"port {port} is for root only; try another: PORT=5010 make run") from None
        except OSError:
            raise LocalError(
                f"port {port} is taken by another program; take another one: PORT={port + 10} make run"
            ) from None


def for_children(env: Mapping[str, str], config: Config, database_url: str, redis_url: str) -> dict[str, str]:
    """The environment of the programs; what is set already stays."""
    beside = str(Path(sys.executable).parent)  # the environment's own programs first
    made = {
        "FLASK_APP": "wsgi",
        "PYTHONUNBUFFERED": "1",
        "PORT": str(config.port),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }
    if not config.is_production:
        base = simulator_url(config)
        made["PUBLIC_URL"] = config.public_url
        made |= {name: base + path for name, path in SIMULATED.items()}
    path = os.pathsep.join([beside, env.get("PATH", os.defpath)])
    return made | _set_only(env) | {"PATH": path}


def programs(config: Config) -> tuple[list[Program], list[Program]]:
    """What a page needs (web and, outside production, the simulators), and what works behind it."""
    flask = [sys.executable, "-m", "flask"]
    in_front = [Program("web", [sys.executable, "wsgi.py"])]
    if not config.is_production:
        simulators = [sys.executable, "-m", "cloudchat.simulators"]
        in_front.append(Program("simulators", [*simulators, "--port", str(config.port + 1)]))
    # Two workers: while one waits for a provider that hangs, the other serves the rest.
    workers = [Program(name, [*flask, "worker"]) for name in ("worker", "worker-2")]
    return in_front, [*workers, Program("scheduler", [*flask, "scheduler"])]


def simulator_url(config: Config) -> str:
    return f"http://127.0.0.1:{config.port + 1}"


def _set_only(env: Mapping[str, str]) -> dict[str, str]:
    """Without the empty ones: `PORT= make run` means the default."""
    return {name: value for name, value in env.items() if value}
