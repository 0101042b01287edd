"""Handing out files: private ones, never sniffed, and tables that are written while they are sent."""

import time
from collections.abc import Iterable, Iterator

from flask import Response, request, send_file, stream_with_context

from cloudchat.errors import NotFound
from cloudchat.models import Attachment
from cloudchat.services import contact_export, files, workbooks
from cloudchat.services.contact_export import Cell

CACHE_SECONDS = 3600
REST = 3  # times the work of a piece
LEAST_PAUSE, LONGEST_PAUSE = 0.001, 0.05
TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def send_private(row: Attachment, max_age: int = CACHE_SECONDS) -> Response:
    """The file of an attachment that the caller may have; `?download` offers it for saving. Raises NotFound
    where the file is gone."""
    path = files.path_of(row.file_key)
    if not path.exists():
        raise NotFound("attachment")
    response = send_file(
        path,
        mimetype=row.mime,
        as_attachment=row.mime not in files.SHOWN_INLINE or "download" in request.args,
        download_name=row.filename or "file",
        conditional=True,
        etag=False,
        max_age=max_age,
    )
    response.cache_control.private = True
    response.cache_control.public = None
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def send_table(lines: Iterable[list[Cell]], kind: str, name: str, title: str) -> Response:
    """Rows as a file that begins at once, however many they are; `title` is the sheet's name."""
    pieces = workbooks.stream(lines, title) if kind == "xlsx" else contact_export.as_csv(lines)
    answer = Response(stream_with_context(_politely(pieces)), mimetype=TYPES[kind])
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _politely(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A long file is made in small pieces with rests between them, so that others' requests do not wait.
    On a busy machine a piece takes longer, and the file steps back further.
    """
    began = time.monotonic()
    for piece in pieces:
        worked = time.monotonic() - began
        if piece:
            yield piece
        time.sleep(min(LONGEST_PAUSE, max(LEAST_PAUSE, REST * worked)))
        began = time.monotonic()
