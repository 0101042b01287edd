"""Whether people who were let in may still be here: asked again while their sockets are open."""

from collections.abc import Iterable

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import ApiToken, DivisionAgent, Organization, User, UserSession
from cloudchat.services.accounts import Identity, session_is_alive, token_is_alive


def lost(identities: Iterable[Identity]) -> set[Identity]:
    """Those whose session or token ended, who were shut out, or whose role or place is another now.

    Expects to run inside the organization that they belong to.
    """
    asked = set(identities)
    users = _users({identity.user_id for identity in asked})
    sessions = _sessions({i.session_id for i in asked if i.session_id is not None})
    tokens = _tokens({i.token_id for i in asked if i.token_id is not None})
    return {one for one in asked if not _is_same(one, users, sessions, tokens)}


def _is_same(identity: Identity, users: dict, sessions: dict, tokens: set[int]) -> bool:
    user = users.get(identity.user_id)
    if user is None or (identity.token_id is not None and identity.token_id not in tokens):
        return False
    place = identity.home_organization_id
    if identity.session_id is not None:
        if identity.session_id not in sessions:
            return False
        place = (sessions[identity.session_id] if user.is_operator else None) or place
    role_is_same = identity.acting or user.role == identity.role
    doors_are_same = tuple(user.networks) == identity.networks  # else the door looks at the address anew
    return place == identity.organization_id and role_is_same and doors_are_same


def _users(ids: set[int]) -> dict:
    rows = db.session.execute(
        select(User.id, User.role, User.is_operator, Organization.networks)
        .join(Organization, Organization.id == User.organization_id)
        .where(User.id.in_(ids), User.is_active, Organization.is_active)
    )
    return {row.id: row for row in rows}


def _sessions(ids: set[int]) -> dict[int, int | None]:
    """The living ones, with the organization in which an operator acts."""
    rows = db.session.execute(
        select(UserSession.id, UserSession.acting_organization_id).where(
            UserSession.id.in_(ids), session_is_alive()
        )
    )
    return {row.id: row.acting_organization_id for row in rows}


def _tokens(ids: set[int]) -> set[int]:
    statement = select(ApiToken.id).where(ApiToken.id.in_(ids), token_is_alive())
    return set(db.session.scalars(statement)) if ids else set()


def divisions(user_ids: Iterable[int]) -> dict[int, list[int]]:
    """The divisions that each of these users serves now."""
    found: dict[int, list[int]] = {user_id: [] for user_id in user_ids}
    rows = db.session.execute(
        select(DivisionAgent.user_id, DivisionAgent.division_id).where(
            DivisionAgent.user_id.in_(found), DivisionAgent.is_active
        )
    )
    for user_id, division_id in rows:
        found[user_id].append(division_id)
    return found
