"""F16: the provider is in trouble for one number; the others go on."""

import time
from collections import Counter

from tests.chaos import judge
from tests.chaos.cases import Verdict, case
from tests.chaos.run import loaded
from tests.chaos.world import World

EACH = 5.0  # seconds of each trouble, once it is met
MET_WITHIN = 30.0
TROUBLES = (
    {"kind": "status", "status": 500},
    {"kind": "error", "code": 130429, "http": 429},
    {"kind": "truncate"},
    {"kind": "reset"},
    {"kind": "hang", "seconds": 60.0},
)
MOST_CALLS = 40  # to a number whose provider answers 5xx or hangs, while five seconds pass
ON_TIME = 5.0  # seconds for an answer of another number
CALLS = "meta/requests?limit=1000000"


@case("F16", "Meta answers one number 500, 429, cut JSON, a reset, or hangs 60 s; others go on")
def the_provider_is_in_trouble(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        sick, well = run.shops.sender, run.shops.plain
        late: list[float] = []
        for trouble in TROUBLES:
            name = f"{trouble['kind']}{trouble.get('code', '')}"
            before = len(_calls(world, sick.account))
            world.control("meta/faults", {**trouble, "node": sick.account, "times": None})
            began = time.time()
            _let_it_try(world, sick.device_id)
            run.desk.write_to_many(5)
            met = world.until(lambda before=before: _meets(world, sick, before), MET_WITHIN)
            verdict.check(f"{name}: the number meets it", bool(met))
            run.go(EACH)
            world.control("meta/faults", method="DELETE")
            calls = len(_calls(world, sick.account)) - before
            verdict.note(**{f"calls_{name}": calls})
            verdict.check(f"{name}: the number is called no more than needed", calls <= MOST_CALLS, calls)
            late += _lateness(world, well, began)
        verdict.note(others_sent=len(late), others_slowest_s=round(max(late, default=0), 1))
        verdict.check("another number goes on sending", len(late) >= 3, len(late))
        slowest = max(late, default=0)
        verdict.check(f"… within {ON_TIME:g} s", slowest <= ON_TIME * world.patience, slowest)
    held = world.ask("select failures from device_paces where device_id = %s", sick.device_id)
    verdict.note(failures_at_end=held[0][0] if held else 0)


def _let_it_try(world: World, device_id: int) -> None:
    """End the hold that the trouble before has left: it would keep the number from meeting the next one."""
    held = "update device_paces set failures = 0, blocked_until = null where device_id = %s returning 1"
    world.ask(held, device_id)
    world.ask("update outbox set next_attempt_at = now() where device_id = %s returning 1", device_id)


def _meets(world: World, shop, before: int) -> bool:
    """Was it called, or is it being called? The log has a call when it was answered."""
    under_way = "select count(*) from outbox where device_id = %s and state = 'sending'"
    return len(_calls(world, shop.account)) > before or world.ask_one(under_way, shop.device_id) > 0


def _calls(world: World, account: str) -> list[dict]:
    return [call for call in world.control(CALLS)["items"] if f"/{account}/messages" in call["path"]]


def _lateness(world: World, shop, since: float) -> list[float]:
    """How long after being written the shop's messages since then went out."""
    rows = world.ask(
        "select text, extract(epoch from created_at)::float8 from messages"
        " where organization_id = %s and direction = 'out' and created_at >= to_timestamp(%s)",
        shop.id,
        since,
    )
    written = dict(rows)
    sent = {item["text"]: item["at"] for item in judge.sent(world, shop)}
    found = Counter(text in sent for text in written)
    return [sent[text] - at for text, at in written.items() if text in sent] if found[True] else []
