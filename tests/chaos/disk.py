"""F18 and F19: the disk is full; an upload breaks off."""

import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.chaos.cases import CannotTry, Verdict, case
from tests.chaos.run import loaded
from tests.chaos.start import another
from tests.chaos.world import World

SIZE = "800m"  # PostgreSQL's log of changes takes most of it
FULL = 10.0  # seconds
UPLOAD = b"Content of a price list\n" * 40_000


@contextmanager
def small_disk() -> Iterator[Path]:
    """A tmpfs of its own for data and uploads. Needs the right to mount."""
    folder = Path(tempfile.mkdtemp(prefix="cloudchat-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=711", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        folder.rmdir()
        raise CannotTry(f"no small disk: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        with suppress(OSError):
            folder.rmdir()


def fill(folder: Path) -> None:
    """Take every byte that is left."""
    with open(folder / f"ballast-{uuid.uuid4().hex[:6]}", "wb", buffering=0) as ballast:
        size = 1 << 20
        while size >= 1024:
            try:
                ballast.write(bytes(size))
            except OSError:
                size //= 4


def empty(folder: Path) -> None:
    for ballast in folder.glob("ballast-*"):
        ballast.unlink()


@case("F18", "the disk of data and uploads is full for 10 s")
def the_disk_is_full(world: World, verdict: Verdict) -> None:
    with small_disk() as folder, another(world, folder=folder) as small:
        statuses = []
        with loaded(small, verdict) as run:
            with run.fault():
                end = time.monotonic() + FULL
                while time.monotonic() < end:
                    fill(folder)
                    statuses.append(upload(small))
                    run.go(0.5)
                empty(folder)
            run.go(2)
            verdict.check("an upload works again", upload(small) == 201)
        answers = run.answers_during()
        verdict.note(meanwhile=dict(answers), uploads=sorted(set(statuses)))
        wrong = {n: c for n, c in answers.items() if n.isdigit() and n not in ("200", "503")}
        verdict.check("a webhook is taken or answered 503", not wrong, wrong)
        verdict.check("an upload is refused in words, not with 500", set(statuses) <= {201, 503}, statuses)
        verdict.check("the disk was full", 503 in statuses, statuses)
        _nothing_broken(small, verdict)


def _nothing_broken(world: World, verdict: Verdict) -> None:
    """Every row that names a file has it, whole; PostgreSQL finds its own pages sound."""
    missing = []
    for key, size in world.ask("select file_key, size from attachments where file_key is not null"):
        path = world.folder / "app" / "files" / key
        if not path.exists() or path.stat().st_size != size:
            missing.append(key)
    verdict.check("every attachment has its whole file", not missing, missing[:3])
    with world.sql() as connection:
        connection.execute("create extension if not exists amcheck")
    broken = world.ask(
        "select count(bt_index_check(c.oid)::text) from pg_class c join pg_am a on a.oid = c.relam"
        " join pg_namespace n on n.oid = c.relnamespace"
        " where a.amname = 'btree' and c.relkind = 'i' and n.nspname = 'public'"
    )
    verdict.note(indexes_checked=broken[0][0])


def upload(world: World, cut: Callable[[], None] | None = None) -> int:
    """An agent sends a file; the status (0: nobody answered). With `cut` that happens half-way, and then
    the line breaks."""
    shop, edge = world.shops.plain, "grens"
    part = (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="harga.txt"'
        "\r\nContent-Type: text/plain\r\n\r\n"
    ).encode()
    body = part + UPLOAD + f"\r\n--{edge}--\r\n".encode()
    head = (
        f"POST /api/app/inbox/conversations/{shop.conversations[2]}/messages HTTP/1.1\r\n"
        f"Host: localhost:{world.port}\r\nAuthorization: Bearer {shop.manager.token}\r\n"
        f"Content-Type: multipart/form-data; boundary={edge}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()
    try:
        with socket.create_connection(("127.0.0.1", world.port), timeout=15) as line:
            line.sendall(head + (body[: len(body) // 2] if cut else body))
            if cut:
                cut()
                return 0
            return int(line.recv(65536).split(b" ", 2)[1])
    except (OSError, IndexError, ValueError):
        return 0


@case("F19", "an upload is cut half-way, and a web process dies in one: no orphan row")
def an_upload_breaks_off(world: World, verdict: Verdict) -> None:
    rows = "select count(*) from attachments"
    folder = world.folder / "app" / "files"

    def files() -> int:
        return sum(path.is_file() for path in folder.rglob("*"))

    before = world.ask_one(rows), files()
    with loaded(world, verdict) as run, run.fault():
        for _ in range(10):
            upload(world, cut=lambda: None)
        run.go(3)
        after = world.ask_one(rows), files()
        verdict.check("no row and no file is left", after == before, (before, after))
        for _ in range(3):
            upload(world, cut=lambda: world.kill("web", "web-2"))
            world.until(lambda: world.get("/readyz") is not None, 30)
        after = world.ask_one(rows), files()
        verdict.check("nor where the process died in one", after == before, (before, after))
        whole = upload(world) or world.until(lambda: upload(world), 20)
        verdict.check("a whole one is taken", whole == 201, whole)
        kept = world.ask_one(rows), files()
        verdict.check("… as one row and one file", kept == (before[0] + 1, before[1] + 1), (before, kept))
    orphans = world.ask_one(
        "select count(*) from attachments a"
        " where not exists (select 1 from messages m where m.id = a.message_id)"
    )
    verdict.check("no row without a message", orphans == 0, orphans)
