"""Users, their passwords, sessions, API tokens and invitations."""

from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from cloudchat.errors import Conflict, Invalid, NotFound, Unauthorized
from cloudchat.events import AccessChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import ApiToken, Invitation, Organization, User, UserSession
from cloudchat.models.users import ROLES
from cloudchat.services import audit
from cloudchat.services.secrets import hashed, random_token
from cloudchat.tenancy import acting_as, all_organizations, current_organization_id

SESSION_LIFETIME = timedelta(days=30)
INVITATION_LIFETIME = timedelta(days=7)
MINIMUM_PASSWORD = 10

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Checked when there is no such user, so that a wrong address takes as long as a wrong password.
_NOBODY = _hasher.hash("nobody has this password")


@dataclass(frozen=True)
class OrganizationFacts:
    """What pages say of the organization that somebody works in."""

    id: int
    name: str
    timezone: str


@dataclass(frozen=True)
class Identity:
    """Who makes a request, as plain values that outlive the database session."""

    user_id: int
    organization_id: int
    role: str
    name: str
    email: str
    locale: str
    timezone: str
    organization_name: str
    availability: str = "offline"
    session_id: int | None = None
    token_id: int | None = None
    is_operator: bool = False
    home_organization_id: int = 0

    @property
    def id(self) -> int:
        return self.user_id

    @property
    def organization(self) -> "OrganizationFacts":
        return OrganizationFacts(self.organization_id, self.organization_name, self.timezone)

    @property
    def acting(self) -> bool:
        """Is this an operator inside somebody else's organization?"""
        return self.organization_id != self.home_organization_id

    @property
    def sees_everything(self) -> bool:
        return self.role in ("manager", "admin")

    @property
    def author_id(self) -> int | None:
        """The user to name as author in this organization; an acting operator is not one of it."""
        return None if self.acting else self.user_id

    def may(self, role: str) -> bool:
        if role == "operator":
            return self.is_operator
        return ROLES.index(self.role) >= ROLES.index(role)


# --- passwords and login -----------------------------------------------------------------------


def check_new_password(password: str) -> None:
    if len(password) < MINIMUM_PASSWORD:
        raise Invalid("password_short", fields={"password": ["password_short"]})
    if len(password) > 200:
        raise Invalid("password_long", fields={"password": ["password_long"]})


def verify_login(email: str, password: str) -> tuple[int, int]:
    """(organization id, user id) of the person, or Unauthorized, which never says what was wrong."""
    with all_organizations("login looks an e-mail address up"):
        row = db.session.execute(
            select(User.organization_id, User.id, User.password_hash, User.is_active)
            .join(Organization, Organization.id == User.organization_id)
            .where(func.lower(User.email) == email.strip().lower(), Organization.is_active)
        ).first()
    matches = _password_matches(row.password_hash if row else None, password[:200])
    if row is None or not matches or not row.is_active:
        raise Unauthorized(code="wrong_credentials")
    return row.organization_id, row.id


def _password_matches(kept: str | None, given: str) -> bool:
    try:
        return _hasher.verify(kept or _NOBODY, given) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


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
        audit.set_actor(audit.Actor(user_id, get_user(user_id).name, ip))
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
            *_identity_columns(),
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
    return _identity(row, session_id=row.id, acting_id=row.acting_organization_id)


def _identity_columns() -> tuple:
    return (
        User.id.label("user_id"),
        User.organization_id,
        User.role,
        User.name,
        User.email,
        User.availability,
        User.is_operator,
        func.coalesce(User.locale, Organization.locale).label("locale"),
        Organization.timezone,
        Organization.name.label("organization_name"),
    )


def _identity(
    row,
    session_id: int | None = None,
    acting_id: int | None = None,
    token_id: int | None = None,
) -> Identity:
    plain = Identity(
        user_id=row.user_id,
        organization_id=row.organization_id,
        role=row.role,
        name=row.name,
        email=row.email,
        locale=row.locale,
        timezone=row.timezone,
        organization_name=row.organization_name,
        availability=row.availability,
        session_id=session_id,
        token_id=token_id,
        is_operator=row.is_operator,
        home_organization_id=row.organization_id,
    )
    if acting_id and row.is_operator:
        return _acting_identity(plain, acting_id)
    return plain


def _acting_identity(home: Identity, organization_id: int) -> Identity:
    with all_organizations("an operator acts as an organization"):
        found = db.session.execute(
            select(Organization.name, Organization.timezone).where(Organization.id == organization_id)
        ).first()
    if found is None:
        return home
    return Identity(
        **{
            **home.__dict__,
            "organization_id": organization_id,
            "organization_name": found.name,
            "timezone": found.timezone,
            "role": "admin",
        }
    )


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


def change_password(user_id: int, old: str, new: str, keep_session_id: int | None) -> None:
    """Set a new password and end every other session of the user."""
    user = get_user(user_id)
    if not _password_matches(user.password_hash, old[:200]):
        raise Invalid("wrong_password", fields={"old_password": ["wrong_password"]})
    check_new_password(new)
    user.password_hash = _hasher.hash(new)
    end_other_sessions(user_id, keep_session_id)
    audit.record("user.password_changed", user)
    db.session.commit()


# --- users -------------------------------------------------------------------------------------


def get_user(user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("user")
    return user


def create_user(email: str, name: str, role: str, password: str | None, is_operator: bool = False) -> User:
    """A user of the present organization. Raises Invalid, Conflict."""
    email = check_email(email)
    check_role(role)
    if password is not None:
        check_new_password(password)
    user = User(
        organization_id=current_organization_id(),
        email=email,
        name=name.strip() or email.split("@")[0],
        role=role,
        password_hash=_hasher.hash(password) if password is not None else None,
        is_operator=is_operator,
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:  # the address belongs to one user of the whole installation
        raise Conflict("email_taken", code="email_taken", fields={"email": ["email_taken"]}) from None
    audit.record("user.created", user, email=email, role=role)
    return user


def set_locale(user_id: int, locale: str) -> None:
    get_user(user_id).locale = locale
    db.session.commit()


def agents() -> list[dict]:
    """Everybody of the organization to whom a conversation can be given, by name."""
    rows = db.session.scalars(select(User).where(User.is_active).order_by(User.name, User.id))
    return [
        {
            "id": user.id,
            "name": user.name,
            "role": user.role,
            "availability": user.availability,
            "capacity": user.capacity,
        }
        for user in rows
    ]


def check_email(email: str) -> str:
    try:
        checked = validate_email(
            email.strip(), check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError:
        raise Invalid("email", fields={"email": ["email_invalid"]}) from None
    if len(checked) > 255:
        raise Invalid("email", fields={"email": ["email_invalid"]})
    return checked


def check_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid("role", fields={"role": ["role_unknown"]})


def set_role(user_id: int, role: str) -> None:
    """Give another role; the user's open sockets are looked at again."""
    check_role(role)
    user = get_user(user_id)
    if user.role == role:
        return
    _keep_one_admin(user)
    audit.record("user.role_changed", user, before=user.role, after=role)
    user.role = role
    publish(AccessChanged(user.organization_id, user.id))
    db.session.commit()


def deactivate(user_id: int) -> None:
    """Shut a user out at once: sessions and tokens end."""
    user = get_user(user_id)
    _keep_one_admin(user)
    user.is_active = False
    user.availability = "offline"
    db.session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    end_other_sessions(user_id, None)
    audit.record("user.deactivated", user)
    db.session.commit()


def reactivate(user_id: int) -> None:
    user = get_user(user_id)
    user.is_active = True
    audit.record("user.reactivated", user)
    db.session.commit()


def _keep_one_admin(user: User) -> None:
    others = db.session.scalars(
        select(User.id)
        .where(User.role == "admin", User.is_active, User.id != user.id)
        .with_for_update()
        .limit(1)
    ).first()
    if user.role == "admin" and others is None:
        raise Conflict("last_admin", code="last_admin")


# --- API tokens --------------------------------------------------------------------------------


def create_api_token(user_id: int, name: str) -> str:
    """A new API token, shown this once. It names its organization, so no look-up crosses tenants."""
    user = get_user(user_id)
    secret = random_token()
    token = f"cc_{user.organization_id}_{secret}"
    db.session.add(ApiToken(user_id=user.id, name=name[:100], prefix=token[:12], token_hash=hashed(token)))
    audit.record("api_token.created", user, name=name)
    return token


def revoke_api_token(token_id: int) -> None:
    token = db.session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("api token")
    token.revoked_at = now()
    audit.record("api_token.revoked", token, name=token.name)
    publish(AccessChanged(token.organization_id, token.user_id))
    db.session.commit()


def token_organization(token: str) -> int | None:
    """The organization that an API token names, before it is checked."""
    parts = token.split("_", 2)
    if not token.isascii() or len(parts) != 3 or parts[0] != "cc" or not parts[1].isdigit():
        return None
    number = int(parts[1]) if len(parts[1]) < 10 else 0
    return number or None


def identify_token(token: str) -> Identity | None:
    """Who holds this API token. Expects to run inside the organization that the token names."""
    row = db.session.execute(
        select(ApiToken.id, ApiToken.last_used_at, *_identity_columns())
        .join(User, User.id == ApiToken.user_id)
        .join(Organization, Organization.id == User.organization_id)
        .where(
            ApiToken.token_hash == hashed(token),
            ApiToken.revoked_at.is_(None),
            User.is_active,
            Organization.is_active,
        )
    ).first()
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at < now() - timedelta(minutes=1):
        db.session.execute(update(ApiToken).where(ApiToken.id == row.id).values(last_used_at=now()))
        db.session.commit()
    return _identity(row, token_id=row.id)


# --- invitations -------------------------------------------------------------------------------


def invite(email: str, name: str, role: str, invited_by: int | None) -> str:
    """Invite somebody; answers the link's token, which is shown once and kept as a hash."""
    email = check_email(email)
    check_role(role)
    if db.session.scalar(select(User.id).where(func.lower(User.email) == email)):
        raise Conflict("email_taken", code="email_taken", fields={"email": ["email_taken"]})
    secret = random_token()
    token = f"{current_organization_id()}.{secret}"
    invitation = Invitation(
        email=email,
        name=name.strip() or email.split("@")[0],
        role=role,
        token_hash=hashed(token),
        invited_by=invited_by,
        expires_at=now() + INVITATION_LIFETIME,
    )
    db.session.add(invitation)
    db.session.flush()
    audit.record("user.invited", invitation, email=email, role=role)
    db.session.commit()
    return token


def invitation_organization(token: str) -> int:
    head = token.split(".", 1)[0]
    if not head.isascii() or not head.isdigit() or len(head) > 9:
        raise NotFound("invitation")
    return int(head)


def find_invitation(token: str) -> Invitation:
    """An open invitation. Expects to run inside its organization."""
    found = db.session.scalar(
        select(Invitation)
        .where(
            Invitation.token_hash == hashed(token),
            Invitation.accepted_at.is_(None),
            Invitation.expires_at > now(),
        )
        .with_for_update()
    )
    if found is None:
        raise NotFound("invitation")
    return found


def accept_invitation(token: str, name: str, password: str) -> int:
    """Join the organization; answers the new user's id."""
    invitation = find_invitation(token)
    user = create_user(invitation.email, name or invitation.name, invitation.role, password)
    invitation.accepted_at = now()
    db.session.commit()
    return user.id
