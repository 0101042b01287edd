"""P1: how many webhooks a second are durably in."""

import itertools
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psutil

from cloudchat.config import SIMULATOR_APP_SECRET
from tests.bench import progress, report
from tests.bench.limits import Inbound
from tests.bench.progress import say
from tests.bench.report import Busy, Figure
from tests.bench.seed import Place
from tests.bench.stack import Stack, client

CONNECTIONS = (8, 16, 32, 64)
NEW_SHARE = 0.05  # of the messages come from somebody who never wrote
FASTEST = 4000  # prepared requests for each second of a rung
_new_people = itertools.count()


@dataclass(frozen=True)
class Length:
    """How long the parts take."""

    rounds: int
    limit_seconds: float
    rung_seconds: float


QUICK = Length(1, 3, 2)
FULL = Length(3, 8, 4)


def order(stack: Stack, place: Place, run: str, connections: int, seconds: float, count: int) -> dict:
    """What the load client is told."""
    return {
        "port": stack.port,
        "secret": SIMULATOR_APP_SECRET,
        "account": place.account,
        "contacts": place.contacts,
        "new_share": NEW_SHARE,
        "new_from": next(_new_people) * 100_000,
        "run": run,
        "connections": connections,
        "seconds": seconds,
        "count": count,
    }


def kept(stack: Stack, place: Place, run: str) -> int:
    """How many messages of this run are in the database."""
    with stack.sql() as connection:
        (count,) = connection.execute(
            "select count(*) from messages where device_id = %s"
            " and external_id >= %s and external_id < %s",
            [place.device_id, f"wamid.{run}.", f"wamid.{run}/"],
        ).fetchone()
    return count


def p1(stack: Stack, shop: Place, limit: Inbound, quick: bool) -> Figure:
    """Rounds of L1, one process, L1, two processes; L1 once more at the end."""
    length = QUICK if quick else FULL
    readings = [limit.measure(length.limit_seconds)]
    climbs: dict[int, list[dict]] = {1: [], 2: []}
    ratios: dict[int, list[float]] = {1: [], 2: []}
    for number in range(length.rounds):
        for processes in (1, 2):
            best = _climb(stack, shop, f"p1-{number}-{processes}", processes, length)
            readings.append(limit.measure(length.limit_seconds))
            climbs[processes].append(best)
            ratios[processes].append(best["rate"] / ((readings[-2] + readings[-1]) / 2))
    chosen = max((1, 2), key=lambda n: report.summary(ratios[n])["median"])
    rates = [best["rate"] for best in climbs[chosen]]
    rate, ratio = (report.summary(values)["median"] for values in (rates, ratios[chosen]))
    complete = all(rung["lost"] == 0 for best in climbs.values() for one in best for rung in one["rungs"])
    return Figure(
        "P1",
        "durable webhook rate",
        "webhooks/s",
        rates,
        ">= 0.10 x L1 and >= 320/s; goal 0.15",
        ratio >= 0.10 and rate >= 320 and complete,
        report.limit("L1", f"whole inbound message, {limit.client}", "transactions/s", readings),
        round(ratio, 3),
        {
            "web_processes": chosen,
            "goal_reached": ratio >= 0.15,
            "every_answered_webhook_is_kept": complete,
            "ratio_one_process": report.rounded(ratios[1]),
            "ratio_two_processes": report.rounded(ratios[2]),
            "one_process": climbs[1],
            "two_processes": climbs[2],
        },
    )


def _climb(stack: Stack, shop: Place, run: str, processes: int, length: Length) -> dict[str, Any]:
    """More and more connections; answers the best rung, with all of them."""
    rungs = []
    with ExitStack() as open_processes:
        webs = [open_processes.enter_context(stack.web()) for _ in range(processes)]
        _rung(stack, shop, f"{run}-warm", 8, 1.0, webs)
        for connections in CONNECTIONS:
            rung = _rung(stack, shop, f"{run}-{connections}", connections, length.rung_seconds, webs)
            rungs.append(rung)
    best = max(rungs, key=lambda rung: rung["rate"])
    say(f"P1 {run}: {best['rate']:.0f}/s at {best['connections']} connections, {best['cpu_us']}")
    return {**best, "rungs": rungs}


def _rung(
    stack: Stack, shop: Place, run: str, connections: int, seconds: float, webs: list[psutil.Process]
) -> dict[str, Any]:
    count = int(FASTEST * seconds)
    watched = {f"web_{place}": web for place, web in enumerate(webs)}
    progress.quiet()
    busy = Busy(**stack.servers(), **watched)
    told = client("load", order(stack, shop, run, connections, seconds, count))
    used, others = busy.until_now(), busy.others(told["whole_cpu_seconds"])
    answered = max(1, told["ok"])
    cpu = {"web": sum(used[name] for name in watched), "load_client": told["cpu_seconds"]}
    cpu |= {"postgres": used["postgres"], "redis": used["redis"]}
    return {
        "connections": connections,
        "rate": round(told["ok"] / told["seconds"], 1),
        "p50_ms": told["p50_ms"],
        "p99_ms": told["p99_ms"],
        "lost": told["ok"] - kept(stack, shop, run),
        "refused": told["sent"] - told["ok"],
        "cpu_us": {name: round(value / answered * 1e6) for name, value in cpu.items()},
        "other_programs_share": others,
    }
