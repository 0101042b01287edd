"""One renderer for every error: JSON for the API, a fragment for htmx, a page otherwise."""

import errno
import math
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from psycopg.errors import QueryCanceled
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, TooManyRequests

from cloudchat import messages
from cloudchat.bodies import StrictJSON
from cloudchat.errors import (
    AppError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PayloadTooLarge,
    TooMany,
    Unauthorized,
    Unavailable,
)
from cloudchat.extensions import db
from cloudchat.logs import shown_path

log = structlog.get_logger(__name__)


def init_errors(app: Flask) -> None:
    """One renderer for every error: JSON for the API, a fragment for htmx, a page otherwise."""
    app.json = StrictJSON(app)
    app.register_error_handler(AppError, render_error)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(PoolTimeout, _database_away)
    app.register_error_handler(RedisError, _redis_away)
    app.register_error_handler(OSError, _disk_full)
    app.register_error_handler(DataError, lambda error: render_error(Invalid(code="invalid")))
    app.register_error_handler(Exception, _unexpected)


def render_error(error: AppError) -> Response:
    if db.session.registry.has():
        db.session.rollback()
    if isinstance(error, Unauthorized) and not wants_json() and error.code == "unauthorized":
        return redirect(url_for("auth.login", next=_own_path()))
    if error.code == "second_factor_due" and not wants_json():
        return redirect(url_for("auth.second_factor"))
    text = messages.sentence(error.code, error.message)
    if wants_json():
        response = jsonify(error_body(error, text))
    else:
        response = Response(_error_page(error, text), mimetype="text/html")
    response.status_code = error.status
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return response


def error_body(error: AppError, text: str | None = None) -> dict[str, Any]:
    return {
        "error": {
            "code": error.code,
            "message": text or messages.sentence(error.code, error.message),
            "fields": {
                name: [messages.sentence(item, item) for item in items]
                for name, items in error.fields.items()
            },
            **error.extra,
        }
    }


def wants_json() -> bool:
    path = request.path
    if path.startswith(("/api/", "/webhooks/")) and path != "/api/docs":  # a page for people
        return True
    if request.headers.get("HX-Request"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def _error_page(error: AppError, text: str) -> str:
    return render_template(
        [f"errors/{error.code}.html", f"errors/{error.status}.html", "errors/error.html"],
        message=text,
        status=error.status,
        request_id=g.get("request_id"),
    )


def _own_path() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None


def _from_http(error: HTTPException) -> Response:
    if isinstance(error, CSRFError):
        return render_error(Forbidden(code="csrf"))
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge):
        return render_error(PayloadTooLarge())
    if isinstance(error, TooManyRequests):
        return render_error(TooMany(retry_after=_limit_wait(error)))
    kinds = {401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 422: Invalid}
    made = kinds.get(error.code, AppError)()
    made.status = error.code
    codes = {405: "method_not_allowed", 408: "request_timeout", 415: "unsupported_media_type"}
    made.code = codes.get(error.code, made.code)
    response = render_error(made)
    if error.code == 405 and getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(error.valid_methods)
    return response


def _limit_wait(error: TooManyRequests) -> float:
    limit = getattr(error, "limit", None)
    return limit.limit.get_expiry() if limit is not None else 60


def _database_away(error: OperationalError | PoolTimeout) -> Response:
    cause = getattr(error, "orig", error)
    if isinstance(cause, QueryCanceled):  # the server is well; what was asked for is too much
        log.warning("statement_cut_off", path=shown_path())
        return render_error(Unavailable(code="took_too_long"))
    log.error("database_error", error=str(cause)[:300])
    return render_error(Unavailable(code="unavailable"))


def _redis_away(error: RedisError) -> Response:
    log.error("redis_error", error=str(error)[:300])
    return render_error(Unavailable(code="unavailable"))


def _disk_full(error: OSError) -> Response:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return _unexpected(error)
    log.error("disk_full", path=shown_path())
    return render_error(Unavailable(code="disk_full"))


def _unexpected(error: Exception) -> Response:
    log.exception("request_failed", path=shown_path())
    made = AppError(code="internal")
    made.status = 500
    return render_error(made)
