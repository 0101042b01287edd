"""What a customer chose of what the bot had offered, and what that teaches it."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.extensions import db, now
from cloudchat.models import (
    Chatbot,
    ChatbotPhrase,
    ChatbotQa,
    ChatbotTalk,
)
from cloudchat.services import bot_pairs, bot_says
from cloudchat.services.bot_says import AGENT, QA


def chosen(talk: ChatbotTalk, text: str, choice_id: str | None) -> str | None:
    """The id of the button that was tapped, or whose number was typed."""
    if choice_id and choice_id.startswith(bot_says.CHOICE):
        return choice_id
    ids = (talk.offered or {}).get("qa_ids", [])
    typed = text.rstrip(". ")
    if not ids or not (typed.isascii() and typed.isdigit() and len(typed) < 3):
        return None
    choices = [*(f"{QA}{qa_id}" for qa_id in ids), AGENT]
    return choices[int(typed) - 1] if 1 <= int(typed) <= len(choices) else None


def pair_of(bot: Chatbot, wanted: str | None) -> ChatbotQa | None:
    """The pair of a button of ours; None for one that was switched off or deleted since."""
    qa_id = (wanted or "").removeprefix(QA)
    if not (qa_id.isascii() and qa_id.isdigit() and len(qa_id) < 10):
        return None
    return db.session.scalar(
        select(ChatbotQa).where(ChatbotQa.id == int(qa_id), ChatbotQa.bot_id == bot.id, ChatbotQa.is_active)
    )


def learn(bot: Chatbot, qa_id: int, text: str) -> None:
    """Keep what the customer wrote as one more way to ask this; once per text, counted."""
    moment = now()
    db.session.execute(
        insert(ChatbotPhrase)
        .values(
            organization_id=bot.organization_id,
            bot_id=bot.id,
            qa_id=qa_id,
            text=" ".join(text.lower().split())[:300],
            count=1,
            created_at=moment,
            updated_at=moment,
        )
        .on_conflict_do_update(
            index_elements=["qa_id", "text"], set_={"count": ChatbotPhrase.count + 1, "updated_at": moment}
        )
    )
    bot_pairs.touch(bot.id)
