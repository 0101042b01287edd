"""Logging in: the password first, then the second factor of who has one."""

from cloudchat.extensions import db
from cloudchat.models import User
from cloudchat.services import audit
from cloudchat.services.accounts import second_factor
from cloudchat.services.accounts.identity import Identity
from cloudchat.services.accounts.sessions import start_session
from cloudchat.services.secrets import hashed
from cloudchat.tenancy import acting_as


def log_in(
    organization_id: int, user_id: int, code: str | None, ip: str | None, user_agent: str | None
) -> tuple[str, Identity]:
    """A session for somebody whose password was right: its token and who it is.

    The code is used up in the transaction that makes the session. Raises Unauthorized, TooMany.
    """
    with acting_as(organization_id):
        audit.set_actor(audit.Actor(user_id, db.session.get_one(User, user_id).name, ip))
        by = second_factor.check(user_id, code)
        return start_session(organization_id, user_id, ip, user_agent, by)


def password_mark(organization_id: int, user_id: int) -> str:
    """What changes with the password: a login that has shown one and not yet a code ends with it."""
    with acting_as(organization_id):
        user = db.session.get(User, user_id)
        active = user is not None and user.is_active
        return hashed(user.password_hash or "")[:16] if active else ""
