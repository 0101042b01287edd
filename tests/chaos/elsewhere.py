"""Cases that tests of `make test` prove: run here as they are, so that one list says all."""

import os
import subprocess
import sys

from tests.bench.stack import ROOT
from tests.chaos.cases import Verdict, case
from tests.chaos.world import World


def _proved(name: str, title: str, *tests: str, **env: str) -> None:
    @case(name, title)
    def run(world: World, verdict: Verdict) -> None:
        command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "--tb=short", *tests]
        done = world.beside(
            lambda: subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True)
        )
        *_, last = done.stdout.strip().splitlines() or [""]
        verdict.note(tests=last.strip("= "))
        verdict.check("its tests pass", done.returncode == 0, done.stdout[-600:])


MESSAGES = "tests/test_messages"
QUEUE = "tests/test_queueing"

_proved("F13b", "an edit before its original", "tests/test_lines/test_telegram.py")
_proved("F15b", "a choice after its time, while the division closes", f"{QUEUE}/test_choice.py")
_proved(
    "F16b",
    "each kind of trouble with a provider: what is tried again, what is not, what an account loses",
    f"{MESSAGES}/test_provider_faults.py",
)
_proved(
    "F17",
    "RajaOngkir slow, 5xx, without quota",
    "tests/test_ongkir/test_talks.py",
    "tests/test_ongkir/test_client.py",
)
_proved(
    "F21",
    "active hours in every zone, at both switches of a DST zone, across midnight, on Sunday",
    "tests/test_bots/test_schedules.py",
)
_proved(
    "F22",
    "hourly reports of an organization in its own zone, on a server in another one",
    "tests/test_bots/test_reports.py",
    TZ="Pacific/Chatham",
    PGTZ="Pacific/Chatham",
)
_proved("F23", "four claimers, a thousand waiting, agents come and go", f"{QUEUE}/test_claiming.py")
_proved(
    "F24",
    "two agents move one card, two admins reorder stages",
    "tests/test_pipeline/test_moving.py",
    "tests/test_pipeline/test_ladders.py",
)
_proved(
    "F25",
    "a division, an agent, a stage, a bot, a device in use goes",
    f"{QUEUE}/test_rules.py",
    "tests/test_pipeline/test_ladders.py",
    "tests/test_bots/test_api.py",
    f"{MESSAGES}/test_pace.py",
)
_proved(
    "F26",
    "a browser offline during 50 messages, two tabs, a restart: no gap, no double, the badge right",
    "tests/browser/test_inbox_live.py",
)
