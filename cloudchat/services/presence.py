"""Whether agents are there: what they set, and whether a socket or a call of theirs was seen."""

from datetime import timedelta

from sqlalchemy import update

from cloudchat.errors import Invalid
from cloudchat.events import AgentPresence, publish
from cloudchat.extensions import db, now
from cloudchat.models import User
from cloudchat.models.users import AVAILABILITIES
from cloudchat.services.accounts import get_user

CONNECTED_FOR = timedelta(seconds=60)


def is_connected(user: User) -> bool:
    return user.last_seen_at is not None and user.last_seen_at > now() - CONNECTED_FOR


def seen(user_id: int) -> None:
    """Note a sign of life; tells the others only when the agent had been away."""
    moment = now()
    user = get_user(user_id)
    was_away = not is_connected(user)
    db.session.execute(update(User).where(User.id == user_id).values(last_seen_at=moment))
    if was_away:
        publish(AgentPresence(user.organization_id, user_id, user.availability, True))
    db.session.commit()


def set_availability(user_id: int, status: str) -> User:
    """online, busy or offline, as the agent says. Counts as a sign of life."""
    if status not in AVAILABILITIES:
        raise Invalid("status", fields={"status": ["unknown"]})
    user = get_user(user_id)
    user.availability, user.last_seen_at = status, now()
    publish(AgentPresence(user.organization_id, user_id, status, True))
    db.session.commit()
    return user
