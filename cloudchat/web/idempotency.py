"""The same request twice is done once."""

import functools
import hashlib
import time
from collections.abc import Callable
from typing import Any

from flask import Response, jsonify, request
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db
from cloudchat.models import IdempotencyKey
from cloudchat.tenancy import current_organization_id
from cloudchat.web.doors import me

ANSWER_PATIENCE = 5.0  # seconds to wait for the answer to the first request with the same key


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
