"""What all webhook routes share: the raw bytes of the call."""

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from cloudchat.errors import AppError, PayloadTooLarge

MAX_BODY = 3 * 1024 * 1024
REFUSED = "cloudchat.refused"  # in the environment: the error with which the short way ended


def raw_body() -> bytes:
    """The raw bytes, at most 3 MiB of them; compressed bodies are not taken.

    A call that the short way has already refused ends here, with its error.
    """
    if REFUSED in request.environ:
        raise request.environ[REFUSED]
    request.max_content_length = MAX_BODY
    if request.headers.get("Content-Encoding", "identity") != "identity":
        error = AppError(code="unsupported_media_type")
        error.status = 415
        raise error
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise PayloadTooLarge() from None
