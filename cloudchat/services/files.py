"""Files of messages: what may come in, where it is kept, how it is served."""

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import filetype
from sqlalchemy import select

from cloudchat import config
from cloudchat.errors import Invalid, NotFound, PayloadTooLarge
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Broadcast, ContactImport, DataExport
from cloudchat.services.secrets import random_token
from cloudchat.tenancy import current_organization_id

MAX_SIZE = 25 * 1024 * 1024
# What a browser may show in place; all else is offered as a download.
SHOWN_INLINE = {
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "audio/mpeg",
    "audio/ogg",
    "audio/aac",
    "audio/mp4",
    "audio/amr",
    "video/mp4",
    "video/3gpp",
}
_SAME = {"audio/x-m4a": "audio/mp4"}  # two names of one format, and channels know the second
DOCUMENTS = {
    "application/pdf",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "text/plain",
    "text/csv",
}
UNKNOWN = "application/octet-stream"
# What a browser or a system would run: HTML, SVG, scripts, programs of Windows, Unix and the Mac.
_RUN = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*(?:<|#!|MZ|\x7fELF|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe)")
_REFUSED_SUFFIXES = re.compile(
    r"\.(html?|xhtml|svg|xml|js|mjs|exe|bat|cmd|com|scr|msi|jar|sh|ps1|vbs|lnk|hta)$", re.I
)


@dataclass(frozen=True)
class StoredFile:
    """A file on our disk, not yet tied to a message."""

    key: str
    filename: str
    mime: str
    size: int

    @property
    def kind(self) -> str:
        head = self.mime.split("/", 1)[0]
        if self.mime == "image/webp":
            return "image"
        return head if head in ("image", "audio", "video") else "document"


def store(stream: BinaryIO, filename: str) -> StoredFile:
    """Keep an upload under a name of our own. Its type is what its bytes say, not what was claimed.

    Raises Invalid (empty, type not allowed), PayloadTooLarge.
    """
    content = stream.read(MAX_SIZE + 1)
    return store_bytes(content, filename)


def store_bytes(content: bytes, filename: str) -> StoredFile:
    if len(content) > MAX_SIZE:
        raise PayloadTooLarge("file", fields={"file": ["file_too_large"]})
    if not content:
        raise Invalid("file", fields={"file": ["file_empty"]})
    filename = safe_name(filename)
    mime = sniff(content, filename)
    return StoredFile(keep(content), filename, mime, len(content))


def store_received(content: bytes, filename: str) -> StoredFile:
    """Keep a file that a customer sent through a provider; nobody is there to be told "not this one".

    A kind that we do not know is kept as bytes to download; what a browser or a system would run is
    refused as everywhere. Raises Invalid, PayloadTooLarge.
    """
    try:
        return store_bytes(content, filename)
    except Invalid:
        if not content or _REFUSED_SUFFIXES.search(filename) or _RUN.match(content[:4096]):
            raise
    return StoredFile(keep(content), safe_name(filename), UNKNOWN, len(content))


def keep(content: bytes) -> str:
    """Keep bytes that the caller has judged already; answers the key under which they lie."""
    key = f"{current_organization_id()}/{random_token(24)}"
    _write(path_of(key), content)
    return key


def discard(key: str) -> None:
    path_of(key).unlink(missing_ok=True)


def sniff(content: bytes, filename: str) -> str:
    """The MIME type that the bytes have. Raises Invalid for one that we do not take."""
    guessed = filetype.guess_mime(content)
    guessed = _SAME.get(guessed, guessed)
    if guessed is None and not _REFUSED_SUFFIXES.search(filename) and _is_text(content):
        guessed = "text/csv" if filename.lower().endswith(".csv") else "text/plain"
    if guessed not in SHOWN_INLINE | DOCUMENTS or _REFUSED_SUFFIXES.search(filename):
        raise Invalid("file", fields={"file": ["file_type_refused"]})
    return guessed


def _is_text(content: bytes) -> bool:
    try:
        head = content.decode("utf-8")[:2000]
    except UnicodeDecodeError:
        return False
    return "\0" not in head and not re.search(r"<\s*(!doctype|html|svg|script|\?xml)", head, re.I)


def safe_name(filename: str) -> str:
    """A name to show and to offer for download: no path, no control or direction characters."""
    name = re.split(r"[/\\]", filename or "")[-1]
    name = "".join(char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    name = name.strip(" .") or "file"
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[:100]}{dot}{suffix[:10]}" if dot and stem else name[:100]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(path.name + ".part")
    try:
        with open(draft, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        _sync_folder(path.parent)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut: a row is about to say that it is there."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def path_of(key: str) -> Path:
    """Where a file is kept. Keys are made by us; anything else is refused."""
    if not re.fullmatch(r"\d+/[\w-]{20,64}", key):
        raise NotFound("file")
    return config.active().data_dir / "files" / key


def get_attachment(attachment_id: int) -> Attachment:
    found = db.session.get(Attachment, attachment_id)
    if found is None or found.state != "ready" or not path_of(found.file_key).exists():
        raise NotFound("attachment")
    return found


def orphans(organization_id: int, older_than: float) -> Iterator[Path]:
    """Files that no row names, last changed before this Unix time."""
    folder = config.active().data_dir / "files" / str(organization_id)
    if not folder.is_dir():
        return
    old = [path for path in folder.iterdir() if path.stat().st_mtime < older_than]
    named = {
        key
        for model in (Attachment, Broadcast, ContactImport, DataExport)
        for key in db.session.scalars(select(model.file_key).where(model.file_key.is_not(None)))
    }
    for path in old:
        if f"{organization_id}/{path.name}" not in named:
            yield path


def ready_attachment(conversation_id: int, message_id: int, upload: StoredFile) -> Attachment:
    """The row of a file that is on our disk already."""
    return Attachment(
        conversation_id=conversation_id,
        message_id=message_id,
        kind=upload.kind,
        state="ready",
        file_key=upload.key,
        filename=upload.filename,
        mime=upload.mime,
        size=upload.size,
        created_at=now(),
    )
