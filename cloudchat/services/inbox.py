"""What the inbox shows: the list, its counts, a thread. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from cloudchat.extensions import db
from cloudchat.models import (
    Attachment,
    Contact,
    Conversation,
    ConversationEvent,
    ConversationLabel,
    Label,
    Message,
    Note,
)
from cloudchat.services import presenting
from cloudchat.services.accounts import Identity
from cloudchat.services.searching import contact_matches, conversations_with_text
from cloudchat.services.visibility import visible_to

COUNT_CAP = 1000  # counts beyond this are shown as "999+"


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to. `assignee` is me, unassigned or a user's id."""

    status: str | None = None
    assignee: str | int | None = None
    division_id: int | None = None
    label: str | int | None = None
    device_id: int | None = None
    contact_id: int | None = None
    unread: bool | None = None
    needs_human: bool | None = None
    q: str = ""


def _narrowed(statement: Select, identity: Identity, wanted: Filter) -> Select:
    criteria: list[Any] = [visible_to(identity)]
    if wanted.status and wanted.status != "all":
        criteria.append(Conversation.status == wanted.status)
    if wanted.assignee == "me":
        criteria.append(Conversation.assignee_id == identity.user_id)
    elif wanted.assignee == "unassigned":
        criteria.append(Conversation.assignee_id.is_(None))
    elif isinstance(wanted.assignee, int):
        criteria.append(Conversation.assignee_id == wanted.assignee)
    for name in ("division_id", "device_id", "contact_id", "needs_human"):
        value = getattr(wanted, name)
        if value is not None:
            criteria.append(getattr(Conversation, name) == value)
    if wanted.unread is not None:
        criteria.append(
            Conversation.unread_count > 0 if wanted.unread else Conversation.unread_count == 0
        )
    if wanted.label is not None:
        criteria.append(Conversation.id.in_(_labelled(wanted.label)))
    if wanted.q.strip():
        found = select(Contact.id).where(contact_matches(wanted.q))
        criteria.append(
            or_(
                Conversation.contact_id.in_(found),
                Conversation.id.in_(conversations_with_text(wanted.q, identity.organization_id)),
            )
        )
    return statement.where(*criteria)


def _labelled(label: str | int) -> Select:
    name = Label.id == label if isinstance(label, int) else func.lower(Label.name) == label.lower()
    return (
        select(ConversationLabel.conversation_id)
        .join(Label, Label.id == ConversationLabel.label_id)
        .where(name)
    )


def conversations(
    identity: Identity, wanted: Filter, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Conversation]:
    """Newest activity first; one row more than `limit` where there is a next page."""
    statement = _narrowed(select(Conversation), identity, wanted).options(
        joinedload(Conversation.contact),
        joinedload(Conversation.device),
        joinedload(Conversation.assignee),
        selectinload(Conversation.labels),
    )
    if after:
        moment, row_id = after
        statement = statement.where(
            or_(
                Conversation.last_message_at < moment,
                and_(Conversation.last_message_at == moment, Conversation.id < row_id),
            ),
            Conversation.last_message_at <= moment,  # gives the index its starting point
        )
    return list(
        db.session.scalars(
            statement.order_by(Conversation.last_message_at.desc(), Conversation.id.desc()).limit(
                limit + 1
            )
        ).unique()
    )


def counts(identity: Identity, wanted: Filter) -> dict[str, int]:
    """How many the tabs hold under the other filters: mine, unassigned, all (capped)."""
    tabs = {"me": "me", "unassigned": "unassigned", "all": None}
    parts = []
    for name, assignee in tabs.items():
        narrowed = Filter(**{**wanted.__dict__, "assignee": assignee})
        inner = _narrowed(select(Conversation.id), identity, narrowed).limit(COUNT_CAP).subquery()
        parts.append(select(func.count()).select_from(inner).scalar_subquery().label(name))
    row = db.session.execute(select(*parts)).one()
    return dict(row._mapping)


def messages(
    conversation_id: int, after: int | None = None, before: int | None = None, limit: int = 50
) -> list[dict]:
    """Messages of a conversation, oldest first: the ones after an id, or the last before one."""
    statement = select(Message).where(Message.conversation_id == conversation_id)
    if after is not None:
        statement = statement.where(Message.id > after).order_by(Message.id).limit(limit)
        rows = list(db.session.scalars(statement))
    else:
        if before is not None:
            statement = statement.where(Message.id < before)
        statement = statement.order_by(Message.id.desc()).limit(limit)
        rows = list(db.session.scalars(statement))[::-1]
    return with_attachments(rows)


def message(conversation_id: int, message_id: int) -> dict | None:
    row = db.session.scalar(
        select(Message).where(Message.id == message_id, Message.conversation_id == conversation_id)
    )
    return with_attachments([row])[0] if row else None


def with_attachments(rows: list[Message]) -> list[dict]:
    found: dict[int, list[Attachment]] = {}
    if rows:
        for row in db.session.scalars(
            select(Attachment)
            .where(Attachment.message_id.in_([row.id for row in rows]))
            .order_by(Attachment.id)
        ):
            found.setdefault(row.message_id, []).append(row)
    return [presenting.message(row, found.get(row.id, [])) for row in rows]


def timeline(conversation_id: int, first_id: int, last_id: int | None) -> list[dict]:
    """Notes and activity lines that stand between these messages, in order."""
    entries: list[dict] = []
    for model, make in ((Note, _note), (ConversationEvent, _activity)):
        statement = select(model).where(
            model.conversation_id == conversation_id, model.after_message_id >= first_id
        )
        if last_id is not None:
            statement = statement.where(model.after_message_id < last_id)
        if model is Note:
            statement = statement.options(joinedload(Note.author))
        entries += [
            make(row) for row in db.session.scalars(statement.order_by(model.id).limit(500))
        ]
    return sorted(entries, key=lambda entry: (entry["after_message_id"], entry["created_at"]))


def _note(row: Note) -> dict:
    return {
        "kind": "note",
        "id": row.id,
        "text": row.text,
        "author": {"id": row.author.id, "name": row.author.name} if row.author else None,
        "after_message_id": row.after_message_id,
        "created_at": presenting.iso(row.created_at),
    }


def _activity(row: ConversationEvent) -> dict:
    return {
        "kind": row.kind,
        "id": row.id,
        "data": row.data,
        "after_message_id": row.after_message_id,
        "created_at": presenting.iso(row.created_at),
    }


def earlier(identity: Identity, conversation: Conversation, limit: int = 10) -> list[Conversation]:
    """Other conversations of the same contact, newest first."""
    wanted = Filter(contact_id=conversation.contact_id)
    rows = conversations(identity, wanted, limit=limit)
    return [row for row in rows if row.id != conversation.id]
