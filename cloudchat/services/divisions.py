"""Divisions and their members, as an admin keeps them."""

from sqlalchemy import select

from cloudchat.errors import Invalid, NotFound
from cloudchat.events import AccessChanged, publish
from cloudchat.extensions import db
from cloudchat.models import Division, DivisionAgent, User
from cloudchat.services import audit

MAX_DESCRIPTION = 500
LARGEST_POSITION = 10_000


def get(division_id: int) -> Division:
    found = db.session.get(Division, division_id)
    if found is None:
        raise NotFound("division")
    return found


def members_of(division_ids: list[int]) -> dict[int, list[User]]:
    """The members per division by name, in one query."""
    found: dict[int, list[User]] = {division_id: [] for division_id in division_ids}
    rows = db.session.execute(
        select(DivisionAgent.division_id, User)
        .join(User, User.id == DivisionAgent.user_id)
        .where(DivisionAgent.division_id.in_(division_ids), DivisionAgent.is_active)
        .order_by(User.name, User.id)
    )
    for division_id, user in rows:
        found[division_id].append(user)
    return found


def save(division: Division, values: dict) -> Division:
    """Create or change a division from `{name, description, is_active, position, members}`.

    `members` are ids of users of the organization; those who are not named any more leave.
    """
    _apply(division, values)
    is_new = division.id is None
    db.session.add(division)
    db.session.flush()
    if "members" in values:
        _set_members(division, set(values["members"]))
    action = "division.created" if is_new else "division.changed"
    audit.record(action, division, name=division.name)
    db.session.commit()
    return division


def delete(division_id: int) -> None:
    """Delete a division; its conversations stay, without a division."""
    division = get(division_id)
    audit.record("division.deleted", division, name=division.name)
    for user in members_of([division.id])[division.id]:
        publish(AccessChanged(division.organization_id, user.id))
    db.session.delete(division)
    db.session.commit()


def _apply(division: Division, values: dict) -> None:
    name = str(values.get("name", division.name) or "").strip()
    description = str(values.get("description", division.description) or "").strip()
    position = values.get("position", division.position)
    position = 0 if position is None else position
    errors = {}
    if not name or len(name) > 255:
        errors["name"] = ["required"]
    if len(description) > MAX_DESCRIPTION:
        errors["description"] = ["too_long"]
    if not isinstance(position, int) or not 0 <= position <= LARGEST_POSITION:
        errors["position"] = ["position_invalid"]
    if errors:
        raise Invalid("division", fields=errors)
    division.name, division.description, division.position = name, description or None, position
    if "is_active" in values:
        division.is_active = bool(values["is_active"])


def _set_members(division: Division, wanted: set[int]) -> None:
    known = set(db.session.scalars(select(User.id).where(User.id.in_(wanted))))
    if known != wanted:
        raise Invalid("division", fields={"members": ["unknown_agent"]})
    links = {
        link.user_id: link
        for link in db.session.scalars(select(DivisionAgent).where(DivisionAgent.division_id == division.id))
    }
    for user_id in links.keys() - wanted:
        db.session.delete(links[user_id])
    for user_id in wanted - links.keys():
        db.session.add(DivisionAgent(division_id=division.id, user_id=user_id))
    for user_id in links.keys() ^ wanted:
        publish(AccessChanged(division.organization_id, user_id))
