"""Handing out private files: never sniffed, shown in place only where their kind is harmless."""

from flask import Response, request, send_file

from cloudchat.models import Attachment
from cloudchat.services import files

CACHE_SECONDS = 3600


def send_private(row: Attachment, max_age: int = CACHE_SECONDS) -> Response:
    """The file of an attachment that the caller may have; `?download` offers it for saving."""
    response = send_file(
        files.path_of(row.file_key),
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
