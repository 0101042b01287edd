"""Whether agents are there: what they set, and whether a socket or a call of theirs was seen.

Web processes note every open socket again and again (`realtime/presence.py`), so one column says it
for all of them; who leaves a page for the next one does not go away in between.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select, update

from cloudchat.errors import Invalid
from cloudchat.events import AgentPresence, publish
from cloudchat.extensions import db, now
from cloudchat.models import User
from cloudchat.models.users import AVAILABILITIES
from cloudchat.services.accounts import get_user
from cloudchat.tenancy import current_organization_id

CONNECTED_FOR = timedelta(seconds=60)


def is_connected(user: User) -> bool:
    return user.last_seen_at is not None and user.last_seen_at > now() - CONNECTED_FOR


def seen(user_ids: Iterable[int]) -> None:
    """Note a sign of life of each; tells the others of those who had been away."""
    moment = now()
    rows = db.session.execute(
        select(User.id, User.availability, User.last_seen_at)
        .where(User.id.in_(set(user_ids)), User.is_active)
        .order_by(User.id)  # two processes that note the same users must not wait for each other
        .with_for_update(key_share=True)
    ).all()
    db.session.execute(
        update(User).where(User.id.in_([row.id for row in rows])).values(last_seen_at=moment),
        execution_options={"synchronize_session": False},
    )
    for row in rows:
        if row.last_seen_at is None or row.last_seen_at <= moment - CONNECTED_FOR:
            publish(AgentPresence(current_organization_id(), row.id, row.availability, True))
    db.session.commit()


def tell_lost(within: timedelta) -> int:
    """Tell of those whose last sign of life became too old just now: nothing else says that somebody
    has gone. Reads across organizations; telling it twice is harmless. Answers how many."""
    limit = now() - CONNECTED_FOR
    rows = db.session.execute(
        select(User.organization_id, User.id, User.availability).where(
            User.is_active, User.last_seen_at <= limit, User.last_seen_at > limit - within
        )
    ).all()
    for row in rows:
        publish(AgentPresence(row.organization_id, row.id, row.availability, False))
    db.session.commit()
    return len(rows)


def set_availability(user_id: int, status: str) -> User:
    """online, busy or offline, as the agent says. Counts as a sign of life."""
    if status not in AVAILABILITIES:
        raise Invalid("status", fields={"status": ["unknown"]})
    user = get_user(user_id)
    user.availability, user.last_seen_at = status, now()
    publish(AgentPresence(user.organization_id, user_id, status, True))
    db.session.commit()
    return user
