"""Joining an organization by a link."""

from datetime import timedelta

from sqlalchemy import delete, func, select

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Invitation, User
from cloudchat.services import account_mails, audit, login_rules
from cloudchat.services.accounts.passwords import check_chosen_password
from cloudchat.services.accounts.users import add_user, check_email, check_role
from cloudchat.services.secrets import hashed, random_token
from cloudchat.tenancy import current_organization_id

INVITATION_LIFETIME = timedelta(days=7)


def invite(email: str, name: str, role: str, invited_by: int | None) -> str:
    """Invite somebody, by mail where there is a server for it; answers the link's token, which is shown
    once and kept as a hash. An older invitation of the same address is worth nothing from now on."""
    email = check_email(email)
    check_role(role)
    _check_address(email)
    db.session.execute(
        delete(Invitation).where(func.lower(Invitation.email) == email, Invitation.accepted_at.is_(None))
    )
    invitation = Invitation(
        email=email, name=name.strip() or email.split("@")[0], role=role, invited_by=invited_by
    )
    token = _fresh_link(invitation)
    db.session.add(invitation)
    db.session.flush()
    audit.record("user.invited", invitation, email=email, role=role)
    account_mails.invite(invitation, token)
    db.session.commit()
    return token


def _check_address(email: str) -> None:
    if not login_rules.current().allows_email(email):
        raise Invalid("email_domain", fields={"email": ["email_domain"]})
    if db.session.scalar(select(User.id).where(func.lower(User.email) == email)):
        raise Conflict("email_taken", code="email_taken", fields={"email": ["email_taken"]})


def _fresh_link(invitation: Invitation) -> str:
    token = f"{current_organization_id()}.{random_token()}"
    invitation.token_hash, invitation.expires_at = hashed(token), now() + INVITATION_LIFETIME
    return token


def resend(invitation_id: int) -> str:
    """A new link in place of one that was lost or has expired; answers its token."""
    invitation = db.session.get(Invitation, invitation_id, with_for_update=True)
    if invitation is None or invitation.accepted_at is not None:
        raise NotFound("invitation")
    _check_address(invitation.email)
    token = _fresh_link(invitation)
    audit.record("invitation.resent", invitation, email=invitation.email)
    account_mails.invite(invitation, token)
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
