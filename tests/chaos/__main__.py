"""`python -m tests.chaos [--only F5,F8] [--load 0.3] [--json]`: one line a case; 1 where one fails."""

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloudchat.local import folders
from tests.bench.progress import say
from tests.bench.stack import allow_many_files
from tests.chaos import elsewhere, processes, seed, stores
from tests.chaos.cases import CASES, FAIL, CannotTry, Case, Verdict
from tests.chaos.world import USUAL, World

GROUPS = (processes, stores, elsewhere)


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


@contextmanager
def running(
    load: float, keep: bool = False, patience: float = 1.0, folder: Path | None = None
) -> Iterator[World]:
    """A world with everything started and its organizations made, in a folder that goes at the end."""
    folder = folder or Path(tempfile.mkdtemp(prefix="cloudchat-chaos-"))
    folder.chmod(0o711)  # as root the database runs as another user, who must get through
    world = None
    try:
        world = World(folder, load, patience)
        say(f"PostgreSQL and Redis run and are ours ({folder})")
        world.start("simulators")
        seed.make(world)
        world.start(*USUAL[1:])
        seed.come_online(world)
        say("organizations are made; two web processes, two workers, a scheduler run")
        yield world
    finally:
        if world:
            world.stop()
        if not keep:
            folders.remove_home(folder, "postgres")
            shutil.rmtree(folder, ignore_errors=True)


def _chosen(only: str) -> list[Case]:
    names = [name.strip().upper() for name in only.split(",") if name.strip()] or list(CASES)
    unknown = [name for name in names if name not in CASES]
    if unknown:
        sys.exit(f"no such case: {', '.join(unknown)}; there are {', '.join(CASES)}")
    return sorted((CASES[name] for name in names), key=lambda case: case.number)


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
