"""API tokens: shown once, kept as a hash."""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update

from cloudchat.errors import NotFound
from cloudchat.events import AccessChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import ApiToken, Organization, User
from cloudchat.services import audit
from cloudchat.services.accounts.identity import Identity, identity_columns, identity_of
from cloudchat.services.accounts.users import get_user
from cloudchat.services.secrets import hashed, random_token


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


def is_alive() -> ColumnElement[bool]:
    """Whether a token still lets somebody in; for statements over ApiToken."""
    return and_(
        ApiToken.revoked_at.is_(None), or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now())
    )


def token_organization(token: str) -> int | None:
    """The organization that an API token names, before it is checked."""
    parts = token.split("_", 2)
    if not token.isascii() or len(parts) != 3 or parts[0] != "cc" or not parts[1].isdigit():
        return None
    number = int(parts[1]) if len(parts[1]) < 10 else 0
    return number or None


def is_of_inactive_organization(token: str) -> bool:
    """Whether a token that lets nobody in would, were its organization switched on."""
    return bool(
        db.session.scalar(
            select(ApiToken.id)
            .join(User, User.id == ApiToken.user_id)
            .join(Organization, Organization.id == User.organization_id)
            .where(
                ApiToken.token_hash == hashed(token),
                is_alive(),
                User.is_active,
                Organization.is_active.is_(False),
            )
        )
    )


def identify_token(token: str, ip: str | None = None) -> Identity | None:
    """Who holds this API token. Expects to run inside the organization that the token names."""
    row = db.session.execute(
        select(ApiToken.id, ApiToken.last_used_at, ApiToken.scopes, *identity_columns())
        .join(User, User.id == ApiToken.user_id)
        .join(Organization, Organization.id == User.organization_id)
        .where(
            ApiToken.token_hash == hashed(token),
            is_alive(),
            User.is_active,
            Organization.is_active,
        )
    ).first()
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at < now() - timedelta(minutes=1):
        used = {"last_used_at": now(), "last_used_ip": ip}
        db.session.execute(update(ApiToken).where(ApiToken.id == row.id).values(used))
        db.session.commit()
    return identity_of(row, token_id=row.id, scopes=row.scopes)
