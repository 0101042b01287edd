"""`python -m tests.chaos [--only F5,F8] [--load 0.3] [--json]`: one line a case; 1 where one fails."""

import argparse
import json
import sys
import time
import traceback

from tests.bench.progress import say
from tests.bench.stack import allow_many_files
from tests.chaos import (
    backups,
    clocks,
    disk,
    elsewhere,
    inbound,
    machines,
    migration,
    processes,
    providers,
    stores,
)
from tests.chaos.cases import CASES, FAIL, CannotTry, Case, Verdict
from tests.chaos.start import running
from tests.chaos.world import World

GROUPS = (processes, stores, inbound, providers, disk, clocks, migration, backups, elsewhere, machines)


def main() -> int:
    options = _options()
    cases = _chosen(options.only)
    allow_many_files()
    found = []
    with running(options.load, options.keep, options.patience) as world:
        for case in cases:
            found.append(_try(case, world))
            print(found[-1]["line"], file=sys.stderr if options.json else sys.stdout, flush=True)
    failed = [one["case"] for one in found if one["result"] == FAIL]
    if options.json:
        json.dump(
            {"load": options.load, "patience": options.patience, "failed": failed, "cases": found},
            sys.stdout,
            indent=2,
            default=str,
        )
        print()
    say(f"{len(found) - len(failed)} of {len(found)} cases hold" + (f"; not: {failed}" if failed else ""))
    return 1 if failed else 0


def _try(case: Case, world: World) -> dict:
    say(f"{case.name} begins: {case.title}")
    verdict, began = Verdict(), time.monotonic()
    try:
        case.run(world, verdict)
    except CannotTry as reason:
        verdict.skipped = str(reason)
    except Exception as error:
        traceback.print_exc()
        verdict.check("the case itself runs through", False, f"{type(error).__name__}: {error}")
    seconds = time.monotonic() - began
    return {
        "case": case.name,
        "title": case.title,
        "result": verdict.result,
        "seconds": round(seconds, 1),
        "figures": verdict.figures,
        "failed": verdict.failed,
        "skipped": verdict.skipped,
        "line": verdict.line(case.name, case.title, seconds),
    }


def _chosen(only: str) -> list[Case]:
    cases = sorted(CASES.values(), key=lambda case: case.number)
    names = {name.strip().lower() for name in only.split(",") if name.strip()}
    if unknown := names - {case.name.lower() for case in cases}:
        sys.exit(f"no such case: {', '.join(unknown)}; there are {', '.join(case.name for case in cases)}")
    return [case for case in cases if not names or case.name.lower() in names]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", default="", help="for example F5,F8")
    parser.add_argument("--load", type=float, default=1.0, help="a part of the full load, on a busy machine")
    parser.add_argument("--patience", type=float, default=1.0, help="times longer that recovery may take")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--keep", action="store_true", help="leave the run's folder, with its logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
