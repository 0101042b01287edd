"""A person's logged-in browsers."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, Interval, and_, exists, func, literal_column, or_, select, update

from cloudchat.errors import Forbidden, Unauthorized
from cloudchat.events import AccessChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Organization, SecondFactor, User, UserSession
from cloudchat.services import audit, login_rules
from cloudchat.services.accounts.identity import Identity, identity_columns, identity_of
from cloudchat.services.accounts.passwords import password_matches
from cloudchat.services.secrets import hashed, random_token
from cloudchat.tenancy import acting_as, all_organizations, current_organization_id

SESSION_LIFETIME = timedelta(days=30)  # of the cookie: no organization's rule lets it last longer
SEEN_EVERY = timedelta(minutes=1)
HOUR = literal_column("interval '1 hour'", Interval)
MINUTE = literal_column("interval '1 minute'", Interval)


def is_alive() -> ColumnElement[bool]:
    """Whether a session still lets somebody in, by its organization's rules; for statements over
    UserSession."""
    moment, rules = now(), Organization
    return and_(
        UserSession.revoked_at.is_(None),
        exists()
        .where(
            rules.id == UserSession.organization_id,
            UserSession.created_at + rules.session_hours * HOUR > moment,
            or_(
                rules.idle_minutes.is_(None),
                UserSession.last_seen_at + rules.idle_minutes * MINUTE > moment,
            ),
        )
        .correlate(UserSession),
    )


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
    organization_id: int,
    user_id: int,
    ip: str | None,
    user_agent: str | None,
    confirmed_by: str | None = None,
) -> tuple[str, Identity]:
    """A new session and its token; the token is kept only by the browser. `confirmed_by` says which
    second factor was shown; without any, the organization's rule may want one set up first."""
    token = random_token()
    with acting_as(organization_id):
        user = db.session.get_one(User, user_id)
        session = UserSession(
            user_id=user_id,
            token_hash=hashed(token),
            ip=ip,
            user_agent=(user_agent or "")[:255],
            must_enrol=confirmed_by is None and _must_enrol(user),
        )
        db.session.add(session)
        audit.set_actor(audit.Actor(user_id, user.name, ip))
        confirmed = {"confirmed_by": confirmed_by} if confirmed_by else {}
        audit.record("session.started", None, user_id=user_id, **confirmed)
        db.session.commit()
        identity = identify_session(organization_id, token)
    if identity is None:
        raise Unauthorized(code="wrong_credentials")
    return token, identity


def _must_enrol(user: User) -> bool:
    """Does the organization want a second factor of somebody who has none?"""
    if not login_rules.current().needs_second_factor(user.role):
        return False
    has_one = select(SecondFactor.id).where(
        SecondFactor.user_id == user.id, SecondFactor.confirmed_at.is_not(None)
    )
    return db.session.scalar(has_one) is None


def identify_session(organization_id: int, token: str, in_use: bool = False) -> Identity | None:
    """Who holds this session, if it is alive. Expects to run inside that organization. `in_use`: a
    person is at work with it, which is noted at most once a minute."""
    row = db.session.execute(
        select(
            UserSession.id,
            UserSession.acting_organization_id,
            UserSession.must_enrol,
            UserSession.last_seen_at,
            *identity_columns(),
        )
        .join(User, User.id == UserSession.user_id)
        .join(Organization, Organization.id == User.organization_id)
        .where(
            UserSession.organization_id == organization_id,
            UserSession.token_hash == hashed(token),
            is_alive(),
            User.is_active,
            Organization.is_active,
        )
    ).first()
    if row is None:
        return None
    if in_use and row.last_seen_at < now() - SEEN_EVERY:
        touch_sessions([row.id])
    return identity_of(
        row, session_id=row.id, acting_id=row.acting_organization_id, must_enrol=row.must_enrol
    )


def touch_sessions(session_ids: Iterable[int]) -> None:
    """Note that sessions are in use, each at most once a minute. One that has ended stays as it is."""
    moment = now()
    db.session.execute(
        update(UserSession)
        .where(
            UserSession.id.in_(session_ids),
            UserSession.last_seen_at < moment - SEEN_EVERY,
            UserSession.revoked_at.is_(None),
        )
        .values(last_seen_at=moment)
        .execution_options(synchronize_session=False)
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
