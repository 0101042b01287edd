"""The figures of the home page: each is one look at the rows themselves. Three statements in all."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, extract, func, or_, select, true

from cloudchat.extensions import db, now
from cloudchat.models import CannedReply, Conversation, Device, Invitation, Label, Message, User
from cloudchat.services.accounts import Identity
from cloudchat.services.inbox import is_waiting
from cloudchat.services.presence import CONNECTED_FOR
from cloudchat.services.visibility import visible_to


@dataclass(frozen=True)
class Figures:
    """Today, as far as one person sees it. `first_response` is a median in seconds."""

    open: int
    unassigned: int
    waiting: int
    resolved_today: int
    first_response: float | None


@dataclass(frozen=True)
class Checklist:
    """What a new organization has done already."""

    device: bool
    colleague: bool
    labels: bool
    canned_replies: bool
    answer: bool

    @property
    def is_done(self) -> bool:
        return all(vars(self).values())


def today_begins(timezone: str) -> datetime:
    """Midnight in the organization's zone."""
    moment = datetime.now(ZoneInfo(timezone))
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def figures(identity: Identity) -> Figures:
    """Conversations that this person may see, counted in one statement."""
    start = today_begins(identity.timezone)
    visible = visible_to(identity)
    is_open = Conversation.status == "open"
    parts = {
        "open": _count(visible, is_open),
        "unassigned": _count(visible, is_open, Conversation.assignee_id.is_(None)),
        "waiting": _count(visible, is_open, is_waiting()),
        "resolved_today": _count(visible, Conversation.resolved_at >= start),
        "first_response": _median_first_response(visible, start),
    }
    columns = [part.scalar_subquery().label(name) for name, part in parts.items()]
    row = db.session.execute(select(*columns)).one()._mapping
    return Figures(**{**row, "first_response": _seconds(row["first_response"])})


def _seconds(value) -> float | None:
    return None if value is None else float(value)


def _count(*criteria: ColumnElement[bool]) -> Select:
    return select(func.count(Conversation.id)).where(*criteria)


def _median_first_response(visible: ColumnElement[bool], start: datetime) -> Select:
    """From the first message of a customer to the first answer by a person, for answers since then."""
    asked = (
        select(Message.id, Message.created_at)
        .where(Message.conversation_id == Conversation.id, Message.direction == "in")
        .correlate(Conversation)
        .order_by(Message.id)
        .limit(1)
        .lateral("asked")
    )
    answered = (
        select(Message.created_at)
        .where(
            Message.conversation_id == Conversation.id,
            Message.direction == "out",
            Message.sender_type == "agent",
            Message.id > asked.c.id,
        )
        .correlate(Conversation, asked)
        .order_by(Message.id)
        .limit(1)
        .lateral("answered")
    )
    seconds = extract("epoch", answered.c.created_at - asked.c.created_at)
    return (
        select(func.percentile_cont(0.5).within_group(seconds))
        .select_from(Conversation)
        .join(asked, true())
        .join(answered, true())
        .where(visible, Conversation.last_message_at >= start, answered.c.created_at >= start)
    )


def checklist() -> Checklist:
    """What is done of the first steps of the present organization."""
    connected = (Device.is_active, Device.deleted_at.is_(None), Device.status == "connected")
    colleagues = select(func.count(User.id)).scalar_subquery()
    by_agent = (Message.direction == "out", Message.sender_type == "agent")
    row = db.session.execute(
        select(
            select(Device.id).where(*connected).exists().label("device"),
            or_(colleagues > 1, select(Invitation.id).exists()).label("colleague"),
            select(Label.id).exists().label("labels"),
            select(CannedReply.id).exists().label("canned_replies"),
            select(Message.id).where(*by_agent).exists().label("answer"),
        )
    ).one()
    return Checklist(**row._mapping)


def agents_online() -> list[tuple[User, int]]:
    """Who is there now, with the number of open conversations of each; by name."""
    load = (
        select(func.count(Conversation.id))
        .where(Conversation.assignee_id == User.id, Conversation.status == "open")
        .correlate(User)
        .scalar_subquery()
    )
    statement = (
        select(User, load)
        .where(
            User.is_active,
            User.availability != "offline",
            User.last_seen_at > now() - CONNECTED_FOR,
        )
        .order_by(User.name, User.id)
    )
    return [tuple(row) for row in db.session.execute(statement)]
