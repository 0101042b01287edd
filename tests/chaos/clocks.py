"""F20: the clock jumps."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta

from tests.chaos.cases import Verdict, case
from tests.chaos.inbound import name_of, somebody
from tests.chaos.run import Run, loaded, post
from tests.chaos.webhook import body_of, post_body, text_message
from tests.chaos.world import World

PROCESSES = ("web", "web-2", "worker", "worker-2", "scheduler")
HOURS = 2 * 3600.0
WAKES_WITHIN = 40.0  # seconds: the sweeper of sleepers comes every fifteen
NEGATIVE = {
    "waits": "select count(*) from chat_queues where wait_seconds < 0",
    "services": "select count(*) from chat_queues where finished_at < assigned_at",
    "stages": "select count(*) from pipeline_stage_history where duration_seconds < 0",
    "bot": "select count(*) from chatbot_interactions where response_time_ms < 0",
}
WOKEN = "select count(*) from conversation_events where conversation_id = %s and kind = 'woke'"


@case("F20", "the clock jumps two hours ahead, two hours back, and is right again")
def the_clock_jumps(world: World, verdict: Verdict) -> None:
    world.end(*PROCESSES)
    world.clock = world.folder / "clock"
    try:
        world.clock.write_text("0")
        world.start(*PROCESSES)
        with loaded(world, verdict) as run:
            asleep = sleeper(run)
            verdict.check("a conversation can be snoozed", snooze(world, asleep) == 200)
            with run.fault():
                set_clocks(world, HOURS)
                world.until(lambda: world.ask_one(WOKEN, asleep), WAKES_WITHIN * world.patience)
                for off in (-HOURS, 0.0):
                    run.go(8)
                    set_clocks(world, off)
                run.go(8)
            woken = world.ask_one("select status from conversations where id = %s", asleep)
            times = world.ask_one(WOKEN, asleep)
            verdict.check("what slept for half an hour woke once", (woken, times) == ("open", 1), times)
        for name, statement in NEGATIVE.items():
            count = world.ask_one(statement)
            verdict.check(f"no negative durations: {name}", count == 0, count)
    finally:
        world.end(*PROCESSES)
        world.clock = None
        world.start(*PROCESSES)


def sleeper(run: Run) -> int:
    """A conversation of somebody new, whom the load leaves alone: a message would wake it."""
    world, shop, person = run.world, run.shops.plain, somebody()
    post_body(world, body_of(shop, text_message(person, f"Halo {shop.mark}", name_of(run, "sleeper"))))
    return world.ask_one("select id from conversations where external_user_id = %s", person)


def snooze(world: World, conversation: int) -> int:
    until = (datetime.now(UTC) + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    path = f"/api/app/inbox/conversations/{conversation}/status"
    body = {"status": "snoozed", "snooze_until": until}
    return post(world, path, world.shops.plain.manager.token, body).status


def set_clocks(world: World, off: float) -> None:
    """All of the product's processes at once; what they fork inherits it."""
    world.clock.write_text(str(off))
    for name in PROCESSES:
        if pid := world.children[name].pid:
            os.kill(pid, signal.SIGUSR1)
    time.sleep(0.1)
