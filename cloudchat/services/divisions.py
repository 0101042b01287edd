"""Divisions and their members, as an admin keeps them."""

from typing import Any

from sqlalchemy import func, select

from cloudchat.channels.payload import clean_text
from cloudchat.errors import Invalid, NotFound
from cloudchat.events import AccessChanged, AgentFree, QueueDue, publish, publish_once
from cloudchat.extensions import db
from cloudchat.models import Division, DivisionAgent, User
from cloudchat.services import audit
from cloudchat.services.queueing import choice, closing

MAX_NAME = 255
MAX_DESCRIPTION = 500
LARGEST_POSITION = 10_000
MAX_DIVISIONS = 100
MAX_KEYWORDS = 50
MAX_KEYWORD = 50
MAX_MINUTES = 1440
FLAGS = ("is_active", "show_wait_time", "auto_detect_keywords")


def get(division_id: int) -> Division:
    found = db.session.get(Division, division_id)
    if found is None:
        raise NotFound("division")
    return found


def all_divisions() -> list[Division]:
    """In the menu's order."""
    return list(db.session.scalars(select(Division).order_by(Division.position, Division.id)))


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
    """Create or change a division from the fields that are named.

    `members` are ids of users of the organization; those who are not named any more leave. A
    division that is switched off gives up its queue: to the division `move_to`, or those who wait
    are told and asked again.
    """
    is_new = division.id is None
    if is_new:
        _check_number()
    _apply(division, values)
    if is_new and division.position is None:
        division.position = db.session.scalar(select(func.coalesce(func.max(Division.position), -1))) + 1
    db.session.add(division)
    was_active = not is_new and _was_active(division)
    db.session.flush()
    if was_active and not division.is_active:
        closing.begin(division, values.get("move_to"))
    elif not was_active and division.is_active:
        closing.reopen(division)
        publish_once(QueueDue(division.organization_id, division.id))
    if "members" in values:
        _set_members(division, set(values["members"]))
    action = "division.created" if is_new else "division.changed"
    audit.record(action, division, name=division.name)
    db.session.commit()
    if division.closing_at is not None:
        closing.go_on(division.id)
    return division


def _was_active(division: Division) -> bool:
    with db.session.no_autoflush:
        return bool(db.session.scalar(select(Division.is_active).where(Division.id == division.id)))


def delete(division_id: int, move_to: int | None = None) -> bool:
    """Delete a division; its conversations stay, without a division, and nobody who waits is lost.

    First it closes, so that nobody can choose it any more, and its queue is emptied. Answers whether it
    is gone; a long queue is emptied after the commit, and then it goes.
    """
    division = get(division_id)
    if division.closing_deletes:
        return False
    audit.record("division.deleted", division, name=division.name)
    division.is_active = False
    closing.begin(division, move_to, deletes=True)
    db.session.commit()
    return closing.go_on(division_id)


def reorder(division_ids: list[int]) -> list[Division]:
    """Put these first, in this order; divisions that are not named follow in the order they had."""
    rows = {row.id: row for row in all_divisions()}
    if len(set(division_ids)) < len(division_ids):
        raise Invalid("divisions", fields={"ids": ["named_twice"]})
    if not set(division_ids) <= rows.keys():
        raise NotFound("division")
    order = [*division_ids, *(i for i in rows if i not in set(division_ids))]
    for position, division_id in enumerate(order):
        rows[division_id].position = position
    audit.record("divisions.reordered", None, ids=order)
    db.session.commit()
    return [rows[division_id] for division_id in order]


# --- members -----------------------------------------------------------------------------------


def add_members(division_id: int, user_ids: list[int]) -> Division:
    """Let these users serve the division as well."""
    division = get(division_id)
    present = {user.id for user in members_of([division.id])[division.id]}
    _set_members(division, present | set(user_ids), field="user_ids")
    audit.record("division.changed", division, name=division.name, added=sorted(set(user_ids) - present))
    db.session.commit()
    return division


def remove_member(division_id: int, user_id: int) -> None:
    """Who leaves keeps the conversations that are assigned; with the last one the queue is flagged."""
    division = get(division_id)
    present = {user.id for user in members_of([division.id])[division.id]}
    if user_id not in present:
        raise NotFound("member")
    _set_members(division, present - {user_id})
    audit.record("division.changed", division, name=division.name, removed=[user_id])
    db.session.commit()


def _set_members(division: Division, wanted: set[int], field: str = "members") -> None:
    known = set(db.session.scalars(select(User.id).where(User.id.in_(wanted), User.is_active)))
    links = {
        link.user_id: link
        for link in db.session.scalars(select(DivisionAgent).where(DivisionAgent.division_id == division.id))
    }
    if not wanted <= known | links.keys():
        raise Invalid("division", fields={field: ["unknown_agent"]})
    for user_id in links.keys() - wanted:
        db.session.delete(links[user_id])
    for user_id in wanted - links.keys():
        db.session.add(DivisionAgent(division_id=division.id, user_id=user_id))
    db.session.flush()
    for user_id in links.keys() ^ wanted:
        publish(AccessChanged(division.organization_id, user_id))
    for user_id in wanted - links.keys():
        publish_once(AgentFree(division.organization_id, user_id))
    if links and not wanted & known:  # who was shut out serves nobody
        closing.nobody_left(division)


# --- fields ------------------------------------------------------------------------------------


def _check_number() -> None:
    if db.session.scalar(select(func.count()).select_from(Division)) >= MAX_DIVISIONS:
        raise Invalid("division", fields={"name": ["too_many_divisions"]})


def _apply(division: Division, values: dict) -> None:
    clean, errors = _checked({name: values[name] for name in values if name != "members"})
    if division.id is None and "name" not in values:
        errors["name"] = ["required"]
    if errors:
        raise Invalid("division", fields=errors)
    for name, value in clean.items():
        setattr(division, name, value)


def _checked(values: dict) -> tuple[dict[str, Any], dict[str, list[str]]]:
    clean: dict[str, Any] = {name: bool(values[name]) for name in FLAGS if name in values}
    errors: dict[str, list[str]] = {}
    if "name" in values:
        clean["name"] = " ".join(clean_text(str(values["name"] or "")).replace("\ufffd", "").split())
        if not clean["name"] or len(clean["name"]) > MAX_NAME:
            errors["name"] = ["too_long" if clean["name"] else "required"]
    if "description" in values:
        description = clean_text(str(values["description"] or "")).strip()
        clean["description"] = description or None
        if len(description) > MAX_DESCRIPTION:
            errors["description"] = ["too_long"]
    if values.get("position") is not None:
        clean["position"] = values["position"]
        if not _is_whole(values["position"], 0, LARGEST_POSITION):
            errors["position"] = ["position_invalid"]
    if "avg_handling_time_minutes" in values:
        clean["avg_handling_time_minutes"] = values["avg_handling_time_minutes"]
        if not _is_whole(values["avg_handling_time_minutes"], 1, MAX_MINUTES):
            errors["avg_handling_time_minutes"] = ["handling_minutes_invalid"]
    if "keyword_triggers" in values:
        clean["keyword_triggers"] = keywords_of(values["keyword_triggers"])
        if len(clean["keyword_triggers"]) > MAX_KEYWORDS:
            errors["keyword_triggers"] = ["too_many_keywords"]
        elif any(len(word) > MAX_KEYWORD for word in clean["keyword_triggers"]):
            errors["keyword_triggers"] = ["keyword_too_long"]
    return clean, errors


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def keywords_of(given: list[str] | str | None) -> list[str]:
    """Keywords from a list, or from a text with commas between them; each once, as it was written."""
    parts = given.split(",") if isinstance(given, str) else given or []
    words = (" ".join(clean_text(str(part)).replace("\ufffd", "").split()) for part in parts)
    return list({choice.normal(word): word for word in words if choice.normal(word)}.values())
