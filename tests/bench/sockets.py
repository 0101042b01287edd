"""P3, P4 and P5: what agents' sockets get, how soon, and what an idle one costs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.bench import progress, report
from tests.bench.progress import say
from tests.bench.report import Busy, Figure
from tests.bench.seed import Place
from tests.bench.stack import Dialogue, Stack, client
from tests.bench.webhooks import order

DESK = "/socket.io/?EIO=4&transport=websocket"
EVENT_BYTES = 200
PING_SECONDS = 45  # a browser that hears no ping for so long gives the socket up


@contextmanager
def agents(stack: Stack, place: Place, count: int) -> Iterator[tuple[Dialogue, dict]]:
    """`count` sockets of the place's agents, in turns; the client and how the opening went."""
    tokens = [place.tokens[number % len(place.tokens)] for number in range(count)]
    with Dialogue("watcher") as watcher:
        opened = watcher.ask({"port": stack.port, "path": DESK, "tokens": tokens})
        if opened["open"] != count:
            raise RuntimeError(f"only {opened['open']} of {count} sockets: {opened['refused']}")
        yield watcher, opened


@contextmanager
def raw_sockets(count: int) -> Iterator[tuple[Dialogue, Dialogue]]:
    """The same client on the minimal server of L5."""
    with Dialogue("broadcaster") as server, Dialogue("watcher") as watcher:
        port = server.ask({"sockets": count})["port"]
        watcher.ask({"port": port, "path": "/", "tokens": [""] * count})
        yield server, watcher


def raw_broadcast(count: int, number: int, rate: float | None) -> dict:
    """One reading of L5."""
    progress.quiet()
    with raw_sockets(count) as (server, watcher):
        sent = server.ask({"count": number, "rate": rate, "size": EVENT_BYTES})["sent"]
        time.sleep(1)
        return watcher.ask({"sent": sent})


# --- P3 ----------------------------------------------------------------------------------------


def p3(stack: Stack, crowd: Place, quick: bool) -> Figure:
    """100 webhooks a second, each for every one of 200 sockets."""
    sockets, rate, seconds, rounds = 200, 100, (5 if quick else 20), (1 if quick else 3)
    limits, found = [raw_broadcast(sockets, rate * 3, rate)], []
    with stack.web() as web:
        for number in range(rounds):
            found.append(_messages_to(stack, crowd, web, sockets, f"p3-{number}", rate, seconds))
            say(f"P3 run {number + 1}: {found[-1]}")
            limits.append(raw_broadcast(sockets, rate * 3, rate))
    times = [run["p95_ms"] for run in found]
    raw = report.limit(
        "L5", "raw broadcast to 200 sockets at 100/s, p95", "ms", [run["p95_ms"] for run in limits]
    )
    middle = report.summary(times)["median"]
    whole = all(run["lost"] == run["doubled"] == run["refused"] == 0 for run in found)
    return Figure(
        "P3",
        "from the webhook's POST to the agents' sockets, p95 (200 sockets, 100 messages/s)",
        "ms",
        times,
        "<= 150 ms, 0 lost",
        middle <= 150 and whole,
        raw,
        round(middle / raw["median"], 2),
        {"runs": found, "nothing_lost_or_doubled": whole},
    )


def _messages_to(
    stack: Stack, crowd: Place, web: psutil.Process, sockets: int, run: str, rate: int, seconds: int
) -> dict:
    with agents(stack, crowd, sockets) as (watcher, _):
        progress.quiet()
        busy = Busy(web=web, **stack.servers())
        count = rate * seconds
        told = client(
            "load",
            order(stack, crowd, run, 16, seconds * 3, count) | {"rate": rate, "new_share": 0},
        )
        time.sleep(1.5)
        sent = [told["began_at"] + number / rate for number in range(told["sent"])]
        seen = watcher.ask({"sent": sent})
        others = busy.others(told["whole_cpu_seconds"], seen["cpu_seconds"])
        cpu = busy.until_now()["web"] / max(1, seen["received"]) * 1e6
    return {
        **seen,
        "refused": count - told["ok"],
        "web_cpu_us_per_delivery": round(cpu, 1),
        "other_programs_share": others,
    }


# --- P4 ----------------------------------------------------------------------------------------


def p4(stack: Stack, crowd: Place, quick: bool) -> Figure:
    """Room emits to 1,000 sockets: paced for the delay, at once for the rate."""
    sockets, count, rounds = 1000, (20 if quick else 60), (1 if quick else 3)
    ours, limits = [], []
    with stack.web() as web, Dialogue("emitter", stack.env) as emitter:
        emitter.hear()
        for number in range(rounds):
            limits.append(_raw_emits(sockets, count))
            ours.append(_emits(stack, crowd, web, emitter, sockets, count))
            say(f"P4 run {number + 1}: {ours[-1]}; L5: {limits[-1]}")
        limits.append(_raw_emits(sockets, count))
    times = [run["p95_ms"] for run in ours]
    raw = report.limit(
        "L5",
        "raw broadcast of 200 bytes to 1,000 sockets, 10 a second, p95",
        "ms",
        [run["p95_ms"] for run in limits],
    )
    ratio = report.summary(times)["median"] / raw["median"]
    rates = [report.summary([run["per_s"] for run in side])["median"] for side in (ours, limits)]
    whole = all(run["lost"] == 0 for run in ours)
    return Figure(
        "P4",
        "room emit at 1,000 sockets, p95",
        "ms",
        times,
        "<= 2.5 x L5 p95; deliveries/s >= 0.5 x L5",
        ratio <= 2.5 and rates[0] >= 0.5 * rates[1] and whole,
        raw,
        round(ratio, 2),
        {
            "deliveries_per_s": rates[0],
            "deliveries_per_s_limit": rates[1],
            "deliveries_ratio": round(rates[0] / rates[1], 2),
            "runs": ours,
            "limit_runs": limits,
        },
    )


def _emits(
    stack: Stack, crowd: Place, web: psutil.Process, emitter: Dialogue, sockets: int, count: int
) -> dict:
    room = f"org:{crowd.organization_id}"
    with agents(stack, crowd, sockets) as (watcher, _):
        time.sleep(1)
        return _both_ways(emitter, watcher, web, {"room": room, "count": count})


def _raw_emits(sockets: int, count: int) -> dict:
    with raw_sockets(sockets) as (server, watcher):
        return _both_ways(server, watcher, psutil.Process(server.pid), {"count": count})


def _both_ways(sender: Dialogue, watcher: Dialogue, server: psutil.Process, wanted: dict) -> dict:
    """Ten emits a second for the delay, then all at once for the rate; `server` is watched."""
    wanted["size"] = EVENT_BYTES
    progress.quiet()
    before = report.cpu_of(server)
    sent = sender.ask(wanted | {"rate": 10})["sent"]
    time.sleep(1)
    cpu = report.cpu_of(server) - before
    paced = watcher.ask({"sent": sent})
    sent = sender.ask(wanted | {"rate": None})["sent"]
    time.sleep(4)
    burst = watcher.ask({"sent": sent})
    return {
        "p50_ms": paced["p50_ms"],
        "p95_ms": paced["p95_ms"],
        "per_s": burst["deliveries_per_s"],
        "lost": paced["lost"] + burst["lost"],
        "server_cpu_us_per_delivery": round(cpu / max(1, paced["received"]) * 1e6, 1),
    }


# --- P5 ----------------------------------------------------------------------------------------


def p5(stack: Stack, crowd: Place, quick: bool) -> Figure:
    """Sockets that merely stay open: memory for each, and none loses its pings."""
    sockets, seconds = (500, 27) if quick else (5000, 300)
    with stack.web() as web:
        with agents(stack, crowd, 5):
            time.sleep(1)  # what the first sockets load is not the price of one more
        before = web.memory_info().rss
        with agents(stack, crowd, sockets) as (watcher, opened):
            time.sleep(2)
            cpu = report.cpu_of(web)
            progress.wait(seconds, f"P5: {sockets} sockets stay open")
            after = web.memory_info().rss
            idle = (report.cpu_of(web) - cpu) / seconds
            seen = watcher.ask({"sent": []})
    each = (after - before) / sockets / 1024
    say(f"P5: {each:.1f} KiB each, {seen['closed']} closed")
    return Figure(
        "P5",
        f"memory for each of {sockets} idle sockets, held for {seconds} s",
        "KB",
        [each],
        "5,000 sockets for 5 min, <= 60 KB RSS each, ping loss 0",
        each <= 60 and seen["longest_gap_s"] <= PING_SECONDS and seen["closed"] == 0,
        details={
            "sockets": sockets,
            "held_seconds": seconds,
            "pings": seen["pings"],
            "longest_without_ping_s": seen["longest_gap_s"],
            "closed": seen["closed"],
            "opened_in_s": opened["seconds"],
            "web_rss_mb": round(after / 2**20, 1),
            "web_cpu_share": round(idle, 3),
        },
    )
