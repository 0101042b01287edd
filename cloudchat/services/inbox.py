"""What the inbox shows: the list, its counts, a thread. Reads only."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Select, and_, any_, func, literal, or_, select
from sqlalchemy.orm import joinedload, selectinload

from cloudchat.errors import NotFound
from cloudchat.extensions import db, now
from cloudchat.models import (
    Attachment,
    Conversation,
    ConversationEvent,
    Device,
    Division,
    Label,
    Message,
    Note,
    PipelineStage,
    User,
)
from cloudchat.models.conversations import PATIENCE
from cloudchat.services import presenting
from cloudchat.services.accounts import Identity
from cloudchat.services.searching import Found, find
from cloudchat.services.visibility import assigned_to, labelled, visible_to

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
    waiting: bool | None = None  # the customer wrote, and nobody has answered for over PATIENCE
    q: str = ""
    found: Found | None = None  # what `q` came upon, once it was looked for


def _narrowed(statement: Select, identity: Identity, wanted: Filter) -> Select:
    criteria: list[Any] = [visible_to(identity)]
    if wanted.status and wanted.status != "all":
        criteria.append(Conversation.status == wanted.status)
    if wanted.assignee is not None:
        criteria.append(assigned_to(identity, wanted.assignee))
    for name in ("division_id", "device_id", "contact_id", "needs_human"):
        value = getattr(wanted, name)
        if value is not None:
            criteria.append(getattr(Conversation, name) == value)
    if wanted.unread is not None:
        criteria.append(Conversation.unread_count > 0 if wanted.unread else Conversation.unread_count == 0)
    if wanted.waiting:
        criteria.append(is_waiting())
    if wanted.label is not None:
        criteria.append(Conversation.id.in_(labelled(wanted.label)))
    if wanted.q.strip():
        found = wanted.found or find(wanted.q)
        criteria.append(
            or_(
                Conversation.contact_id == any_(array_of(found.contact_ids)),
                Conversation.id == any_(array_of(found.conversation_ids)),
            )
        )
    return statement.where(*criteria)


def array_of(ids: list[int]) -> ColumnElement:
    """One value however many there are: a statement for each length would not be worth keeping."""
    return literal(ids, ARRAY(Integer))


def searched(wanted: Filter) -> Filter:
    """The filter with its words looked up once, for more than one use."""
    if wanted.found or not wanted.q.strip():
        return wanted
    return replace(wanted, found=find(wanted.q))


def is_waiting() -> ColumnElement[bool]:
    """The customer has written, and nobody has answered for longer than our patience."""
    return Conversation.waiting_since < now() - PATIENCE


# What a row of the list shows beside the conversation itself: one more statement, for labels.
_AS_SHOWN = (
    joinedload(Conversation.contact),
    joinedload(Conversation.device),
    joinedload(Conversation.assignee),
    joinedload(Conversation.stage).load_only(PipelineStage.name, PipelineStage.color),
    joinedload(Conversation.division),
    joinedload(Conversation.waiting),
    joinedload(Conversation.bot_at_work),
    selectinload(Conversation.labels),
)


def conversations(
    identity: Identity, wanted: Filter, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Conversation]:
    """Newest activity first; one row more than `limit` where there is a next page."""
    statement = _narrowed(select(Conversation), identity, wanted).options(
        *_AS_SHOWN, joinedload(Conversation.bot)
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
            statement.order_by(Conversation.last_message_at.desc(), Conversation.id.desc()).limit(limit + 1)
        ).unique()
    )


def among(identity: Identity, wanted: Filter, ids: list[int]) -> list[Conversation]:
    """Those of these conversations that the list holds under the filter."""
    statement = _narrowed(select(Conversation), identity, wanted).where(Conversation.id.in_(ids))
    return list(db.session.scalars(statement.options(*_AS_SHOWN)).unique())


def opened(identity: Identity, conversation_id: int) -> Conversation:
    """One conversation with all that its header shows. Raises NotFound."""
    statement = select(Conversation).where(Conversation.id == conversation_id, visible_to(identity))
    found = db.session.scalar(statement.options(*_AS_SHOWN, joinedload(Conversation.bot)))
    if found is None:
        raise NotFound("conversation")
    return found


def counts(identity: Identity, wanted: Filter) -> dict[str, int]:
    """How many the tabs hold under the other filters: mine, unassigned, all (capped)."""
    row = db.session.execute(select(*_tab_counts(identity, searched(wanted)))).one()
    return dict(row._mapping)


def _tab_counts(identity: Identity, wanted: Filter) -> list[Any]:
    parts = []
    for name, assignee in (("me", "me"), ("unassigned", "unassigned"), ("all", None)):
        narrowed = replace(wanted, assignee=assignee)
        inner = _narrowed(select(Conversation.id), identity, narrowed).limit(COUNT_CAP).subquery()
        parts.append(select(func.count()).select_from(inner).scalar_subquery().label(name))
    return parts


@dataclass(frozen=True)
class Surroundings:
    """What stands around the list: the tabs' counts, and what filters and menus offer."""

    counts: dict[str, int]
    labels: list[dict]
    devices: list[dict]
    divisions: list[dict]
    agents: list[dict]


def surroundings(identity: Identity, wanted: Filter, open_id: int | None = None) -> Surroundings:
    """All of it in one statement, since the page has few to spend.

    Raises NotFound when the conversation that shall be open is not the caller's to see.
    """
    seen = select(Conversation.id).where(Conversation.id == open_id, visible_to(identity))
    row = db.session.execute(
        select(
            *_tab_counts(identity, searched(wanted)),
            _choices(Label, Label.name, color=Label.color).label("labels"),
            _choices(Device, Device.name, type=Device.type)
            .where(Device.deleted_at.is_(None))
            .label("devices"),
            _choices(Division, Division.name).label("divisions"),
            _choices(User, User.name, role=User.role).where(User.is_active).label("agents"),
            seen.exists().label("is_seen"),
        )
    ).one()
    if open_id is not None and not row.is_seen:
        raise NotFound("conversation")
    by_name = {
        name: sorted(getattr(row, name) or [], key=lambda choice: choice["name"].casefold())
        for name in ("labels", "devices", "divisions", "agents")
    }
    return Surroundings({name: getattr(row, name) for name in ("me", "unassigned", "all")}, **by_name)


def _choices(model: Any, name: Any, **more: Any) -> Any:
    fields = {"id": model.id, "name": name, **more}
    pairs = [part for key, value in fields.items() for part in (literal(key), value)]
    return select(func.jsonb_agg(func.jsonb_build_object(*pairs))).select_from(model).scalar_subquery()


def messages(
    conversation_id: int, after: int | None = None, before: int | None = None, limit: int = 50
) -> list[dict]:
    """Messages of a conversation, oldest first: the ones after an id, or the last before one."""
    statement = select(Message).where(Message.conversation_id == conversation_id)
    return with_attachments(paged(statement, after, before, limit))


def paged(statement: Select, after: int | None, before: int | None, limit: int) -> list[Message]:
    """A page of the messages that a statement finds, oldest first."""
    if after is not None:
        return list(db.session.scalars(statement.where(Message.id > after).order_by(Message.id).limit(limit)))
    if before is not None:
        statement = statement.where(Message.id < before)
    return list(db.session.scalars(statement.order_by(Message.id.desc()).limit(limit)))[::-1]


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
    for model, make in ((Note, note), (ConversationEvent, _activity)):
        statement = select(model).where(
            model.conversation_id == conversation_id, model.after_message_id >= first_id
        )
        if last_id is not None:
            statement = statement.where(model.after_message_id < last_id)
        if model is Note:
            statement = statement.options(joinedload(Note.author))
        entries += [make(row) for row in db.session.scalars(statement.order_by(model.id).limit(500))]
    return sorted(entries, key=lambda entry: (entry["after_message_id"], entry["created_at"]))


def note(row: Note) -> dict:
    """A note for the desk; its author must be loaded already."""
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
