"""What a bot would do with a text: answer, ask back, pass on, or own up. Nothing is sent or kept."""

from dataclasses import dataclass

from cloudchat.models import Chatbot
from cloudchat.services import bot_index
from cloudchat.services.matching import Match, smalltalk

OFFERED = 3
RANKED = 10  # as many may be chosen among, where a language model helps
LONGEST_TEXT = 2000  # what is longer is no question; its beginning is enough to know


@dataclass(frozen=True)
class Decision:
    """`outcome`: answer, suggest, fallback, escalate, or greeting for mere politeness. `matches` are the
    best, `candidates` some more for a suggestion."""

    outcome: str
    matches: tuple[Match, ...] = ()
    reason: str | None = None
    candidates: tuple[Match, ...] = ()

    @classmethod
    def suggesting(cls, candidates: tuple[Match, ...]) -> "Decision":
        return cls("suggest", candidates[:OFFERED], candidates=candidates)

    @property
    def best(self) -> Match | None:
        return self.matches[0] if self.matches else None

    @property
    def score(self) -> float:
        return self.best.score if self.best else 0.0


def decide(bot: Chatbot, text: str) -> Decision:
    """The bot's move for one text, as if nothing had been said before it."""
    text = text[:LONGEST_TEXT]
    candidates = tuple(bot_index.rank(bot, text, RANKED)) if text.strip() else ()
    matches = candidates[:OFFERED]
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
        return Decision.suggesting(candidates)
    return Decision("fallback", matches)
