"""API tokens: shown once, kept as a hash."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update

from cloudchat.errors import Invalid, NotFound
from cloudchat.events import AccessChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import ApiToken, Organization, User
from cloudchat.models.users import SCOPES
from cloudchat.services import audit
from cloudchat.services.accounts.identity import Identity, identity_columns, identity_of
from cloudchat.services.accounts.users import get_user
from cloudchat.services.secrets import hashed, random_token


def create_api_token(
    user_id: int, name: str, scopes: Iterable[str] | None = None, expires_at: datetime | None = None
) -> str:
    """A new API token, shown this once. It names its organization, so no look-up crosses tenants.
    Without `scopes` it may do all that its holder may; part of the caller's transaction."""
    user = get_user(user_id)
    chosen = None if scopes is None else sorted(set(scopes), key=_place)
    if chosen == []:
        raise Invalid("scopes", fields={"scopes": ["scopes_none"]})
    secret = random_token()
    token = f"cc_{user.organization_id}_{secret}"
    row = ApiToken(
        user_id=user.id,
        name=name[:100],
        prefix=token[:12],
        token_hash=hashed(token),
        scopes=chosen,
        expires_at=expires_at,
    )
    db.session.add(row)
    said = {"scopes": chosen} if chosen else {}
    audit.record("api_token.created", user, name=name, **said)
    return token


def _place(scope: str) -> int:
    if scope not in SCOPES:
        raise Invalid("scopes", fields={"scopes": ["unknown"]})
    return SCOPES.index(scope)


def rename_api_token(token_id: int, name: str) -> None:
    token = db.session.get(ApiToken, token_id)
    if token is None or token.revoked_at is not None:
        raise NotFound("api token")
    name = name.strip()
    if not name or len(name) > 100:
        raise Invalid("name", fields={"name": ["required"]})
    if name != token.name:
        audit.record("api_token.renamed", token, before=token.name, after=name)
        token.name = name
    db.session.commit()


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
