"""The browser's side of a login: its cookie, the step between password and code, where it leads."""

import time
from urllib.parse import urlsplit

from flask import g, request, session

from cloudchat.errors import AppError
from cloudchat.messages import sentence
from cloudchat.services import accounts
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as

CODE_WITHIN = 300  # seconds after the password


def sign_in(organization_id: int, user_id: int, code: str | None = None) -> Identity:
    """Begin a session in this browser. Raises Unauthorized where a code is missing or wrong."""
    agent = request.headers.get("User-Agent")
    token, identity = accounts.log_in(organization_id, user_id, code, request.remote_addr, agent)
    session.clear()
    session.permanent = True
    session["organization"], session["token"] = organization_id, token
    return identity


def sign_out() -> None:
    identity = g.get("identity")
    if identity is not None and identity.session_id is not None:
        with acting_as(identity.home_organization_id):
            accounts.end_session(identity.session_id)
    session.clear()


def remember(organization_id: int, user_id: int, email: str) -> None:
    """Keep in the signed cookie whose password was right, for as long as it takes to read a code off."""
    session["pending"] = {
        "organization": organization_id,
        "user": user_id,
        "email": email,
        "mark": accounts.password_mark(organization_id, user_id),
        "until": time.time() + CODE_WITHIN,
    }


def remembered() -> tuple[int, int] | None:
    """Whose password was right a moment ago, and is still the right one."""
    pending = session.get("pending")
    if not pending or pending["until"] < time.time():
        return None
    person = pending["organization"], pending["user"]
    return person if accounts.password_mark(*person) == pending["mark"] else None


def own_path(target: str | None) -> str | None:
    """The target, if it is a path of ours; anything that could leave the site is None."""
    if not target or "\\" in target or any(ord(char) < 32 for char in target):
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return None
    return target


def by_field(error: AppError, **renamed: str) -> dict[str, list[str]]:
    """The sentences of a refusal, by the names of the form's fields."""
    return {
        renamed.get(name, name): [sentence(item, item) for item in items]
        for name, items in error.fields.items()
    }
