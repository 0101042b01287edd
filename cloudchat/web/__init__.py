"""What every route stands on: doors, errors, checked bodies, cursors, idempotency."""

from flask import Flask

from cloudchat.bodies import API_BODY, UPLOAD_BODY
from cloudchat.web.cursors import decode_cursor, encode_cursor
from cloudchat.web.doors import (
    admit,
    csrf,
    finish_request,
    forget_caller,
    identify,
    me,
    public,
    requires,
    sized,
)
from cloudchat.web.errors import error_body, init_errors, render_error, wants_json
from cloudchat.web.idempotency import idempotent, jsonify_answer
from cloudchat.web.schema import MAX_LIMIT, Body, PageQuery, PeriodQuery, api
from cloudchat.web.versions import Versioned

__all__ = [
    "API_BODY",
    "MAX_LIMIT",
    "UPLOAD_BODY",
    "Body",
    "PageQuery",
    "PeriodQuery",
    "Versioned",
    "admit",
    "api",
    "csrf",
    "decode_cursor",
    "encode_cursor",
    "error_body",
    "finish_request",
    "idempotent",
    "identify",
    "init_app",
    "init_errors",
    "jsonify_answer",
    "me",
    "public",
    "render_error",
    "requires",
    "sized",
    "wants_json",
]


def init_app(app: Flask) -> None:
    """Register what runs around each request. Called after the blueprints, for the API document."""
    app.after_request(finish_request)
    app.teardown_request(forget_caller)
    api.app = app  # its own pages would load scripts from elsewhere; system.openapi serves the document
