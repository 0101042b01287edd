"""An organization's people as their admin keeps them: roles, invitations, tokens, own sessions."""

from sqlalchemy import select

from cloudchat.errors import Invalid, NotFound
from cloudchat.events import AgentFree, ChoicesChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import ApiToken, Invitation, User, UserSession
from cloudchat.services import accounts, audit

MAX_CAPACITY = 1000


def change(user_id: int, values: dict) -> User:
    """Change name, capacity and role. Raises Invalid, Conflict (the last admin stays admin)."""
    user = accounts.get_user(user_id)
    name = str(values.get("name", user.name) or "").strip()
    capacity = values.get("capacity", user.capacity)
    errors = {}
    if not name or len(name) > 255:
        errors["name"] = ["required"]
    if not isinstance(capacity, int) or not 0 <= capacity <= MAX_CAPACITY:
        errors["capacity"] = ["capacity_invalid"]
    if errors:
        raise Invalid("user", fields=errors)
    before = {"name": user.name, "capacity": user.capacity}
    after = {"name": name, "capacity": capacity}
    if after != before:
        user.name, user.capacity = name, capacity
        audit.record("user.changed", user, before=before, after=after)
        if capacity > before["capacity"]:
            publish(AgentFree(user.organization_id, user.id))
        publish(ChoicesChanged(user.organization_id))
    # The role comes last: it commits, and where it is refused nothing of the rest is kept either.
    if values.get("role") not in (None, user.role):
        accounts.set_role(user_id, values["role"])
    db.session.commit()
    return user


def active() -> list[User]:
    """Everybody who can log in, by name."""
    return list(db.session.scalars(select(User).where(User.is_active).order_by(User.name, User.id)))


def open_invitations() -> list[Invitation]:
    """Invitations that can still be accepted, the newest first."""
    return list(
        db.session.scalars(
            select(Invitation)
            .where(Invitation.accepted_at.is_(None), Invitation.expires_at > now())
            .order_by(Invitation.id.desc())
        )
    )


def revoke_invitation(invitation_id: int) -> None:
    """Take an invitation back: its link leads nowhere from now on."""
    found = db.session.get(Invitation, invitation_id)
    if found is None or found.accepted_at is not None:
        raise NotFound("invitation")
    audit.record("invitation.revoked", found, email=found.email)
    db.session.delete(found)
    db.session.commit()


def api_tokens() -> list[tuple[ApiToken, str]]:
    """The organization's working API tokens with their holders' names, the newest first."""
    rows = db.session.execute(
        select(ApiToken, User.name)
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id.desc())
    )
    return [(token, name) for token, name in rows]


def sessions_of(user_id: int) -> list[UserSession]:
    """The browsers in which a user is logged in, the one used last first."""
    return list(
        db.session.scalars(
            select(UserSession)
            .where(UserSession.user_id == user_id, accounts.session_is_alive())
            .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
            .limit(50)
        )
    )


def end_own_session(user_id: int, session_id: int) -> None:
    """Log one of the user's own browsers out."""
    found = db.session.scalar(
        select(UserSession.id).where(
            UserSession.id == session_id,
            UserSession.user_id == user_id,
            UserSession.revoked_at.is_(None),
        )
    )
    if found is None:
        raise NotFound("session")
    audit.record("session.ended", None, user_id=user_id)
    accounts.end_session(found)


def end_other_sessions(user_id: int, keep_session_id: int | None) -> None:
    """Log a user out of all browsers but the one that is kept; with None, of all."""
    accounts.end_other_sessions(user_id, keep_session_id)
    audit.record("sessions.ended", accounts.get_user(user_id))
    db.session.commit()
