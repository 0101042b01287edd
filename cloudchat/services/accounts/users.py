"""The people of an organization and what they may do."""

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import AccessChanged, AgentLeft, ChoicesChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import ApiToken, User
from cloudchat.models.users import ROLES
from cloudchat.services import audit
from cloudchat.services.accounts.passwords import (
    check_chosen_password,
    check_new_password,
    hash_password,
    password_matches,
)
from cloudchat.services.accounts.sessions import end_other_sessions
from cloudchat.tenancy import current_organization_id


def get_user(user_id: int) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("user")
    return user


def find_by_email(email: str) -> int:
    """The user of the present organization with this address. Raises NotFound."""
    found = db.session.scalar(select(User.id).where(func.lower(User.email) == email.strip().lower()))
    if found is None:
        raise NotFound("user")
    return found


def create_user(email: str, name: str, role: str, password: str | None, is_operator: bool = False) -> User:
    """A user of the present organization. Raises Invalid, Conflict."""
    user = add_user(email, name, role, password, is_operator)
    audit.record("user.created", user, email=user.email, role=role)
    return user


def add_user(email: str, name: str, role: str, password: str | None, is_operator: bool = False) -> User:
    """The same, for the caller to record who did it."""
    email = check_email(email)
    check_role(role)
    if password is not None:
        check_new_password(password)
    user = User(
        organization_id=current_organization_id(),
        email=email,
        name=name.strip() or email.split("@")[0],
        role=role,
        password_hash=hash_password(password) if password is not None else None,
        is_operator=is_operator,
    )
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:  # the address belongs to one user of the whole installation
        raise Conflict("email_taken", code="email_taken", fields={"email": ["email_taken"]}) from None
    publish(ChoicesChanged(user.organization_id))
    return user


def set_locale(user_id: int, locale: str) -> None:
    get_user(user_id).locale = locale
    db.session.commit()


def check_email(email: str) -> str:
    # Here, because every process has this module and few ever get an address to check
    from email_validator import EmailNotValidError, validate_email

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
    """Shut a user out at once: sessions and tokens end; what they had open goes back to the others."""
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
    publish(ChoicesChanged(user.organization_id))
    publish(AgentLeft(user.organization_id, user.id))
    db.session.commit()


def reactivate(user_id: int) -> None:
    user = get_user(user_id)
    user.is_active = True
    audit.record("user.reactivated", user)
    publish(ChoicesChanged(user.organization_id))
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


def change_password(user_id: int, old: str, new: str, keep_session_id: int | None) -> None:
    """Set a new password and end every other session of the user."""
    user = get_user(user_id)
    if not password_matches(user.password_hash, old[:200]):
        raise Invalid("wrong_password", fields={"old_password": ["wrong_password"]})
    check_chosen_password(new, user.email)
    user.password_hash = hash_password(new)
    end_other_sessions(user_id, keep_session_id)
    audit.record("user.password_changed", user)
    db.session.commit()
