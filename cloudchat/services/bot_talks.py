"""Where a conversation stands with its bot: who has it, what was offered, whether a machine answers.

Everything here is part of the caller's transaction, under the conversation's lock.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.extensions import db, now
from cloudchat.models import (
    Chatbot,
    ChatbotClosedNotice,
    ChatbotDevice,
    ChatbotTalk,
    Conversation,
    ConversationEvent,
    Message,
)

MOST_IN_A_ROW = 5  # automatic answers to somebody who writes faster than people do
PACE = timedelta(seconds=5)  # an answer each, on average: nobody reads and types faster for long
MOST_REPEATS = 3  # of the same text: so does another machine
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def bots_of(conversation_ids: list[int]) -> dict[int, Chatbot]:
    """The active bot of each conversation's device, for a whole batch in one query (none for none)."""
    if not conversation_ids:
        return {}
    rows = db.session.execute(
        select(Conversation.id, Chatbot)
        .join(ChatbotDevice, ChatbotDevice.device_id == Conversation.device_id)
        .join(Chatbot, Chatbot.id == ChatbotDevice.bot_id)
        .where(Conversation.id.in_(conversation_ids), Chatbot.is_active)
        .execution_options(populate_existing=True)
    )
    return {conversation_id: bot for conversation_id, bot in rows}


def of(row: Conversation, bot: Chatbot) -> ChatbotTalk:
    """The talk of the locked conversation, begun where there is none; another bot starts anew."""
    talk = db.session.get(ChatbotTalk, row.id)
    if talk is None:
        talk = ChatbotTalk(conversation_id=row.id, bot_id=bot.id, has_it=True, since_message_id=0)
        talk.misses = talk.burst_count = talk.repeats = 0
        talk.last_text = ""
        db.session.add(talk)
    elif talk.bot_id != bot.id:
        talk.bot_id, talk.misses, talk.offered = bot.id, 0, None
    return talk


def is_silent(row: Conversation, talk: ChatbotTalk, bot: Chatbot) -> bool:
    """A human has the conversation: one wrote (from the desk or the phone), or was called. With the
    rule "reopen" the bot takes up again once the conversation was resolved after that."""
    if talk.has_it:
        last = _last_human_message(row.id, talk.since_message_id)
        if last is None:
            return False
        talk.has_it, talk.offered, talk.rating_due_at = False, None, None
    resolved_at = _last_resolved(row.id) if bot.returns == "reopen" else None
    last = _last_human_message(row.id, talk.since_message_id)
    if resolved_at is None or resolved_at <= talk.since_message_id or (last and last > resolved_at):
        return True
    hand_back(talk, resolved_at)
    return False


def hand_back(talk: ChatbotTalk, since_message_id: int) -> None:
    """The bot has it again; what was written up to this message no longer silences it."""
    talk.has_it, talk.since_message_id, talk.given_back_at = True, since_message_id, None
    talk.misses, talk.offered, talk.burst_count, talk.repeats = 0, None, 0, 0


def _last_human_message(conversation_id: int, after: int) -> int | None:
    return db.session.scalar(
        select(Message.id)
        .where(
            Message.conversation_id == conversation_id,
            Message.id > after,
            Message.direction == "out",
            Message.sender_type == "agent",
        )
        .order_by(Message.id.desc())
        .limit(1)
    )


def _last_resolved(conversation_id: int) -> int | None:
    return db.session.scalar(
        select(func.max(ConversationEvent.after_message_id)).where(
            ConversationEvent.conversation_id == conversation_id, ConversationEvent.kind == "resolved"
        )
    )


def is_machine(talk: ChatbotTalk, text: str) -> bool:
    """Count one more automatic answer; True where it would be one too many."""
    moment = now()
    started = talk.burst_started_at
    if started is None or moment - started > PACE * (talk.burst_count + 1):
        talk.burst_started_at, talk.burst_count = moment, 0
    talk.burst_count += 1
    said = " ".join(text.lower().split())[:200]
    talk.repeats = talk.repeats + 1 if said and said == talk.last_text else 0
    talk.last_text = said
    return talk.burst_count > MOST_IN_A_ROW or talk.repeats >= MOST_REPEATS


def take_notice(row: Conversation, bot: Chatbot, ends_at: datetime | None) -> bool:
    """May the outside-hours message be said? Only once per closed period, whoever asks at once; hours
    that are changed meanwhile make no new period."""
    running = select(ChatbotClosedNotice.bot_id).where(
        ChatbotClosedNotice.conversation_id == row.id, ChatbotClosedNotice.period_ends_at > now()
    )
    if db.session.scalar(running.limit(1)):
        return False
    values = {"organization_id": row.organization_id, "conversation_id": row.id, "bot_id": bot.id}
    return bool(
        db.session.execute(
            insert(ChatbotClosedNotice)
            .values(**values, period_ends_at=ends_at or NEVER, created_at=now())
            .on_conflict_do_nothing()
            .returning(ChatbotClosedNotice.bot_id)
        ).first()
    )
