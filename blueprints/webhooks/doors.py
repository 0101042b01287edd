"""What all webhook routes share: the raw bytes, and who they are for."""

import hmac

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from cloudchat.errors import AppError, BadSignature, NotFound, PayloadTooLarge
from cloudchat.services import devices

MAX_BODY = 3 * 1024 * 1024


def raw_body() -> bytes:
    """The raw bytes, at most 3 MiB of them; compressed bodies are not taken."""
    request.max_content_length = MAX_BODY
    if request.headers.get("Content-Encoding", "identity") != "identity":
        error = AppError(code="unsupported_media_type")
        error.status = 415
        raise error
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise PayloadTooLarge() from None


def route_of(kind: str, public_key: str) -> devices.Route:
    """The device that the address names. Raises NotFound: a provider then calls again later."""
    route = devices.by_public_key(kind, public_key)
    if route is None:
        raise NotFound("device")
    return route


def check_same(given: str | None, wanted: str) -> None:
    """Raises BadSignature unless both are the same and there is something to compare."""
    if not wanted or not given or not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        raise BadSignature()
