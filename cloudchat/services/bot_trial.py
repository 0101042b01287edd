"""Trying a bot out: the same decision as in life, told in full."""

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotQa
from cloudchat.services import bot_choices
from cloudchat.services.bot_decisions import decide


def trial(bot: Chatbot, text: str) -> dict:
    """The outcome for a text with the best three pairs and what spoke for them.

    `reply` is what the customer would read; `answer` is set only where a pair answers. Mere politeness
    counts as a fallback here, with the greeting as its reply.
    """
    decision = decide(bot, text)
    ids = [match.id for match in decision.matches]
    pairs = {pair.id: pair for pair in db.session.scalars(select(ChatbotQa).where(ChatbotQa.id.in_(ids)))}
    matches = [match for match in decision.matches if match.id in pairs]
    answered = decision.outcome == "answer" and bool(matches)
    answer = pairs[matches[0].id].answer if answered else None
    replies = {"answer": answer, "fallback": bot.fallback_message, "escalate": bot.escalation_message}
    replies["greeting"] = bot.greeting
    told = {
        "outcome": "fallback" if decision.outcome == "greeting" else decision.outcome,
        "is_smalltalk": decision.outcome == "greeting",
        "answer": answer,
        "reply": replies.get(decision.outcome),
        "confidence_score": decision.score,
        "matched_qa_id": matches[0].id if answered else None,
        "would_escalate": decision.outcome == "escalate",
        "reason": decision.reason,
        "suggestions": [
            {
                "qa_id": match.id,
                "question": pairs[match.id].question,
                "score": match.score,
                "why": list(match.why),
            }
            for match in matches
        ],
    }
    db.session.commit()  # nothing was written; what the ranking asks of a worker is told
    return told


def chosen_by_model(bot: Chatbot, text: str) -> ChatbotQa | None:
    """What the organization's language model would choose of that of which the bot is unsure; asks it."""
    decision = decide(bot, text)
    qa_id = bot_choices.ask(bot.id, text, decision.candidates) if decision.outcome == "suggest" else None
    return db.session.get(ChatbotQa, qa_id) if qa_id else None
