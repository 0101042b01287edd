"""`python -m tests.bench [--quick] [--only P1,P3] [--write-docs]`: one JSON document on stdout."""

import argparse
import json
import sys
import time
from datetime import UTC, datetime

from tests.bench import (
    acks,
    boards,
    broadcasting,
    matching,
    pages,
    queueing,
    report,
    reporting,
    searching,
    seed,
    sockets,
    stack,
    webhooks,
)
from tests.bench.limits import Inbound
from tests.bench.progress import be_patient, say

CONVERSATIONS = 100_000
MESSAGES = 1_000_000
# In this order: the quiet figures before the load leaves its unread messages behind.
FIGURES = (
    "P6",
    "P7",
    "P11",
    "P12",
    "P14",
    "P15",
    "P8",
    "P16",
    "P9",
    "P10",
    "P3",
    "P4",
    "P5",
    "P2",
    "P13",
    "P1",
)


def main() -> int:
    options = _options()
    began = time.monotonic()
    be_patient(10 if options.quick else 120)
    with stack.running(keep=options.keep) as running:
        say("PostgreSQL and Redis run and are ours; the schema is there")
        document = {
            "benchmark": "CloudChat",
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": report.commit(),
            "quick": options.quick,
            "machine": report.machine(running),
        }
        rows = seed.make(running, CONVERSATIONS, MESSAGES)
        document["rows"] = rows.sizes
        say(f"seeded: {rows.sizes}")
        document["figures"] = _measure(running, rows, options)
        document["badges_equal_after_load"] = pages.badges_equal(running, rows.shop)
    document["seconds"] = round(time.monotonic() - began)
    document["passed"] = all(figure["passed"] for figure in document["figures"].values())
    if options.write_docs:
        report.write_docs(document, stack.ROOT / "docs" / "performance.md")
    json.dump(document, sys.stdout, indent=2)
    print()
    return 0


def _measure(running: stack.Stack, rows: seed.Seed, options: argparse.Namespace) -> dict:
    shop, crowd, quick = rows.shop, rows.crowd, options.quick
    ways = {
        "P1": lambda: webhooks.p1(running, shop, _scratch_tables(running), quick),
        "P2": lambda: acks.p2(running, shop, quick),
        "P3": lambda: sockets.p3(running, crowd, quick),
        "P4": lambda: sockets.p4(running, crowd, quick),
        "P5": lambda: sockets.p5(running, crowd, quick),
        "P6": lambda: pages.p6(running, shop, quick),
        "P7": lambda: pages.p7(running, shop, quick),
        "P8": lambda: boards.p8(running, shop, quick),
        "P9": lambda: boards.p9(running, shop, quick),
        "P10": lambda: boards.p10(running, shop, quick),
        "P11": lambda: pages.p11(running, shop, quick),
        "P12": lambda: queueing.p12(running, quick),
        "P13": lambda: broadcasting.p13(running, shop, quick),
        "P14": lambda: matching.p14(running, shop, quick),
        "P16": lambda: searching.p16(running, shop, quick),
        "P15": lambda: reporting.p15(running, shop, quick),
    }
    wanted = options.only.upper().split(",")
    found = {}
    for name in FIGURES:
        if name in wanted:
            say(f"{name} begins")
            found[name] = ways[name]().document()
    return dict(sorted(found.items(), key=lambda item: int(item[0][1:])))


def _scratch_tables(running: stack.Stack) -> Inbound:
    made = Inbound(running, CONVERSATIONS, MESSAGES)
    say("scratch tables of L1 are there")
    return made


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs: 3 minutes")
    parser.add_argument("--only", default=",".join(FIGURES), help="for example P1,P3")
    parser.add_argument("--keep", action="store_true", help="leave the run's folder, with its logs")
    parser.add_argument("--write-docs", action="store_true", help="put the figures into docs/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
