"""Asking a customer how the bot did, once, and hearing the answer."""

from datetime import timedelta

from sqlalchemy import select, update

from cloudchat.extensions import db, now
from cloudchat.models import (
    Chatbot,
    ChatbotInteraction,
    ChatbotTalk,
    Conversation,
    Organization,
)
from cloudchat.services import bot_says, bot_talks
from cloudchat.services.bot_says import RATE

SILENCE = timedelta(minutes=10)  # of the customer after an answer; then the rating is asked for
RATINGS = ("1", "2", "3", "4", "5")


def may_ask(bot: Chatbot, talk: ChatbotTalk) -> bool:
    return bool(bot.asks_rating and talk.rating_asked_at is None and talk.last_interaction_id)


def ask(row: Conversation, bot: Chatbot, talk: ChatbotTalk, locale: str) -> None:
    """Ask once; part of the caller's transaction."""
    talk.rating_asked_at, talk.rating_due_at = now(), None
    bot_says.scale(row, bot_says.phrase("rate", locale), bot_says.phrase("choose", locale))


def talks_to_rate(limit: int = 200) -> list[int]:
    """Conversations whose customer has been silent since an answer for long enough."""
    due = select(ChatbotTalk.conversation_id).where(ChatbotTalk.rating_due_at <= now())
    return list(db.session.scalars(due.order_by(ChatbotTalk.rating_due_at).limit(limit)))


def ask_if_silent(conversation_id: int) -> None:
    """Ask for the rating, unless a message, a human or another process came first; commits."""
    row = db.session.scalar(
        select(Conversation).where(Conversation.id == conversation_id).with_for_update(of=Conversation)
    )
    talk = db.session.get(ChatbotTalk, conversation_id, populate_existing=True)
    if row is not None and talk is not None and talk.rating_due_at and talk.rating_due_at <= now():
        bot = db.session.get(Chatbot, talk.bot_id)
        talk.rating_due_at = None
        fits = row.status == "open" and row.assignee_id is None and bot.is_active and bot.asks_rating
        if fits and not bot_talks.is_silent(row, talk, bot) and bot_says.can_speak(row):
            ask(row, bot, talk, locale_of(row))
    db.session.commit()


def locale_of(row: Conversation) -> str:
    found = db.session.scalar(select(Organization.locale).where(Organization.id == row.organization_id))
    return found or "id"


def hear(row: Conversation, bot: Chatbot, talk: ChatbotTalk, text: str, choice_id: str | None) -> bool:
    """Take a rating, tapped or typed, once it was asked for. 0, 6 and words are ordinary messages."""
    tapped = bool(choice_id and choice_id.startswith(RATE))
    given = choice_id.removeprefix(RATE) if tapped else text
    if talk.rating_asked_at is None or talk.last_interaction_id is None or given not in RATINGS:
        return False
    if talk.offered and not tapped:
        return False  # the number answers what was offered since
    db.session.execute(
        update(ChatbotInteraction)
        .where(ChatbotInteraction.id == talk.last_interaction_id, ChatbotInteraction.bot_id == bot.id)
        .values(user_rating=int(given))
    )
    talk.last_interaction_id = None
    return True
