"""Joining an organization by a link."""

from datetime import timedelta

from sqlalchemy import func, select

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Invitation, User
from cloudchat.services import audit, login_rules
from cloudchat.services.accounts.passwords import check_chosen_password
from cloudchat.services.accounts.users import add_user, check_email, check_role
from cloudchat.services.secrets import hashed, random_token
from cloudchat.tenancy import current_organization_id

INVITATION_LIFETIME = timedelta(days=7)


def invite(email: str, name: str, role: str, invited_by: int | None) -> str:
    """Invite somebody; answers the link's token, which is shown once and kept as a hash."""
    email = check_email(email)
    check_role(role)
    if not login_rules.current().allows_email(email):
        raise Invalid("email_domain", fields={"email": ["email_domain"]})
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


def accept_invitation(token: str, name: str, password: str, ip: str | None = None) -> int:
    """Join the organization, as the audit log says by oneself; answers the new user's id."""
    invitation = find_invitation(token)
    check_chosen_password(password, invitation.email)
    user = add_user(invitation.email, name or invitation.name, invitation.role, password)
    audit.set_actor(audit.Actor(user.id, user.name, ip))
    audit.record("invitation.accepted", user, email=user.email, role=user.role)
    invitation.accepted_at = now()
    db.session.commit()
    return user.id
