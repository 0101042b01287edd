"""What only time brings about: agents who stay silent, customers who moved up. Run by sweepers."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from cloudchat.events import QueueDue, publish_once
from cloudchat.extensions import db, now
from cloudchat.models import (
    Conversation,
    Division,
    DivisionAgent,
    Message,
    QueueEntry,
    QueueSettings,
    User,
)
from cloudchat.services.queueing import agents, entries, handing, saying, talks
from cloudchat.services.queueing.settings import find

TOLD_AGAIN_AFTER = timedelta(minutes=2)
AT_ONCE = 200


# --- silent agents -----------------------------------------------------------------------------


def return_silent() -> int:
    """Put conversations whose agent has not answered in time back at the head; answers how many."""
    kept = find()
    if kept is None or not kept.is_enabled or not kept.silent_agent_minutes:
        return 0
    limit = now() - timedelta(minutes=kept.silent_agent_minutes)
    ids = list(db.session.scalars(_silent(limit).limit(AT_ONCE)))
    db.session.rollback()
    return sum(_returned(conversation_id, limit) for conversation_id in ids)


def _silent(limit):
    """Conversations that an agent got before, in which the customer has waited since before then.

    The customer's wait begins with the first message after the agent's last one.
    """
    last = aliased(Message)
    answered = (
        select(func.coalesce(func.max(last.id), 0))
        .where(last.conversation_id == Conversation.id, last.direction == "out", last.sender_type == "agent")
        .correlate(Conversation)
        .scalar_subquery()
    )
    unanswered = (
        select(Message.id)
        .where(
            Message.conversation_id == Conversation.id,
            Message.direction == "in",
            Message.id > answered,
            Message.created_at < limit,
        )
        .correlate(Conversation)
        .exists()
    )
    return (
        select(Conversation.id)
        .join(QueueEntry, QueueEntry.conversation_id == Conversation.id)
        .where(
            Conversation.status == "open",
            Conversation.assignee_id == QueueEntry.assigned_agent_id,
            QueueEntry.status == "assigned",
            QueueEntry.finished_at.is_(None),
            QueueEntry.assigned_at < limit,
            unanswered,
        )
        .order_by(QueueEntry.assigned_at)
    )


def _returned(conversation_id: int, limit) -> bool:
    row = talks.lock(conversation_id)
    still = db.session.scalar(_silent(limit).where(Conversation.id == conversation_id))
    if row is None or still is None:
        db.session.rollback()
        return False
    entry = handing.back_to_head(row, "agent_silent", passed=True)
    if entry is not None:
        _unless_all_passed(row, entry)
    db.session.commit()
    return True


def _unless_all_passed(row: Conversation, entry: QueueEntry) -> None:
    """Everybody who is there has let this customer wait: they all may get it again, and a human is
    flagged. Where nobody is there, all who could come count."""
    members = agents.of_division(entry.division_id)
    there = [agent for agent in members if agent.is_present] or members
    if {agent.id for agent in there} <= set(entry.passed_agent_ids):
        entry.passed_agent_ids = []
        handing.flag(row)
        publish_once(QueueDue(row.organization_id, entry.division_id))


def offer_again() -> int:
    """Customers who are left with agents that let them wait before, since the others went; answers
    how many were looked at."""
    there = (
        select(func.array_agg(DivisionAgent.user_id))
        .join(User, User.id == DivisionAgent.user_id)
        .where(DivisionAgent.division_id == QueueEntry.division_id, DivisionAgent.is_active, agents.present())
        .correlate(QueueEntry)
        .scalar_subquery()
    )
    ids = list(
        db.session.scalars(
            select(QueueEntry.conversation_id)
            .where(QueueEntry.status == "waiting", QueueEntry.passed_agent_ids.op("@>")(there))
            .limit(AT_ONCE)
        )
    )
    db.session.rollback()
    for conversation_id in ids:
        row = talks.lock(conversation_id)
        entry = entries.live(conversation_id) if row is not None else None
        if entry is not None and entry.status == "waiting" and entry.passed_agent_ids:
            _unless_all_passed(row, entry)
        db.session.commit()
    return len(ids)


# --- moved up ----------------------------------------------------------------------------------


def tell_moved_up() -> int:
    """Tell customers whose place really changed, each at most once in two minutes; answers how many."""
    kept = find()
    if kept is None or not kept.moved_up_enabled:
        return 0
    place = (
        func.row_number()
        .over(partition_by=QueueEntry.division_id, order_by=(QueueEntry.entered_at, QueueEntry.id))
        .label("place")
    )
    line = select(QueueEntry.id, QueueEntry.conversation_id, QueueEntry.told_position, QueueEntry.told_at)
    line = line.add_columns(place).where(QueueEntry.status == "waiting").subquery()
    ids = list(
        db.session.scalars(
            select(line.c.conversation_id)
            .where(line.c.place < line.c.told_position, line.c.told_at < now() - TOLD_AGAIN_AFTER)
            .order_by(line.c.place)
            .limit(AT_ONCE)
        )
    )
    db.session.rollback()
    return sum(_told_up(conversation_id, kept) for conversation_id in ids)


def _told_up(conversation_id: int, kept: QueueSettings) -> bool:
    row = talks.lock(conversation_id)
    entry = entries.live(conversation_id) if row is not None else None
    if entry is None or entry.status != "waiting" or entry.told_at is None:
        db.session.rollback()
        return False
    number = entries.position(entry)
    if number >= entry.told_position or entry.told_at > now() - TOLD_AGAIN_AFTER:
        db.session.rollback()
        return False
    entry.told_position, entry.told_at, entry.told_times = number, now(), 0
    division = db.session.get(Division, entry.division_id)
    saying.say(row, saying.moved_up(kept, division.name, number))
    db.session.commit()
    return True


# --- where there is something to do; read across organizations ----------------------------------


def divisions_with_waiting() -> list[tuple[int, int]]:
    """(organization, division) of every queue with somebody in it."""
    statement = (
        select(QueueEntry.organization_id, QueueEntry.division_id)
        .where(QueueEntry.status == "waiting")
        .distinct()
    )
    return [tuple(row) for row in db.session.execute(statement)]


def organizations_with_rules() -> list[int]:
    """Those whose settings ask for a look now and then."""
    statement = select(QueueSettings.organization_id).where(
        (QueueSettings.silent_agent_minutes > 0) | QueueSettings.moved_up_enabled
    )
    return list(db.session.scalars(statement))
