"""`python -m cloudchat.local`: what `make run` runs."""

import ctypes
import os
import signal
import sys
import time

from cloudchat.local.announce import demo_of, say, welcome
from cloudchat.local.children import Program
from cloudchat.local.environment import (
    check_config,
    check_port,
    for_children,
    programs,
    simulator_url,
)
from cloudchat.local.folders import make_data_dir
from cloudchat.local.process import PR_SET_PDEATHSIG
from cloudchat.local.services import start
from cloudchat.local.supervisor import Supervisor


def main() -> int:
    """Start everything, say where it is, keep it running until Ctrl-C."""
    _end_with_make()
    begun = time.monotonic()
    config = check_config(os.environ)
    simulated = not config.is_production
    flask = [sys.executable, "-m", "flask"]

    def steps(supervisor: Supervisor) -> None:
        check_port(config.port)
        if simulated:
            check_port(config.port + 1)
        wanted = {
            "postgres": not os.environ.get("DATABASE_URL"),
            "redis": not os.environ.get("REDIS_URL"),
        }
        if any(wanted.values()):
            say("→ PostgreSQL and Redis …")
        services = supervisor.start_services(lambda: start(config.data_dir, **wanted))
        env = for_children(os.environ, config, services.database_url, services.redis_url)
        say("→ database schema …")
        supervisor.once(Program("migrate", [*flask, "db", "upgrade"]), env)
        say("→ web, worker, scheduler" + (", simulators …" if simulated else " …"))
        in_front, behind = programs(config)
        supervisor.start(in_front, env)
        demo = {}
        if simulated:
            demo = demo_of(supervisor.once(Program("demo", [*flask, "demo", "seed"]), env))
        supervisor.start(behind, env)  # last: each takes a second or two of a processor to load
        supervisor.wait_ready(config.port)
        say(f"→ ready after {time.monotonic() - begun:.1f} s; logs in {supervisor.logs}")
        say(welcome(config.public_url, demo, simulator_url(config) if simulated else None))

    return Supervisor(make_data_dir(config.data_dir)).run(steps)


def _end_with_make() -> None:
    """Started by make: end in good order when make is killed, rather than run on unseen."""
    if sys.platform == "linux" and os.environ.get("MAKELEVEL"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
