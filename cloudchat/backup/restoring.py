"""Bringing a backup back, into an empty database; another one only if the operator insists.

Everything is looked at before anything is written. The database is filled in one transaction; files
are put in place only after it holds.
"""

import os
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from cryptography.fernet import InvalidToken
from sqlalchemy import Engine, create_engine, text

from cloudchat import config
from cloudchat.backup import programs
from cloudchat.backup.creating import TABLES
from cloudchat.backup.manifest import DUMP, FILES, BackupError, Manifest, verify
from cloudchat.services import secrets
from cloudchat.tenancy import APP_ROLE, READER_ROLE

ROOT = Path(__file__).resolve().parents[2]
OTHERS = """
    select count(*) from pg_stat_activity
    where datname = current_database() and application_name = 'cloudchat' and pid <> pg_backend_pid()
"""


def restore(path: Path, force: bool = False) -> Manifest:
    """Bring it back. Raises BackupError; then the database is as it was."""
    settings = config.active()
    manifest = verify(path)
    _check_revision(manifest)
    _check_keys(manifest)
    engine = create_engine(settings.database_url)
    try:
        major = _check_target(engine, force)
        with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="restore-") as name:
            place = Path(name)
            with tarfile.open(path) as archive:
                archive.extractall(place, filter="data")
            _make_roles(engine)
            if force:
                _clear(engine)
            _load(settings.database_url, place / DUMP, major)
            _give_back(engine, manifest.functions)
            _place_files(place / FILES, settings.data_dir / "files")
        _check_rows(engine, manifest)
    finally:
        engine.dispose()
    return manifest


# --- before ------------------------------------------------------------------------------------


def _check_revision(manifest: Manifest) -> None:
    scripts = AlembicConfig()
    scripts.set_main_option("script_location", str(ROOT / "migrations"))
    known = {item.revision for item in ScriptDirectory.from_config(scripts).walk_revisions()}
    if manifest.revision not in known:
        raise BackupError(
            f"the backup is of a newer version ({manifest.revision}); install that version first"
        )


def _check_keys(manifest: Manifest) -> None:
    try:
        secrets.decrypt(manifest.sealed)
    except InvalidToken:
        raise BackupError(
            "ENCRYPTION_KEYS are not those of the backup, so nobody could read its tokens; "
            "set the keys that it was made with"
        ) from None


def _check_target(engine: Engine, force: bool) -> int:
    with engine.connect() as connection:
        major = int(connection.execute(text("show server_version_num")).scalar_one()) // 10_000
        tables = list(connection.scalars(text(TABLES)))
        others = connection.execute(text(OTHERS)).scalar_one()
    if others:
        raise BackupError("CloudChat is running on this database; stop it first")
    if tables and not force:
        raise BackupError(
            f"the database is not empty ({len(tables)} tables); --force replaces everything in it"
        )
    return major


# --- the database ------------------------------------------------------------------------------


def _make_roles(engine: Engine) -> None:
    """A dump names the roles of the policies but does not make them."""
    with engine.begin() as connection:
        version = int(connection.execute(text("show server_version_num")).scalar_one())
        inherit = " with inherit false, set true" if version >= 160_000 else ""
        for role in (APP_ROLE, READER_ROLE):
            known = connection.execute(text("select 1 from pg_roles where rolname = :name"), {"name": role})
            if known.first() is None:
                connection.execute(text(f"create role {role} nologin noinherit"))
            member = text("select pg_has_role(current_user, :name, 'member')")
            if not connection.execute(member, {"name": role}).scalar_one():
                connection.execute(text(f"grant {role} to current_user{inherit}"))


def _clear(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("drop schema public cascade"))
        connection.execute(text("create schema public"))


def _load(database_url: str, dump: Path, major: int) -> None:
    programs.run(
        programs.find("pg_restore", major),
        "--no-owner",
        "--no-comments",
        "--exit-on-error",
        "--single-transaction",
        "--use-list",
        str(_list_without_schema(dump, major, database_url)),
        str(dump),
        database_url=database_url,
    )


def _give_back(engine: Engine, functions: list[str]) -> None:
    """What a dump without owners does not say: the reading role's functions and what it may read."""
    with engine.begin() as connection:
        connection.execute(text(f"grant create on schema public to {READER_ROLE}"))
        for signature in functions:
            connection.execute(text(f"alter function {signature} owner to {READER_ROLE}"))
        connection.execute(text(f"revoke create on schema public from {READER_ROLE}"))
        for kind in ("tables", "sequences"):
            grant = f"grant select on {kind} to {READER_ROLE}"
            connection.execute(text(f"alter default privileges in schema public {grant}"))


def _list_without_schema(dump: Path, major: int, database_url: str) -> Path:
    """What to restore: all but the schema, which is there, and what names the role of the old place."""
    program = programs.find("pg_restore", major)
    lines = programs.listing(program, dump).splitlines()
    left_out = (" SCHEMA - public ", " EXTENSION - ", " DEFAULT ACL ")
    kept = [line for line in lines if not any(words in line for words in left_out)]
    chosen = dump.with_suffix(".list")
    chosen.write_text("\n".join(kept))
    with create_engine(database_url).begin() as connection:
        connection.execute(text("create extension if not exists pg_trgm"))
    return chosen


# --- files -------------------------------------------------------------------------------------


def _place_files(source: Path, target: Path) -> None:
    for path in _files_of(source):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.replace(path, place)


def _files_of(folder: Path) -> Iterable[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


# --- after -------------------------------------------------------------------------------------


def _check_rows(engine: Engine, manifest: Manifest) -> None:
    with engine.connect() as connection:
        connection.execute(text(f"set local role {READER_ROLE}"))
        for table, count in manifest.rows.items():
            found = connection.execute(text(f'select count(*) from "{table}"')).scalar_one()
            if found != count:
                raise BackupError(f"{table} has {found} rows and had {count}: the restore is not complete")
