"""A supervisor of tiny programs: `stub_run.py FOLDER PORT WHAT…`."""

import os
import sys
from pathlib import Path

from cloudchat import local
from cloudchat.local.announce import say
from cloudchat.local.children import Program
from cloudchat.local.supervisor import Supervisor

folder, port, wanted = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
STUB = [sys.executable, str(Path(__file__).with_name("stub_program.py")), str(folder)]


def steps(supervisor: Supervisor) -> None:
    if "services" in wanted:
        supervisor.start_services(lambda: local.start(folder))
    env = os.environ | {"GREETING": "hello"}
    if "failing-step" in wanted:
        supervisor.once(Program("migrate", [*STUB, "broken"]), env)
    supervisor.once(Program("seed", [*STUB, "seed"]), env)
    programs = [Program("web", [*STUB, "web", port])]
    programs += [Program(name, [*STUB, name]) for name in wanted if name not in ("services",)]
    supervisor.start(programs, env)
    supervisor.wait_ready(int(port))
    say("all ready")


sys.exit(Supervisor(folder, drain_seconds=1).run(steps))
