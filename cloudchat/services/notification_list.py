"""The bell: one user's notifications, newest first, and marking them read."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update

from cloudchat.errors import NotFound
from cloudchat.events import NotificationsRead, publish
from cloudchat.extensions import db, now
from cloudchat.models import Contact, Conversation, Note, Notification, User
from cloudchat.services import notification_kinds
from cloudchat.services.accounts import Identity
from cloudchat.services.notifications import url_of
from cloudchat.services.presenting import iso
from cloudchat.services.visibility import visible_to

KEPT = timedelta(days=30)
DELETED_AT_ONCE = 5000


def page(
    identity: Identity, after: tuple[datetime, int] | None = None, limit: int = 20
) -> tuple[list[dict], tuple[datetime, int] | None]:
    """A page of the bell, and where the next one begins (None at the end)."""
    statement = select(Notification).where(Notification.user_id == identity.user_id, Notification.listed)
    if after:
        moment, row_id = after
        statement = statement.where(
            or_(
                Notification.happened_at < moment,
                and_(Notification.happened_at == moment, Notification.id < row_id),
            ),
            Notification.happened_at <= moment,  # gives the index its starting point
        )
    ordered = statement.order_by(Notification.happened_at.desc(), Notification.id.desc())
    rows = list(db.session.scalars(ordered.limit(limit + 1)))
    more = (rows[limit - 1].happened_at, rows[limit - 1].id) if len(rows) > limit else None
    return outward(rows[:limit], identity), more


def one(identity: Identity, notification_id: int) -> dict:
    """A single notification of one's own. Raises NotFound."""
    row = db.session.get(Notification, notification_id)
    if row is None or row.user_id != identity.user_id:
        raise NotFound("notification")
    return outward([row], identity)[0]


def unread_count(user_id: int) -> int:
    return db.session.scalar(
        select(func.count())
        .select_from(Notification)
        .where(Notification.user_id == user_id, Notification.read_at.is_(None), Notification.listed)
    )


# --- the outward form --------------------------------------------------------------------------


def outward(rows: list[Notification], identity: Identity) -> list[dict[str, Any]]:
    """Notifications as they read now, in the user's language. What the user may not see any more is
    told without names and text."""
    talks = _talks(identity, rows)
    notes = _notes(rows)
    names = _names(rows)
    return [_outward(row, talks.get(row.conversation_id), notes, names, identity.locale) for row in rows]


def _outward(row: Notification, talk: Any, notes: dict, names: dict, locale: str) -> dict[str, Any]:
    gone = row.conversation_id is not None and talk is None
    values = {
        "contact": talk.name if talk else None,
        "actor": names.get(row.actor_id),
        **row.data,
    }
    body = notes.get(row.data.get("note_id")) if "note_id" in row.data else None
    if body is None and talk and row.kind != "assigned":
        body = talk.last_message_text
    return {
        "id": row.id,
        "kind": row.kind,
        "title": notification_kinds.title(row.kind, row.count, values, locale),
        "body": notification_kinds.excerpt(body or "", locale) if not gone else "",
        "url": None if gone else url_of(row.conversation_id, row.data),
        "conversation_id": row.conversation_id,
        "count": row.count,
        "happened_at": iso(row.happened_at),
        "read_at": iso(row.read_at),
    }


def _talks(identity: Identity, rows: list[Notification]) -> dict[int, Any]:
    ids = {row.conversation_id for row in rows} - {None}
    if not ids:
        return {}
    found = db.session.execute(
        select(Conversation.id, Contact.name, Conversation.last_message_text)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(Conversation.id.in_(ids), visible_to(identity))
    )
    return {talk.id: talk for talk in found}


def _notes(rows: list[Notification]) -> dict[int, str]:
    ids = {row.data["note_id"] for row in rows if "note_id" in row.data}
    found = db.session.execute(select(Note.id, Note.text).where(Note.id.in_(ids))) if ids else ()
    return {note.id: note.text for note in found}


def _names(rows: list[Notification]) -> dict[int, str]:
    ids = {row.actor_id for row in rows} - {None}
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(ids))) if ids else ()
    return {user.id: user.name for user in found}


# --- reading -----------------------------------------------------------------------------------


def mark_read(
    user_id: int,
    *,
    ids: Iterable[int] | None = None,
    conversation_id: int | None = None,
    everything: bool = False,
) -> int:
    """Mark own notifications read: some, those of a conversation, or all; answers how many are left."""
    statement = update(Notification).where(Notification.user_id == user_id, Notification.read_at.is_(None))
    if not everything:
        of_talk = Notification.conversation_id == conversation_id
        statement = statement.where(of_talk if conversation_id else Notification.id.in_(list(ids or ())))
    changed = db.session.execute(
        statement.values(read_at=now(), push_due=False).execution_options(synchronize_session=False)
    ).rowcount
    left = unread_count(user_id)
    if changed:
        row = db.session.get(User, user_id)
        publish(NotificationsRead(row.organization_id, {user_id: left}))
    db.session.commit()
    return left


def conversations_read(organization_id: int, conversation_ids: Iterable[int]) -> None:
    """Whoever was told of messages in these need not come any more: somebody has read them."""
    topics = [f"message:{conversation_id}" for conversation_id in conversation_ids]
    users = set(
        db.session.scalars(
            update(Notification)
            .where(
                Notification.conversation_id.in_(list(conversation_ids)),
                Notification.topic.in_(topics),
                Notification.read_at.is_(None),
            )
            .values(read_at=now(), push_due=False)
            .returning(Notification.user_id)
            .execution_options(synchronize_session=False)
        )
    )
    if users:
        publish(NotificationsRead(organization_id, {user_id: unread_count(user_id) for user_id in users}))
    db.session.commit()


def drop_old() -> int:
    """Delete what is older than it is kept; answers how many. Runs inside one organization."""
    old = select(Notification.id).where(Notification.happened_at < now() - KEPT).limit(DELETED_AT_ONCE)
    gone = db.session.execute(
        delete(Notification).where(Notification.id.in_(old)).execution_options(synchronize_session=False)
    ).rowcount
    db.session.commit()
    return gone
