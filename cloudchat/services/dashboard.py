"""What the home page shows: this moment, today against yesterday, who is there."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import joinedload

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Device, User
from cloudchat.services.accounts import Identity
from cloudchat.services.bot_analytics import SUCCESSFUL
from cloudchat.services.desk_report import figures as desk_report
from cloudchat.services.inbox import is_waiting
from cloudchat.services.presence import CONNECTED_FOR
from cloudchat.services.statements import run
from cloudchat.services.visibility import visible_to

MOST_UNANSWERED = 5


@dataclass(frozen=True)
class Figures:
    """This moment, as far as one person sees it. `mine_*` are of those assigned to them."""

    open: int
    unassigned: int
    waiting: int
    needs_human: int
    mine_open: int
    mine_waiting: int
    mine_unread: int


def figures(identity: Identity) -> Figures:
    """Conversations that this person may see, counted in one statement, each as its list has it."""
    visible, is_open = visible_to(identity), Conversation.status == "open"
    mine = Conversation.assignee_id == identity.user_id
    parts = {
        "open": _count(visible, is_open),
        "unassigned": _count(visible, is_open, Conversation.assignee_id.is_(None)),
        "waiting": _count(visible, is_open, is_waiting()),
        "needs_human": _count(visible, is_open, Conversation.needs_human),
        "mine_open": _count(is_open, mine),
        "mine_waiting": _count(is_open, mine, is_waiting()),
        "mine_unread": _count(is_open, mine, Conversation.unread_count > 0),
    }
    columns = [part.scalar_subquery().label(name) for name, part in parts.items()]
    return Figures(**db.session.execute(select(*columns)).one()._mapping)


def _count(*criteria: ColumnElement[bool]) -> Select:
    return select(func.count(Conversation.id)).where(*criteria)


def unanswered(identity: Identity) -> list[Conversation]:
    """Who has waited longest for an answer, of those that this person may see."""
    statement = (
        select(Conversation)
        .where(visible_to(identity), Conversation.status == "open", Conversation.waiting_since.is_not(None))
        .options(joinedload(Conversation.contact), joinedload(Conversation.device))
        .order_by(Conversation.waiting_since, Conversation.id)
        .limit(MOST_UNANSWERED)
    )
    return list(db.session.scalars(statement))


def channels() -> list[Device]:
    """The devices and how they are; those in trouble first."""
    statement = select(Device).where(Device.deleted_at.is_(None))
    return list(
        db.session.scalars(
            statement.order_by(Device.is_active & (Device.status == "connected"), Device.name, Device.id)
        )
    )


# --- today against yesterday -------------------------------------------------------------------

# Of all bots together, by the definitions of the bots' report
_BOTS = f"""
    select i.created_at >= %(start)s as is_now, count(*) as turns,
           count(*) filter (where {SUCCESSFUL}) as successful
    from chatbots b
    join chatbot_interactions i on i.organization_id = b.organization_id and i.bot_id = b.id
    where b.organization_id = %(organization_id)s
      and i.created_at >= %(since)s and i.created_at < %(until)s
    group by 1
"""


def today(identity: Identity) -> desk_report.Asked:
    """Today in the organization's zone: of everybody, or for an agent of their own."""
    day = datetime.now(ZoneInfo(identity.timezone)).date()
    return desk_report.asked(identity, "agents", day, day)


def bot_rate(wanted: desk_report.Asked) -> tuple[float | None, float | None]:
    """The share of turns that the bots answered, today and yesterday; None where they had none."""
    found = {row.is_now: row.successful / row.turns for row in run(_BOTS, **wanted.values())}
    return found.get(True), found.get(False)


# --- who is there -------------------------------------------------------------------------------


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
