"""Cases that tests of `make test` prove: run here as they are, so that one list says all."""

import subprocess
import sys

from tests.bench.stack import ROOT
from tests.chaos.cases import Verdict, case
from tests.chaos.world import World

PROVED = {}


def _proved(name: str, title: str, *tests: str) -> None:
    PROVED[name] = tests

    @case(name, title)
    def run(world: World, verdict: Verdict) -> None:
        command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "--tb=short", *tests]
        done = world.beside(lambda: subprocess.run(command, cwd=ROOT, capture_output=True, text=True))
        *_, last = done.stdout.strip().splitlines() or [""]
        verdict.note(tests=last.strip("= "))
        verdict.check("its tests pass", done.returncode == 0, done.stdout[-600:])


_proved(
    "F23",
    "four claimers, a thousand waiting, agents come and go",
    "tests/test_queueing/test_claiming.py",
)
