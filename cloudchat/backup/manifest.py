"""What a backup says of itself, and whether it is still what it says."""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
FILES = "files/"
PIECE = 1024 * 1024


class BackupError(Exception):
    """A backup cannot be made or used; the text is what the operator reads."""


@dataclass(frozen=True)
class Manifest:
    """`rows` per table and `checksums` (SHA-256) per member, both of one moment. `sealed` opens only with
    the keys of the installation, so that a restore knows whether its keys are the right ones. `functions`
    belong to the reading role, which a dump without owners does not say."""

    created_at: str
    revision: str
    server_version: int
    rows: dict[str, int]
    checksums: dict[str, str]
    sealed: str
    functions: list[str]
    format: int = FORMAT

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), indent=2).encode()


def digest(stream: IO[bytes]) -> str:
    made = hashlib.sha256()
    while piece := stream.read(PIECE):
        made.update(piece)
    return made.hexdigest()


def read(path: Path) -> Manifest:
    """The manifest of a backup. Raises BackupError."""
    try:
        with tarfile.open(path) as archive:
            first = archive.next()
            if first is None or first.name != MANIFEST:
                raise BackupError(f"{path} is no backup of CloudChat")
            told = json.load(archive.extractfile(first))
            manifest = Manifest(**told)
    except (tarfile.TarError, OSError, ValueError, TypeError) as error:
        raise BackupError(f"{path} cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise BackupError(f"{path} has the format {manifest.format}, and this program knows {FORMAT}")
    return manifest


def members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Every file in it but the manifest, in order."""
    with tarfile.open(path) as archive:
        for item in archive:
            if item.name != MANIFEST and item.isfile():
                yield item.name, archive.extractfile(item)


def verify(path: Path) -> Manifest:
    """Compare every byte with the manifest. Raises BackupError with what is missing or different."""
    manifest = read(path)
    left = dict(manifest.checksums)
    wrong: list[str] = []
    try:
        for name, stream in members(path):
            if digest(stream) != left.pop(name, None):
                wrong.append(name)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BackupError(f"{path} is damaged: {error}") from error
    if wrong or left:
        names = ", ".join([*wrong, *left][:5])
        raise BackupError(f"{path} is damaged: {len(wrong)} files differ, {len(left)} are missing ({names})")
    return manifest
