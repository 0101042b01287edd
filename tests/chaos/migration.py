"""F27: the schema moves on while processes of the version before still run."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.bench.progress import say
from tests.bench.stack import ROOT
from tests.chaos import seed
from tests.chaos.cases import CannotTry, Verdict, case
from tests.chaos.run import loaded
from tests.chaos.start import another
from tests.chaos.world import World

PROCESSES = ("web", "web-2", "worker", "worker-2", "scheduler")


# Also where a merge brought it, under a new number
ADDED = ("log", "-1", "-m", "--first-parent", "--no-renames", "--diff-filter=A", "--format=%H")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise CannotTry(f"the version before is not at hand: {done.stderr.strip()[:100]}")
    return done.stdout.strip()


def the_version_before() -> tuple[str, str]:
    """(commit, its schema revision): the last tag, else what was there before the newest revision."""
    tag = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    scripts = ScriptDirectory.from_config(_alembic(ROOT))
    head = scripts.get_revision("head")
    added = git(*ADDED, "--", str(head.path))
    if not added:
        raise CannotTry("the newest revision is not committed")
    return (tag or f"{added}^"), head.down_revision


def _alembic(root: Path) -> Config:
    made = Config()
    made.set_main_option("script_location", str(root / "migrations"))
    return made


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """The tree of that commit in a folder that goes at the end."""
    with tempfile.TemporaryDirectory(prefix="cloudchat-before-") as name:
        folder = Path(name)
        packed = subprocess.Popen(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", name], stdin=packed.stdout, check=True)
        if packed.wait():
            raise CannotTry(f"git has no {commit}")
        vendor = ROOT / "static" / "vendor"
        if vendor.exists():
            (folder / "static" / "vendor").symlink_to(vendor)
        yield folder


@case("F27", "the schema moves on under load while the version before still runs")
def a_migration_under_load(world: World, verdict: Verdict) -> None:
    commit, revision = the_version_before()
    verdict.note(version_before=commit[:12], revision_before=revision)
    with checkout(commit) as tree, another(world, started=False) as old:
        # The rows are made by the present code; the older one finds the schema that it knows.
        old.run_flask("db", "downgrade", revision)
        old.start(*PROCESSES, tree=tree)
        seed.come_online(old)
        with loaded(old, verdict) as run, run.fault():
            say("the schema moves on; processes of the version before go on")
            old.beside(lambda: old.run_flask("db", "upgrade"))
            run.go(5)  # the older code on the newer schema
            old.start("web-3", "worker-3")  # both side by side
            run.go(3)
            old.end(*PROCESSES)
            old.start(*PROCESSES)
            old.end("web-3", "worker-3")
        torn = {name: n for name, n in run.answers_during().items() if name.startswith(("4", "5"))}
        verdict.check("no webhook was refused meanwhile", not torn, torn)
        verdict.note(revision=old.ask_one("select version_num from alembic_version"))
