"""Who makes a request."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from cloudchat.errors import Forbidden
from cloudchat.extensions import db
from cloudchat.models import ApiToken, Organization, User, UserSession
from cloudchat.models.users import ROLES
from cloudchat.tenancy import acting_as, all_organizations

ANY_SCOPE = "any"  # what every API token may


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
    must_enrol: bool = False  # logged in to set a second factor up, and for nothing else
    scopes: frozenset[str] | None = None  # of an API token; None: all that the role may
    networks: tuple[str, ...] = ()  # from where the organization lets its people come

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

    def has_scope(self, scope: str | None) -> bool:
        """Does the API token, if it is one, reach so far? What names no scope is for none that has limits."""
        return self.scopes is None or scope == ANY_SCOPE or scope in self.scopes


def identity_columns() -> tuple:
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
        Organization.networks,
    )


def identity_of(
    row,
    session_id: int | None = None,
    acting_id: int | None = None,
    token_id: int | None = None,
    must_enrol: bool = False,
    scopes: Iterable[str] | None = None,
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
        must_enrol=must_enrol,
        scopes=None if scopes is None else frozenset(scopes),
        networks=tuple(row.networks),
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


def check_still(identity: Identity, role: str) -> None:
    """For what goes on after its request: is the caller still there, with this role and the same session or
    token? Raises Forbidden."""
    with acting_as(identity.home_organization_id):
        user = db.session.get(User, identity.user_id, populate_existing=True)
        allowed = user is not None and user.is_active and ROLES.index(user.role) >= ROLES.index(role)
        for model, row_id in ((UserSession, identity.session_id), (ApiToken, identity.token_id)):
            if row_id is not None:
                row = db.session.get(model, row_id, populate_existing=True)
                allowed = allowed and row is not None and row.revoked_at is None
        db.session.rollback()
    if not allowed:
        raise Forbidden()
