"""What a bot would do with a text: answer, ask back, pass on, or own up. Nothing is sent or kept."""

from dataclasses import dataclass

from cloudchat.models import Chatbot
from cloudchat.services import bot_index
from cloudchat.services.matching import Match, smalltalk

OFFERED = 3
LONGEST_TEXT = 2000  # what is longer is no question; its beginning is enough to know


@dataclass(frozen=True)
class Decision:
    """`outcome`: answer, suggest, fallback, escalate, or greeting for mere politeness."""

    outcome: str
    matches: tuple[Match, ...] = ()
    reason: str | None = None

    @property
    def best(self) -> Match | None:
        return self.matches[0] if self.matches else None

    @property
    def score(self) -> float:
        return self.best.score if self.best else 0.0


def decide(bot: Chatbot, text: str) -> Decision:
    """The bot's move for one text, as if nothing had been said before it."""
    text = text[:LONGEST_TEXT]
    matches = tuple(bot_index.rank(bot, text, OFFERED)) if text.strip() else ()
    if smalltalk.asks_for(text, bot.escalation_words):
        return Decision("escalate", matches, "word")
    if smalltalk.kind_of(text) is not None:
        return Decision("greeting", matches)
    score = matches[0].score if matches else 0.0
    if matches and score >= max(bot.answer_threshold, 1):
        return Decision("answer", matches)
    if score < bot.escalate_below:
        return Decision("escalate", matches, "low_score")
    if matches and score >= max(bot.suggest_threshold, 1):
        return Decision("suggest", matches)
    return Decision("fallback", matches)
