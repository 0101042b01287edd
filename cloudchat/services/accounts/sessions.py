"""A person's logged-in browsers."""

from datetime import timedelta

from sqlalchemy import func, select, update

from cloudchat.errors import Forbidden, Unauthorized
from cloudchat.events import AccessChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Organization, User, UserSession
from cloudchat.services import audit
from cloudchat.services.accounts.identity import Identity, identity_columns, identity_of
from cloudchat.services.accounts.passwords import password_matches
from cloudchat.services.secrets import hashed, random_token
from cloudchat.tenancy import acting_as, all_organizations, current_organization_id

SESSION_LIFETIME = timedelta(days=30)


def verify_login(email: str, password: str) -> tuple[int, int]:
    """(organization id, user id) of the person, or Unauthorized, which never says what was wrong.

    Only who knows the password learns that the organization is switched off (Forbidden).
    """
    with all_organizations("login looks an e-mail address up"):
        row = db.session.execute(
            select(
                User.organization_id,
                User.id,
                User.password_hash,
                User.is_active,
                Organization.is_active.label("organization_is_active"),
            )
            .join(Organization, Organization.id == User.organization_id)
            .where(func.lower(User.email) == email.strip().lower())
        ).first()
    matches = password_matches(row.password_hash if row else None, password[:200])
    if row is None or not matches or not row.is_active:
        raise Unauthorized(code="wrong_credentials")
    if not row.organization_is_active:
        raise Forbidden(code="organization_inactive")
    return row.organization_id, row.id


def start_session(
    organization_id: int, user_id: int, ip: str | None, user_agent: str | None
) -> tuple[str, Identity]:
    """A new session and its token; the token is kept only by the browser."""
    token = random_token()
    with acting_as(organization_id):
        session = UserSession(
            user_id=user_id, token_hash=hashed(token), ip=ip, user_agent=(user_agent or "")[:255]
        )
        db.session.add(session)
        audit.set_actor(audit.Actor(user_id, db.session.get_one(User, user_id).name, ip))
        audit.record("session.started", None, user_id=user_id)
        db.session.commit()
        identity = identify_session(organization_id, token)
    if identity is None:
        raise Unauthorized(code="wrong_credentials")
    return token, identity


def identify_session(organization_id: int, token: str) -> Identity | None:
    """Who holds this session, if it is alive. Expects to run inside that organization."""
    row = db.session.execute(
        select(
            UserSession.id,
            UserSession.acting_organization_id,
            *identity_columns(),
        )
        .join(User, User.id == UserSession.user_id)
        .join(Organization, Organization.id == User.organization_id)
        .where(
            UserSession.organization_id == organization_id,
            UserSession.token_hash == hashed(token),
            UserSession.revoked_at.is_(None),
            UserSession.created_at > now() - SESSION_LIFETIME,
            User.is_active,
            Organization.is_active,
        )
    ).first()
    if row is None:
        return None
    return identity_of(row, session_id=row.id, acting_id=row.acting_organization_id)


def touch_session(session_id: int) -> None:
    """Note that the session is in use, at most once in five minutes."""
    moment = now()
    db.session.execute(
        update(UserSession)
        .where(
            UserSession.id == session_id,
            UserSession.last_seen_at < moment - timedelta(minutes=5),
        )
        .values(last_seen_at=moment)
    )
    db.session.commit()


def end_session(session_id: int) -> None:
    db.session.execute(update(UserSession).where(UserSession.id == session_id).values(revoked_at=now()))
    db.session.commit()


def end_other_sessions(user_id: int, keep_session_id: int | None) -> None:
    """End the user's sessions but one; part of the caller's transaction."""
    statement = update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    if keep_session_id is not None:
        statement = statement.where(UserSession.id != keep_session_id)
    db.session.execute(statement.values(revoked_at=now()))
    publish(AccessChanged(current_organization_id(), user_id))
