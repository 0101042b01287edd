"""The short way in for providers' calls, past Flask.

They come all day long, and what Flask does around a request (matching, contexts, hooks, a response
object) costs more than taking the event in. So the outermost layer of the application answers plain
calls itself, by the same functions as the routes. Whatever is not plain goes on to Flask: other methods,
bodies without a length, and every error, which the route raises, so that it is told like all others.
See docs/decisions/0009-webhook-lane.md.
"""

from collections.abc import Callable, Iterable
from functools import partial

from flask import Flask
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import ClientDisconnected

from blueprints.webhooks import calls
from blueprints.webhooks.doors import MAX_BODY, REFUSED
from cloudchat import events, logs

ANSWER = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", "0"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]
PREFIX = "/webhooks/"


class Lane:
    """WSGI around the whole application."""

    def __init__(self, app: Flask, inner: Callable):
        self.app = app
        self.inner = inner

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        found = _call(environ) if environ["PATH_INFO"].startswith(PREFIX) else None
        if found is None:
            return self.inner(environ, start_response)
        endpoint, take = found
        noted = logs.begin_request(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            with self.app.app_context():
                take(_body(environ), EnvironHeaders(environ))
                events.drain()
        except Exception as error:
            environ[REFUSED] = error
            return self.inner(environ, start_response)
        logs.end_request(noted, endpoint, "POST", environ["PATH_INFO"], 200)
        start_response("200 OK", [*ANSWER, ("X-Request-Id", noted.id)])
        return []


def _call(environ: dict) -> tuple[str, Callable] | None:
    """(the route's endpoint, who takes the call), if it is a plain one."""
    length = environ.get("CONTENT_LENGTH") or ""
    plain = (
        environ["REQUEST_METHOD"] == "POST"
        and length.isascii()
        and length.isdigit()
        and int(length) <= MAX_BODY
        and "HTTP_TRANSFER_ENCODING" not in environ
        and "HTTP_CONTENT_ENCODING" not in environ
    )
    if not plain:
        return None
    match environ["PATH_INFO"].removeprefix(PREFIX).split("/"):
        case ["meta"]:
            return "webhooks.receive_meta", calls.meta
        case ["telegram", key] if key:
            return "webhooks.receive_telegram", partial(calls.telegram, public_key=key)
        case ["wa-device", key] if key:
            return "webhooks.receive_wa_device", partial(calls.wa_device, public_key=key)
    return None


def _body(environ: dict) -> bytes:
    """All that was announced. A client that goes away before has sent nothing."""
    length = int(environ["CONTENT_LENGTH"])
    try:
        raw = environ["wsgi.input"].read(length)
    except OSError:
        raise ClientDisconnected() from None
    if len(raw) < length:
        raise ClientDisconnected()
    return raw
