"""Structured logs: one JSON line an event, with request, tenant and job ids, without secrets."""

import contextlib
import functools
import logging
import re
import secrets
import sys
import time
from dataclasses import dataclass

import structlog
from flask import Flask, g, request
from prometheus_client import Counter, Histogram

from cloudchat.config import Config

SECRET_NAMES = re.compile(r"(password|token|secret|api_key|authorization|cookie|otp)", re.I)
SECRET_VALUES = re.compile(
    r"(Bearer\s+)\S+|cc_\d+_[\w-]{20,}|EAA[\w-]{20,}|(bot)\d{6,}:[\w-]{20,}|(access_token=)[^&\s]+"
)

REQUESTS = Counter("cloudchat_requests_total", "Requests answered", ["endpoint", "status"])
SECONDS = Histogram(
    "cloudchat_request_seconds",
    "Time to answer",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
log = structlog.get_logger(__name__)


class StandardError(logging.StreamHandler):
    """Writes to the standard error of the moment, which may have been replaced since the start."""

    @property
    def stream(self):
        return sys.stderr

    @stream.setter
    def stream(self, _value) -> None:
        pass


class _Lines(structlog.PrintLogger):
    """On a full disk a line is lost; the work that it is about is not."""

    def msg(self, message: str) -> None:
        with contextlib.suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def configure(config: Config) -> None:
    """Send our own and the libraries' logs to standard error, in one form."""
    processors = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(sys.stderr),  # the one of the moment
        cache_logger_on_first_use=False,
    )
    handler = StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[*processors[:-1], structlog.stdlib.ExtraAdder(), mask_secrets],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("httpx", "httpcore", "engineio", "socketio", "rq.worker", "rq.cron"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def mask_secrets(_logger, _method, event: dict) -> dict:
    """Hide values whose name or form is that of a secret."""
    return _masked(event)


def _masked(value):
    if isinstance(value, dict):
        return {
            name: "***" if SECRET_NAMES.search(str(name)) else _masked(item) for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return SECRET_VALUES.sub("***", value) if isinstance(value, str) else value


def shown_path() -> str:
    """The address that was called, without the secrets that some links carry in it."""
    path = request.path
    for name, value in (request.view_args or {}).items():
        if SECRET_NAMES.search(name):
            path = path.replace(str(value), "***")
    return path


@dataclass(frozen=True)
class Noted:
    """A request that has begun: the id that its log lines and its answer carry, and since when."""

    id: str
    began: float


def begin_request(given: str) -> Noted:
    """Give a request its id (the caller's own, if it is harmless) and bind it to what is logged."""
    harmless = given and re.fullmatch(r"[\w-]{8,64}", given)
    noted = Noted(given if harmless else secrets.token_hex(16), time.perf_counter())
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=noted.id)
    return noted


def end_request(noted: Noted, endpoint: str, method: str, path: str, status: int) -> None:
    """Count a request, and log it where it failed or was slow."""
    seconds = time.perf_counter() - noted.began
    requests, times = _meters(endpoint, status)
    requests.inc()
    times.observe(seconds)
    if status >= 500 or seconds > 1:
        log.warning("request", method=method, path=path, status=status, ms=round(seconds * 1000))


@functools.cache
def _meters(endpoint: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(endpoint, status), SECONDS.labels(endpoint)


def init_app(app: Flask) -> None:
    """Give each request an id and note how it ended."""

    @app.before_request
    def begin() -> None:
        g.noted = begin_request(request.headers.get("X-Request-Id", ""))
        g.request_id = g.noted.id

    @app.after_request
    def end(response):
        response.headers["X-Request-Id"] = g.request_id
        endpoint = request.endpoint or "none"
        end_request(g.noted, endpoint, request.method, shown_path(), response.status_code)
        return response
