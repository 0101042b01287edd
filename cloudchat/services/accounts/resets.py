"""A forgotten password: a link by mail, or from an admin; good once, for an hour."""

from datetime import timedelta

from sqlalchemy import delete, func, select, update

from cloudchat.errors import NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Organization, PasswordReset, User
from cloudchat.services import account_mails, audit
from cloudchat.services.accounts.passwords import check_chosen_password, hash_password
from cloudchat.services.accounts.sessions import end_other_sessions
from cloudchat.services.accounts.users import get_user
from cloudchat.services.secrets import hashed, random_token
from cloudchat.tenancy import acting_as, all_organizations, current_organization_id

LIFETIME = timedelta(hours=1)
MAILS_AN_HOUR = 3  # to one person: who asks for somebody else must not fill their mailbox
KEPT = timedelta(days=30)


def ask(email: str, ip: str | None) -> None:
    """Mail a link to whoever has this address. Says nothing of whether anybody has."""
    with all_organizations("a forgotten password is asked for by e-mail address"):
        found = db.session.execute(
            select(User.organization_id, User.id)
            .join(Organization, Organization.id == User.organization_id)
            .where(
                func.lower(User.email) == email.strip().lower(),
                User.is_active,
                Organization.is_active,
            )
        ).first()
    if found is None:
        return
    with acting_as(found.organization_id):
        user = db.session.get_one(User, found.id, with_for_update=True)  # one at a time counts
        if _made_lately(user.id) < MAILS_AN_HOUR:
            audit.set_actor(audit.Actor(None, "system", ip))
            account_mails.tell(user, "password_reset", f"/password/reset/{_made(user, None)}")
            audit.record("password.reset_asked", user)
            db.session.commit()


def _made_lately(user_id: int) -> int:
    statement = select(func.count(PasswordReset.id)).where(
        PasswordReset.user_id == user_id,
        PasswordReset.made_by.is_(None),
        PasswordReset.created_at > now() - timedelta(hours=1),
    )
    return db.session.scalar(statement)


def make_link(user_id: int, made_by: int | None) -> str:
    """A link for an admin to hand over, where no mail reaches the person."""
    user = get_user(user_id)
    link = account_mails.link_to(f"/password/reset/{_made(user, made_by)}")
    audit.record("password.reset_made", user)
    db.session.commit()
    return link


def _made(user: User, made_by: int | None) -> str:
    token = f"{current_organization_id()}.{random_token()}"
    db.session.add(
        PasswordReset(user_id=user.id, token_hash=hashed(token), made_by=made_by, expires_at=now() + LIFETIME)
    )
    return token


def find(token: str) -> PasswordReset:
    """A link that can still be used. Expects to run inside its organization; raises NotFound."""
    found = db.session.scalar(
        select(PasswordReset)
        .join(User, User.id == PasswordReset.user_id)
        .where(
            PasswordReset.token_hash == hashed(token),
            PasswordReset.used_at.is_(None),
            PasswordReset.expires_at > now(),
            User.is_active,
        )
        .with_for_update(of=PasswordReset)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("password reset")
    return found


def use(token: str, password: str, ip: str | None) -> str:
    """Set the new password, end every session and every other link; answers the e-mail address."""
    link = find(token)
    user = get_user(link.user_id)
    check_chosen_password(password, user.email)
    user.password_hash = hash_password(password)
    db.session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
        .values(used_at=now())
    )
    end_other_sessions(user.id, None)
    audit.set_actor(audit.Actor(user.id, user.name, ip))
    audit.record("user.password_reset", user)
    account_mails.tell(user, "password_changed")
    db.session.commit()
    return user.email


def drop_old() -> None:
    """Forget links of the present organization that ended long ago."""
    db.session.execute(
        delete(PasswordReset)
        .where(PasswordReset.created_at < now() - KEPT)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
