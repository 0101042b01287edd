"""How far an API token with limits reaches: what no line here and no route allows, it may not do.

A route's scope is the one that its `@requires(…, scope=…)` names; else `admin` where only admins get in;
else its blueprint's, by whether it reads or changes. Pages have none: they are for people.
"""

from flask import request

from cloudchat.models.users import SCOPES

MESSAGES = "messages:read", "messages:write"
# blueprint → (scope of what reads, of what changes)
SCOPES_OF: dict[str, tuple[str, str]] = {
    "assistant": MESSAGES,
    "broadcast": MESSAGES,
    "chatbot": ("admin", "admin"),
    "contacts": ("contacts", "contacts"),
    "inbox": MESSAGES,
    "messenger": ("admin", "admin"),
    "meta_templates": ("messages:read", "admin"),
    "ongkir": ("messages:read", "messages:read"),  # what is posted there is a question
    "pipeline": MESSAGES,
    "queueing": MESSAGES,
    "reports": ("reports:read", "reports:read"),
    "settings": ("messages:read", "admin"),
}


def scope_of(named: str | None, role: str, path: str, blueprint: str | None, method: str) -> str | None:
    """The scope that a route asks of a token with limits; None: such a token does not get in."""
    if named is not None or not path.startswith("/api/"):
        return named
    if role in ("admin", "operator"):
        return "admin" if role == "admin" else None
    reads, changes = SCOPES_OF.get(blueprint or "", (None, None))
    return reads if method in ("GET", "HEAD", "OPTIONS") else changes


def scope_of_request(named: str | None, role: str) -> str | None:
    return scope_of(named, role, request.path, request.blueprint, request.method)


__all__ = ["SCOPES", "SCOPES_OF", "scope_of", "scope_of_request"]
