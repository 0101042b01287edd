"""The API's own description: SpecTree reads the routes, this adds what holds for all of them."""

import copy
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Flask

from cloudchat.web import api
from cloudchat.web.scopes import scope_of

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string", "description": "A machine word."},
                "message": {"type": "string", "description": "A sentence in your language."},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token of a user."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "cloudchat",
        "description": "The login's cookie; with it, whatever changes something also needs "
        "X-CSRF-Token, which login and /api/app/me give.",
    },
    "visitor": {"type": "http", "scheme": "bearer", "description": "A web chat session's token."},
}
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key gets the same answer, and nothing is done twice.",
    "schema": {"type": "string", "maxLength": 200},
}


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of everything below /api/."""
    made = copy.deepcopy(api.spec)
    paths: dict[str, dict] = {}
    for path, method, endpoint, view in _operations(app):
        operation = made["paths"].get(path, {}).get(method)
        if operation is not None:
            paths.setdefault(path, {})[method] = _complete(operation, path, method, endpoint, view)
    schemas = {
        name: schema
        for name, schema in made["components"]["schemas"].items()
        if not name.startswith("ValidationError")
    }
    used = {tag for operations in paths.values() for one in operations.values() for tag in one["tags"]}
    return {
        "openapi": made["openapi"],
        "info": made["info"],
        "tags": [tag for tag in made["tags"] if tag["name"] in used],
        "paths": paths,
        "components": {"schemas": schemas | {"Error": ERROR}, "securitySchemes": SECURITY},
    }


def _operations(app: Flask) -> Iterator[tuple[str, str, str, Any]]:
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule)
        if path.startswith("/api/"):
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield path, method.lower(), rule.endpoint, app.view_functions[rule.endpoint]


def _complete(operation: dict, path: str, method: str, endpoint: str, view: Any) -> dict:
    name = endpoint.rpartition(".")[2]
    operation["operationId"] = endpoint.replace(".", "_")
    if operation["summary"].endswith(">"):  # SpecTree's own, where the view has no docstring
        operation["summary"] = name.removeprefix("api_").replace("_", " ").capitalize()
    for parameter in operation["parameters"]:
        if parameter["in"] == "path" and parameter["name"].endswith("_id"):
            parameter["schema"] = {"type": "integer", "minimum": 1}  # whichever converter it has
    guarded = view.door != "public"
    visitor = "{public_key}" in path and not path.endswith("/sessions")
    security = ["token", "session"] if guarded else ["visitor"] if visitor else []
    operation["security"] = [{scheme: []} for scheme in security]
    if guarded:
        blueprint = endpoint.rpartition(".")[0]
        operation["x-scope"] = scope_of(view.scope, view.door, path, blueprint, method.upper()) or "all"
    if getattr(view, "is_idempotent", False):
        operation["parameters"].append(IDEMPOTENCY)
    if "requestBody" in operation and getattr(view, "takes_files", False):
        operation["requestBody"]["content"]["multipart/form-data"] = {"schema": _form()}
    _answer_errors(operation, path, method, view, bool(security))
    return operation


def _form() -> dict:
    fields = {"text": {"type": "string"}, "client_id": {"type": "string"}}
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    return {"type": "object", "required": ["file"], "properties": {"file": file, **fields}}


def _answer_errors(operation: dict, path: str, method: str, view: Any, known: bool) -> None:
    answers = operation["responses"]
    errors = {429, 503} | {int(code) for code in answers if int(code) >= 400}
    if known:
        errors.add(401)
    if view.door not in ("public", "agent"):
        errors.add(403)
    if "{" in path:
        errors.add(404)
    if "requestBody" in operation:
        errors |= {400, 413, 415, 422}
    elif operation["parameters"]:
        errors.add(422)
    if known and method != "get":
        errors.add(403)  # without the CSRF token
    if not any(int(code) < 400 for code in answers):
        answers["200"] = {"description": "OK"}
    for code in sorted(errors):
        answers[str(code)] = {
            "description": HTTPStatus(code).phrase,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
