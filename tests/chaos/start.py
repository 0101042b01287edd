"""A world from nothing: servers, organizations, processes."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloudchat.local import Services, folders
from tests.bench.progress import say
from tests.chaos import seed
from tests.chaos.world import USUAL, World


@contextmanager
def another(world: World, **options) -> Iterator[World]:
    """One more world beside that one, which a case may ruin. There is one app in this process at a time."""
    try:
        with running(world.load, world.keep, world.patience, **options) as made:
            yield made
    finally:
        vars(world).pop("app", None)


@contextmanager
def running(
    load: float,
    keep: bool = False,
    patience: float = 1.0,
    folder: Path | None = None,
    started: bool = True,
    services: Services | None = None,
    migrated: str | None = None,
) -> Iterator[World]:
    """A world with its organizations and processes (not `started`: only the simulators), in a folder that
    goes at the end."""
    folder = folder or Path(tempfile.mkdtemp(prefix="cloudchat-chaos-"))
    folder.chmod(0o711)  # as root the database runs as another user, who must get through
    world = None
    try:
        world = World(folder, load, patience, services, migrated)
        world.keep = keep
        say(f"PostgreSQL and Redis run and are ours ({folder})")
        world.start("simulators")
        seed.make(world)
        if started:
            world.start(*USUAL[1:])
            seed.come_online(world)
        say("organizations are made")
        yield world
    finally:
        if world:
            world.stop()
        if not keep:
            folders.remove_home(folder, "postgres")
            shutil.rmtree(folder, ignore_errors=True)
