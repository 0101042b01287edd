"""Asking a customer how the agent did, once a conversation was resolved. What they answer is heard by
`rating_answers.py`.

Resolving leaves a row that is due half a minute later: whoever resolved by mistake takes it back before
anything was said. The row turns into a question under locks, in one transaction.
"""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.extensions import db, now
from cloudchat.models import (
    ChatbotTalk,
    Conversation,
    ConversationEvent,
    ConversationRating,
    Message,
)
from cloudchat.services import activity, bot_ratings, bot_says, rating_settings

CHOICE = "csat:"  # begins the id of each button: csat:<asking>:<number>
GRACE = timedelta(seconds=30)  # in which resolving can be taken back
TOO_LATE = timedelta(hours=1)  # no worker ran: nobody wants to be asked hours later
PAUSE = timedelta(hours=24)  # between two questions to the same customer

PHRASES = {
    "id": {
        "question": "Bagaimana layanan kami? Beri nilai 1 (buruk) sampai 5 (sangat baik).",
        "in_figures": "Balas dengan angka 1 (buruk) sampai 5 (sangat baik).",
        "thanks": "Terima kasih atas penilaian Anda.",
    },
    "en": {
        "question": "How did we do? Rate us from 1 (poor) to 5 (excellent).",
        "in_figures": "Reply with a number from 1 (poor) to 5 (excellent).",
        "thanks": "Thank you for rating us.",
    },
}


def phrase(name: str, locale: str) -> str:
    return PHRASES.get(locale, PHRASES["id"])[name]


# --- a conversation is resolved ------------------------------------------------------------------


def plan(row: Conversation) -> None:
    """The locked conversation was just resolved: ask soon, if an agent had it and the organization
    asks at all. Part of the caller's transaction; resolved twice, it is due once."""
    if not rating_settings.current().asks_rating:
        return
    writer = _last_writer(row)
    by_human = writer is not None and writer.sender_type == "agent"
    if row.assignee_id is None and not by_human:
        return
    due_at = now() + GRACE
    values = {
        "organization_id": row.organization_id,
        "conversation_id": row.id,
        "agent_id": row.assignee_id or writer.sender_id,
        "division_id": row.division_id,
        "due_at": due_at,
        "created_at": now(),
    }
    again = {name: values[name] for name in ("agent_id", "division_id", "due_at")}
    db.session.execute(
        insert(ConversationRating)
        .values(values)
        .on_conflict_do_update(
            index_elements=["conversation_id"],
            index_where=ConversationRating.asked_at.is_(None),
            set_=again,
        )
    )


def _last_writer(row: Conversation):
    """Who of the desk wrote last: a person (`sender_id` is None from the connected phone) or a bot."""
    return db.session.execute(
        select(Message.sender_type, Message.sender_id)
        .where(Message.conversation_id == row.id, Message.direction == "out", Message.sender_type != "system")
        .order_by(Message.id.desc())
        .limit(1)
    ).first()


# --- it is due -----------------------------------------------------------------------------------


def organizations_due() -> list[int]:
    """Organizations that have to ask somebody; read across all of them."""
    due = select(ConversationRating.organization_id).where(*_due())
    return list(db.session.scalars(due.distinct()))


def _due() -> tuple:
    return ConversationRating.asked_at.is_(None), ConversationRating.due_at <= now()


def due(limit: int = 200) -> list[int]:
    """Askings of the present organization whose time has come."""
    found = select(ConversationRating.id).where(*_due()).order_by(ConversationRating.due_at).limit(limit)
    return list(db.session.scalars(found))


def ask(rating_id: int) -> bool:
    """Ask the customer, unless something came between or another process was first; commits. What is not
    asked is dropped."""
    asking = _locked(rating_id)
    if asking is None:
        db.session.rollback()
        return False
    row = db.session.get(Conversation, asking.conversation_id, populate_existing=True)
    fits = _fits(row, asking)
    if fits:
        _say(row, asking)
    else:
        db.session.delete(asking)
    db.session.commit()
    return fits


def _locked(rating_id: int) -> ConversationRating | None:
    """The asking that is due, its conversation locked, and nobody else asking the same customer now."""
    known = select(Conversation.id, Conversation.contact_id).join(
        ConversationRating, ConversationRating.conversation_id == Conversation.id
    )
    found = db.session.execute(known.where(ConversationRating.id == rating_id)).first()
    if found is None:
        return None
    # Two conversations of one customer would not see each other's question
    lock = func.pg_advisory_xact_lock(func.hashtext("conversation_ratings"), found.contact_id)
    db.session.execute(select(lock))
    db.session.execute(select(Conversation.id).where(Conversation.id == found.id).with_for_update())
    asking = select(ConversationRating).where(ConversationRating.id == rating_id, *_due())
    return db.session.scalar(asking.execution_options(populate_existing=True))


def _fits(row: Conversation, asking: ConversationRating) -> bool:
    """Is it still the moment to ask this?"""
    return (
        row.status == "resolved"
        and row.last_inbound_at is not None  # who never wrote has nothing to rate
        and asking.due_at > now() - TOO_LATE
        and rating_settings.current().asks_rating
        and bot_says.can_speak(row)
        and not _speaks_elsewhere(row)
        and not _bot_asked(row)
        and not _asked_lately(row)
    )


def _speaks_elsewhere(row: Conversation) -> bool:
    """The customer wrote again: a new conversation has begun on the device, a number would answer that."""
    other = select(Conversation.id).where(
        Conversation.device_id == row.device_id,
        Conversation.contact_id == row.contact_id,
        Conversation.status != "resolved",
    )
    return db.session.scalar(other.limit(1)) is not None


def _bot_asked(row: Conversation) -> bool:
    """The bot asked for its rating since the conversation was resolved the time before."""
    before = select(func.max(ConversationEvent.created_at)).where(
        ConversationEvent.conversation_id == row.id,
        ConversationEvent.kind == "resolved",
        ConversationEvent.created_at < row.resolved_at,
    )
    asked_at = db.session.scalar(
        select(ChatbotTalk.rating_asked_at).where(ChatbotTalk.conversation_id == row.id)
    )
    return asked_at is not None and asked_at > (db.session.scalar(before) or row.created_at)


def _asked_lately(row: Conversation) -> bool:
    lately = (
        select(ConversationRating.id)
        .join(Conversation, Conversation.id == ConversationRating.conversation_id)
        .where(Conversation.contact_id == row.contact_id, ConversationRating.asked_at > now() - PAUSE)
    )
    return db.session.scalar(lately.limit(1)) is not None


def _say(row: Conversation, asking: ConversationRating) -> None:
    locale = bot_ratings.locale_of(row)
    own = rating_settings.current().question
    message = bot_says.scale(
        row,
        own or phrase("question", locale),
        bot_says.phrase("choose", locale),
        prefix=f"{CHOICE}{asking.id}:",
        sender="system",
        in_figures=phrase("in_figures", locale) if own else "",
    )
    asking.asked_at, asking.message_id = now(), message["id"]
    activity.log(row, "rating_asked", None)
