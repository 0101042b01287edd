"""P2: how soon webhooks are answered while Meta itself is in trouble and sends pile up."""

import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import progress, report
from tests.bench.progress import say
from tests.bench.report import Busy, Figure
from tests.bench.seed import Place
from tests.bench.stack import Stack, call, client
from tests.bench.webhooks import kept, order

RATE = 320
CONNECTIONS = 64
ANSWERS_PER_SECOND = 10
PILED_UP = 100  # answers in the outbox when the load begins
TROUBLES = {
    "in order": None,
    "502": {"kind": "status", "status": 502, "times": None},
    "hanging 30 s": {"kind": "hang", "seconds": 30, "times": None},
}


def p2(stack: Stack, shop: Place, quick: bool) -> Figure:
    """The load with Meta in order, answering 502, and hanging; the worst of the latter counts."""
    seconds, rounds = (4, 1) if quick else (10, 3)
    found: dict[str, list[dict]] = {name: [] for name in TROUBLES}
    with stack.simulators() as (meta, fake), stack.web() as web, stack.worker() as worker:
        watched = {"web": web, "worker": worker, "fake": fake, **stack.servers()}
        for number in range(rounds):
            for name, fault in TROUBLES.items():
                with _trouble(meta, fault):
                    run = f"p2-{number}-{name.split()[0]}"
                    found[name].append(_load(stack, shop, meta, run, seconds, watched))
                say(f"P2 Meta {name}: {found[name][-1]}")
    worst = [max(found[name][n]["p99_ms"] for name in TROUBLES if name != "in order") for n in range(rounds)]
    calm = report.limit(
        "P2-calm",
        "the same load with Meta in order, p99",
        "ms",
        [run["p99_ms"] for run in found["in order"]],
    )
    middle = report.summary(worst)["median"]
    complete = all(run["lost"] == run["refused"] == 0 for runs in found.values() for run in runs)
    return Figure(
        "P2",
        "webhook acknowledged at 320/s while Meta answers 502 or hangs, p99",
        "ms",
        worst,
        "<= 250 ms",
        middle <= 250 and complete,
        calm,
        round(middle / calm["median"], 2),
        {"runs": found, "nothing_lost_or_refused": complete},
    )


def _load(stack: Stack, shop: Place, meta: str, run: str, seconds: int, watched: dict) -> dict:
    progress.quiet()
    before = _calls(meta)
    for place in range(PILED_UP):
        _answer(stack, shop, place)
    busy = Busy(**watched)
    with _answering(stack, shop) as answered:
        wanted = order(stack, shop, run, CONNECTIONS, seconds * 3, RATE * seconds)
        told = client("load", wanted | {"rate": RATE})
    others = busy.others(told["whole_cpu_seconds"])
    used = busy.until_now()
    with stack.sql() as connection:
        (waiting,) = connection.execute("select count(*) from outbox").fetchone()
    return {
        "p50_ms": told["p50_ms"],
        "p99_ms": told["p99_ms"],
        "max_ms": told["p100_ms"],
        "rate": round(told["ok"] / told["seconds"], 1),
        "refused": told["sent"] - told["ok"],
        "lost": told["ok"] - kept(stack, shop, run),
        "answers_queued": PILED_UP + answered[0],
        "outbox_at_end": waiting,
        "calls_to_meta": _calls(meta) - before,
        "cpu_seconds": {name: used[name] for name in watched},
        "other_programs_share": others,
    }


@contextmanager
def _trouble(meta: str, fault: dict | None) -> Iterator[None]:
    if fault:
        call(f"{meta}/_control/meta/faults", fault)
    try:
        yield
    finally:
        call(f"{meta}/_control/meta/faults", method="DELETE")


@contextmanager
def _answering(stack: Stack, shop: Place) -> Iterator[list[int]]:
    """Agents write meanwhile, so that the outbox grows while nothing leaves it."""
    over, count = threading.Event(), [0]

    def write() -> None:
        while not over.wait(1 / ANSWERS_PER_SECOND):
            count[0] += _answer(stack, shop, PILED_UP + count[0])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield count
    finally:
        over.set()
        thread.join()


def _answer(stack: Stack, shop: Place, number: int) -> bool:
    """One agent's answer, to somebody of the last day: only they may be written to freely."""
    conversation = shop.contacts[1] - 1 - number
    path = f"/api/app/inbox/conversations/{conversation}/messages"
    return call(stack.url + path, {"text": "Baik kak"}, shop.manager_token) is not None


def _calls(meta: str) -> int:
    """The number of the last Graph call that the fake Meta saw."""
    query = urllib.parse.urlencode({"limit": 1_000_000})
    items = call(f"{meta}/_control/meta/requests?{query}")["items"]
    return items[-1]["seq"] if items else 0
