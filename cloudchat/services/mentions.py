"""`@name` in a private note: whom it can name, and whom it names."""

import re

from sqlalchemy import or_, select

from cloudchat.extensions import db
from cloudchat.models import Conversation, DivisionAgent, User

MOST_OFFERED = 8


def people(row: Conversation) -> list[User]:
    """Everybody who may see the conversation, by name; the others could not read the note."""
    statement = select(User).where(User.is_active)
    if row.assignee_id is not None or row.division_id is not None:
        members = select(DivisionAgent.user_id).where(
            DivisionAgent.division_id == row.division_id, DivisionAgent.is_active
        )
        statement = statement.where(
            or_(User.role.in_(("manager", "admin")), User.id == row.assignee_id, User.id.in_(members))
        )
    return list(db.session.scalars(statement.order_by(User.name, User.id)))


def offered(row: Conversation, letters: str, but: int | None = None) -> list[User]:
    """Those with a word of their name that begins like this."""
    wanted = letters.casefold()
    found = [user for user in people(row) if user.id != but and _begins(user.name, wanted)]
    return found[:MOST_OFFERED]


def _begins(name: str, letters: str) -> bool:
    words = name.casefold()
    return words.startswith(letters) or any(word.startswith(letters) for word in words.split())


def named(row: Conversation, text: str) -> list[int]:
    """The ids of those whom the text mentions. Of names that begin alike the longest counts."""
    if "@" not in text:
        return []
    by_name: dict[str, list[int]] = {}
    for user in people(row):
        by_name.setdefault(user.name.casefold(), []).append(user.id)
    names = sorted(by_name, key=len, reverse=True)
    if not names:
        return []
    pattern = r"(?<!\w)@(" + "|".join(map(re.escape, names)) + r")(?!\w)"
    found = dict.fromkeys(re.findall(pattern, text.casefold()))
    return [user_id for name in found for user_id in by_name[name]]
