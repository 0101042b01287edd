"""Log files that do not fill the disk: the one before is kept, older ones go."""

from pathlib import Path
from typing import BinaryIO

LIMIT = 10 * 1024 * 1024


def open_log(path: Path) -> BinaryIO:
    """Open a log to append to; a long one is put aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def last_lines(path: Path, count: int, indent: str = "") -> str:
    """The end of a log: the reason, when something failed."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16384))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(indent + line for line in lines[-count:])
