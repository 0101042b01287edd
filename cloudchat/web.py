"""The door: who is calling, may they, in which organization; errors, cursors, idempotency.

Every route carries exactly one of `@requires(role)` and `@public(reason)`; a test walks the map.
"""

import base64
import functools
import hashlib
import json
import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from pydantic import BaseModel, ConfigDict, ValidationError
from redis.exceptions import RedisError
from spectree import SpecTree
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, TooManyRequests

from cloudchat import events, messages
from cloudchat.bodies import API_BODY, UPLOAD_BODY, StrictBodies, StrictJSON, fits_database
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
from cloudchat.models import IdempotencyKey
from cloudchat.services import accounts, audit
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as, current_organization_id

log = structlog.get_logger(__name__)

MAX_LIMIT = 100
ANSWER_PATIENCE = 5.0  # seconds to wait for the answer to the first request with the same key

csrf = CSRFProtect()
api = SpecTree(
    "flask",
    backend=StrictBodies,
    title="CloudChat",
    version="1.0",
    path="api/docs-data",
    annotations=True,
    validation_error_status=422,
    naming_strategy=lambda model: model.__name__,
    before=lambda request, response, error, instance, adapter: _raise_invalid(error),
)


class Body(BaseModel):
    """A JSON body: unknown fields are ignored, numbers are not taken for text."""

    model_config = ConfigDict(extra="ignore", str_max_length=200_000)


# --- doors -------------------------------------------------------------------------------------


def requires(role: str, *, upload: bool = False) -> Callable:
    """Let in whoever has at least this role (`agent`, `manager`, `admin`; or `operator`)."""

    def decorate(view: Callable) -> Callable:
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            request.max_content_length = UPLOAD_BODY if upload else API_BODY
            admit(role)
            return view(*args, **kwargs)

        guarded.door = role
        guarded.takes_files = upload
        return guarded

    return decorate


def public(reason: str) -> Callable:
    """A route that anybody may call, for a stated reason."""

    def decorate(view: Callable) -> Callable:
        view.door = "public"
        view.public_reason = reason
        return view

    return decorate


def sized(limit: int) -> Callable:
    """Refuse bodies of more than `limit` bytes on a public route."""

    def decorate(view: Callable) -> Callable:
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            request.max_content_length = limit
            return view(*args, **kwargs)

        guarded.takes_files = limit > API_BODY
        return guarded

    return decorate


def admit(role: str) -> Identity:
    """Identify the caller, check role and CSRF token, and enter their organization until the
    request ends. Raises Unauthorized, Forbidden."""
    identity = identify()
    if identity is None:
        raise Unauthorized()
    if not identity.may(role):
        raise Forbidden()
    return identity


def identify() -> Identity | None:
    """The caller, by bearer token or session cookie; None for a stranger. Enters the organization."""
    if "identity" in g:
        return g.identity
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        identity = _by_token(header.removeprefix("Bearer ").strip())
    else:
        identity = _by_session()
        if identity is not None and request.method not in ("GET", "HEAD", "OPTIONS"):
            _check_csrf()
    if identity is None:
        _leave_scope()
        return None
    if identity.acting:
        _enter(identity.organization_id)
    g.identity = identity
    audit.set_actor(audit.Actor(identity.user_id, identity.name, request.remote_addr))
    structlog.contextvars.bind_contextvars(organization_id=identity.organization_id, user_id=identity.user_id)
    return identity


def me() -> Identity:
    """The caller of a guarded route."""
    return g.identity


def _by_token(token: str) -> Identity | None:
    organization_id = accounts.token_organization(token)
    if organization_id is None:
        return None
    _enter(organization_id)
    return accounts.identify_token(token)


def _by_session() -> Identity | None:
    organization_id, token = session.get("organization"), session.get("token")
    if not isinstance(organization_id, int) or not isinstance(token, str):
        return None
    _enter(organization_id)
    return accounts.identify_session(organization_id, token)


def _check_csrf() -> None:
    csrf.protect()


def _enter(organization_id: int) -> None:
    if "scopes" not in g:
        g.scopes = ExitStack()
    g.scopes.enter_context(acting_as(organization_id))


def _leave_scope() -> None:
    scopes = g.pop("scopes", None)
    if scopes is not None:
        scopes.close()


def finish_request(response: Response) -> Response:
    events.drain()
    return response


def _forget_caller(_error: BaseException | None = None) -> None:
    """Connections are kept open and shared by proxies: nothing of one caller may reach the next."""
    _leave_scope()
    audit.set_actor(audit.SYSTEM)


# --- errors ------------------------------------------------------------------------------------


def init_errors(app: Flask) -> None:
    """One renderer for every error: JSON for the API, a fragment for htmx, a page otherwise."""
    app.json = StrictJSON(app)
    app.register_error_handler(AppError, render_error)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(PoolTimeout, _database_away)
    app.register_error_handler(RedisError, _redis_away)
    app.register_error_handler(DataError, lambda error: render_error(Invalid(code="invalid")))
    app.register_error_handler(Exception, _unexpected)


def render_error(error: AppError) -> Response:
    if db.session.registry.has():
        db.session.rollback()
    if isinstance(error, Unauthorized) and not wants_json() and error.code == "unauthorized":
        return redirect(url_for("auth.login", next=_own_path()))
    text = messages.sentence(error.code, error.message)
    if wants_json():
        response = jsonify(error_body(error, text))
    else:
        response = Response(_error_page(error.status, text), mimetype="text/html")
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
    if path.startswith(("/api/", "/webhooks/")):
        return True
    if request.headers.get("HX-Request"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def _error_page(status: int, text: str) -> str:
    return render_template(
        [f"errors/{status}.html", "errors/error.html"],
        message=text,
        status=status,
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
    log.error("database_error", error=str(getattr(error, "orig", error))[:300])
    return render_error(Unavailable(code="unavailable"))


def _redis_away(error: RedisError) -> Response:
    log.error("redis_error", error=str(error)[:300])
    return render_error(Unavailable(code="unavailable"))


def _unexpected(error: Exception) -> Response:
    log.exception("request_failed", path=shown_path())
    made = AppError(code="internal")
    made.status = 500
    return render_error(made)


def _raise_invalid(error: ValidationError | None) -> None:
    if error is None:
        return
    fields: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in item["loc"]) or "body"
        fields.setdefault(name, []).append(messages.validation(item["type"], item["msg"]))
    raise Invalid(code="invalid", fields=fields)


# --- cursors and idempotency -------------------------------------------------------------------


def encode_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple | None:
    """The parts of a cursor that we handed out. Raises Invalid for anything else."""
    if not cursor:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor[:500] + "=" * (-len(cursor) % 4)))
        if len(parts) != len(kinds) or not all(map(isinstance, parts, kinds)):
            raise ValueError
        if not all(fits_database(part) for part in parts if isinstance(part, str)):
            raise ValueError
        return tuple(parts)
    except (ValueError, TypeError):
        raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]}) from None


def idempotent(view: Callable) -> Callable:
    """Honour `Idempotency-Key`: the same key gets the same answer, and nothing is done twice.

    The key is kept by the work's own commit: both or neither, also when the process dies. Who comes
    with the same key meanwhile waits for that commit in the database, then for the answer.
    """

    @functools.wraps(view)
    def once(*args, **kwargs):
        key = request.headers.get("Idempotency-Key")
        if not key:
            return view(*args, **kwargs)
        if len(key) > 200 or "\0" in key:
            raise Invalid(code="invalid", fields={"Idempotency-Key": ["too_long"]})
        scope = f"{me().user_id}:{request.method}:{request.path}"[:200]
        body_hash = hashlib.sha256(request.get_data(cache=True)).hexdigest()
        kept = _take_key(scope, key, body_hash)
        if kept is not None:
            return kept
        response = jsonify_answer(view(*args, **kwargs))
        _keep_answer(scope, key, response)
        return response

    once.is_idempotent = True
    return once


def jsonify_answer(answer: Any) -> Response:
    body, status = answer if isinstance(answer, tuple) else (answer, 200)
    response = body if isinstance(body, Response) else jsonify(body)
    response.status_code = status if isinstance(answer, tuple) else response.status_code
    return response


def _take_key(scope: str, key: str, body_hash: str) -> Response | None:
    """None for the first to come, who does the work in the transaction begun here; the answer of the
    first for all others. Raises Conflict where there is none (yet), Invalid for another body."""
    taken = db.session.execute(
        insert(IdempotencyKey)
        .values(organization_id=current_organization_id(), scope=scope, key=key, body_hash=body_hash)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.id)
    ).first()
    if taken:
        return None
    until = time.monotonic() + ANSWER_PATIENCE
    while (kept := _key(scope, key)) is None or kept.status is None:
        db.session.rollback()
        if kept is None or time.monotonic() > until:
            raise Conflict(code="still_running")
        time.sleep(0.05)
    if kept.body_hash != body_hash:
        raise Invalid(code="key_reused")
    response = jsonify(kept.answer)
    response.status_code = kept.status
    return response


def _keep_answer(scope: str, key: str, response: Response) -> None:
    found = _key(scope, key)
    if found is not None:
        found.status, found.answer = response.status_code, response.get_json()
        db.session.commit()


def _key(scope: str, key: str) -> IdempotencyKey | None:
    return db.session.scalar(
        select(IdempotencyKey)
        .where(IdempotencyKey.scope == scope, IdempotencyKey.key == key)
        .execution_options(populate_existing=True)
    )


def init_app(app: Flask) -> None:
    """Register what runs around each request. Called after the blueprints, for the API document."""
    app.after_request(finish_request)
    app.teardown_request(_forget_caller)
    api.app = app  # its own pages would load scripts from elsewhere; system.openapi serves the document
