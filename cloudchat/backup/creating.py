"""Making a backup while everything runs: counts, rows and files of one moment.

One transaction counts the rows and lends its snapshot to pg_dump, so both see the same. Files never
change and are written before their row commits; they are linked aside before the dump and again after
it, so each file that a row of the dump names is there even if it is deleted meanwhile.
"""

import os
import shutil
import tarfile
import tempfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import structlog
from sqlalchemy import create_engine, text

from cloudchat import config
from cloudchat.backup import programs
from cloudchat.backup.manifest import DUMP, FILES, MANIFEST, Manifest, digest
from cloudchat.services import secrets
from cloudchat.tenancy import READER_ROLE

log = structlog.get_logger(__name__)

TABLES = "select tablename from pg_tables where schemaname = 'public' order by tablename"

READERS_FUNCTIONS = """
    select p.oid::regprocedure::text from pg_proc p join pg_roles r on r.oid = p.proowner
    where p.pronamespace = 'public'::regnamespace and r.rolname = :role order by 1
"""


def create(folder: Path) -> tuple[Path, Manifest]:
    """Write a backup into this folder; answers the file. Raises BackupError, OSError."""
    settings = config.active()
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.now(UTC)
    target = folder / f"cloudchat-{moment:%Y%m%d-%H%M%S}.tar"
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="backup-") as name:
        place = Path(name)
        source, linked = settings.data_dir / "files", place / "files"
        _link(source, linked)
        facts = _dump(settings.database_url, place / DUMP)
        _link(source, linked)
        paths = {DUMP: place / DUMP}
        paths |= {
            FILES + str(path.relative_to(linked)): path
            for path in sorted(linked.rglob("*"))
            if path.is_file()
        }
        checksums = {}
        for member, path in paths.items():
            with path.open("rb") as stream:
                checksums[member] = digest(stream)
        sealed = secrets.encrypt({"backup": "readable"})
        manifest = Manifest(moment.isoformat(), checksums=checksums, sealed=sealed, **facts)
        _write(target, manifest, paths)
    return target, manifest


def _link(source: Path, target: Path) -> None:
    """Every file of the tree under a second name; a copy where the disk cannot do that."""
    for path in source.rglob("*") if source.is_dir() else ():
        if path.name.endswith(".part"):
            continue
        twin = target / path.relative_to(source)
        try:
            if path.is_dir():
                twin.mkdir(parents=True, exist_ok=True)
            elif not twin.exists():
                twin.parent.mkdir(parents=True, exist_ok=True)
                _twin(path, twin)
        except FileNotFoundError:  # deleted at this moment, and so is its row
            continue


def _twin(path: Path, twin: Path) -> None:
    try:
        os.link(path, twin)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(path, twin)


def _dump(database_url: str, target: Path) -> dict:
    engine = create_engine(database_url, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            version = connection.execute(text("show server_version_num")).scalar_one()
            # The owner of the tables sees no row of them (docs/decisions/0002-tenancy.md); this role does
            connection.execute(text(f"set local role {READER_ROLE}"))
            snapshot = connection.execute(text("select pg_export_snapshot()")).scalar_one()
            tables = list(connection.scalars(text(TABLES)))
            rows = {
                table: connection.execute(text(f'select count(*) from "{table}"')).scalar_one()
                for table in tables
            }
            functions = list(connection.scalars(text(READERS_FUNCTIONS), {"role": READER_ROLE}))
            revision = connection.execute(text("select version_num from alembic_version")).scalar_one()
            major = int(version) // 10_000
            programs.run(
                programs.find("pg_dump", major),
                "--format=custom",
                "--no-owner",
                f"--role={READER_ROLE}",
                "--enable-row-security",
                "--schema=public",
                f"--snapshot={snapshot}",
                f"--file={target}",
                database_url=database_url,
            )
    finally:
        engine.dispose()
    return {"revision": revision, "server_version": major, "rows": rows, "functions": functions}


def _write(target: Path, manifest: Manifest, paths: dict[str, Path]) -> None:
    """The manifest first, so that it can be read without the rest; the name last, so that a broken-off
    backup never looks like a whole one."""
    draft = target.with_suffix(".part")
    try:
        draft.touch(mode=0o600)
        with draft.open("wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                told = manifest.as_json()
                head = tarfile.TarInfo(MANIFEST)
                head.size = len(told)
                archive.addfile(head, BytesIO(told))
                for member, path in paths.items():
                    archive.add(path, member, recursive=False)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
