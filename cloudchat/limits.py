"""How often one caller may do what invites guessing."""

import hashlib

from flask import request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address


class RouteLimiter(Limiter):
    """Counts at the routes that are marked. Nothing is limited everywhere, and the library's look at
    every request costs a tenth of a webhook."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


# With Redis away limits are counted in the process itself: weaker, but never open.
limiter = RouteLimiter(get_remote_address, in_memory_fallback_enabled=True, key_prefix="cloudchat-limit")


def login_key() -> str:
    """One bucket per address that is tried, whatever machine tries; so guessing on many machines is
    slow too. It counts the attempt, never the account's own sessions."""
    body = request.get_json(silent=True) if request.is_json else request.form
    email = body.get("email") if isinstance(body, dict) or hasattr(body, "get") else ""
    if not email:  # the second step of a login: the code of an address that the first one kept
        email = (session.get("pending") or {}).get("email")
    named = str(email or "")[:255].strip().lower()
    return "login:" + hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()
