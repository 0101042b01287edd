"""A bot's turn in a conversation: greet, answer, ask back, own up, or call a human.

`take` is a step of `services/routing.py`: the conversation is locked, and everything that is said is
part of the transaction that keeps the customer's message. Every turn is a row in the log.
"""

import time
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from cloudchat.channels.base import InboundMessage
from cloudchat.extensions import db, now
from cloudchat.models import (
    Chatbot,
    ChatbotInteraction,
    ChatbotQa,
    ChatbotTalk,
    Conversation,
)
from cloudchat.services import (
    activity,
    bot_choices,
    bot_hours,
    bot_offers,
    bot_ratings,
    bot_says,
    bot_talks,
    schedules,
)
from cloudchat.services.bot_decisions import Decision, decide
from cloudchat.services.bot_says import AGENT, QA, SHIPPING, Choice
from cloudchat.services.matching import smalltalk
from cloudchat.services.ongkir import talks as ongkir

log = structlog.get_logger(__name__)

LONGEST_QUESTION = 2000
NO_WORDS = ("reaction", "sticker")  # of these nothing can be asked


@dataclass
class Turn:
    """One message of a customer, and all that is needed to answer it."""

    row: Conversation
    bot: Chatbot
    talk: ChatbotTalk
    text: str
    locale: str
    started: float
    is_first: bool = False

    def phrase(self, name: str) -> str:
        return bot_says.phrase(name, self.locale)


def take(conversation_id: int, bot: Chatbot, message: InboundMessage) -> bool:
    """Let the bot have this message; False where it is for a human, or for the next step. What goes
    wrong here is undone and logged: the message is kept, and waits for a human."""
    try:
        with db.session.begin_nested():
            return _take(conversation_id, bot, message)
    except OperationalError:  # the database is away or the row is held: the whole message waits
        raise
    except Exception:
        log.exception("bot_failed", conversation_id=conversation_id, bot_id=bot.id)
        return False


def _take(conversation_id: int, bot: Chatbot, message: InboundMessage) -> bool:
    started = time.perf_counter()
    # Afresh: the message that has just come changed it behind the session's back
    row = db.session.get(Conversation, conversation_id, populate_existing=True)
    if row is None or not bot_says.can_speak(row):
        return False
    is_first = db.session.get(ChatbotTalk, row.id) is None
    talk = bot_talks.of(row, bot)
    if bot_talks.is_silent(row, talk, bot):
        return False
    text = (message.text or "").strip()[:LONGEST_QUESTION]
    turn = Turn(row, bot, talk, text, bot_ratings.locale_of(row), started, is_first)
    if bot_ratings.hear(row, bot, talk, text, message.choice_id):
        bot_says.say(row, turn.phrase("rated"))
        return True
    if message.kind in NO_WORDS:
        return True
    if smalltalk.kind_of(text) is None:
        _overtake(turn)
    moment = now()
    schedule = bot_hours.of(bot, moment)
    if not schedules.is_awake(schedule, moment):
        _closed(turn, schedules.next_change(schedule, moment))
        return False
    talk.rating_due_at = None
    if bot_talks.is_machine(talk, text or message.kind):
        _call_human(turn, "loop")
        return False
    if not text:  # a photo or a voice: only a human can see or hear it
        flag(turn.row, turn.bot, "no_words")
        return False
    wanted = bot_offers.chosen(talk, text, message.choice_id)
    if wanted == AGENT:
        return _escalate(turn, "button", None)
    pair = bot_offers.pair_of(bot, wanted)
    if pair is not None:
        return _choose(turn, pair)
    shipping = ongkir.take(row, text, turn.locale)
    if shipping is not None:
        return _quote_shipping(turn, shipping)
    return _answer(turn, decide(bot, text))


# --- the moves ---------------------------------------------------------------------------------


def _answer(turn: Turn, decision: Decision) -> bool:
    if decision.outcome != "greeting" or not bot_choices.is_waiting(turn.talk):
        turn.talk.offered = None
    if decision.outcome == "greeting":
        return _be_polite(turn)
    if decision.outcome == "escalate":
        return _escalate(turn, decision.reason, decision.score)
    if decision.outcome == "answer":
        pair = db.session.get(ChatbotQa, decision.best.id)
        return tell(turn, pair, decision.score)
    if decision.outcome == "suggest":
        waits = bot_choices.wait(turn.talk, turn.text, decision, turn.is_first)
        return waits or ask_back(turn, decision)
    turn.talk.misses += 1
    most = turn.bot.misses_before_human
    if most and turn.talk.misses >= most:
        return _escalate(turn, "misses", decision.score)
    said = _say(turn, turn.bot.fallback_message)
    note(turn, "fallback", said, score=decision.score)
    return True


def _quote_shipping(turn: Turn, reply: ongkir.Reply) -> bool:
    """A step of the talk about shipping costs; the costs themselves follow by a job."""
    # What we ask for is answered by a number: it is no rating then
    asks = {"question": "", "qa_ids": [], "scores": {}}
    turn.talk.offered, turn.talk.misses = asks if reply.text else None, 0
    said = None
    if reply.choices:
        choices = [Choice(f"{SHIPPING}{number}", text) for number, text in enumerate(reply.choices, 1)]
        said = bot_says.offer(turn.row, _greeted(turn, reply.text), choices, turn.phrase("choose"))
    elif reply.text:
        said = _say(turn, reply.text)
    elif turn.is_first and turn.bot.greeting:
        said = _say(turn, "")
    note(turn, "ongkir", said if reply.text else None)
    if reply.calls_human:
        flag(turn.row, turn.bot, "ongkir")
    return True


def tell(turn: Turn, pair: ChatbotQa, score: float | None, reason: str | None = None) -> bool:
    said = _say(turn, pair.answer)
    turn.talk.misses = 0
    note(turn, "answer", said, score=score, pair_id=pair.id, reason=reason)
    if turn.bot.asks_rating and turn.talk.rating_asked_at is None:
        turn.talk.rating_due_at = now() + bot_ratings.SILENCE
    return True


def ask_back(turn: Turn, decision: Decision) -> bool:
    """The likeliest questions as choices, and a human as the last one."""
    ids = [match.id for match in decision.matches]
    questions = dict(
        db.session.execute(select(ChatbotQa.id, ChatbotQa.question).where(ChatbotQa.id.in_(ids))).all()
    )
    ids = [qa_id for qa_id in ids if qa_id in questions]
    choices = [Choice(f"{QA}{qa_id}", questions[qa_id]) for qa_id in ids]
    choices.append(Choice(AGENT, turn.phrase("agent")))
    said = bot_says.offer(turn.row, _greeted(turn, turn.phrase("suggest")), choices, turn.phrase("choose"))
    scores = {str(match.id): match.score for match in decision.matches}
    turn.talk.offered = {"question": turn.text[:300], "qa_ids": ids, "scores": scores}
    note(turn, "suggest", said, score=decision.score)
    return True


def _choose(turn: Turn, pair: ChatbotQa) -> bool:
    """Answer what was chosen; what the customer had written teaches the bot's ranking."""
    offered = turn.talk.offered or {}
    if pair.id in offered.get("qa_ids", []):
        bot_offers.learn(turn.bot, pair.id, offered["question"])
    turn.talk.offered = None
    return tell(turn, pair, offered.get("scores", {}).get(str(pair.id)), reason="choice")


def _be_polite(turn: Turn) -> bool:
    """A greeting is greeted, thanks are the moment to ask for the rating, a nod needs nothing."""
    kind = smalltalk.kind_of(turn.text)
    if kind == "thanks" and bot_ratings.may_ask(turn.bot, turn.talk):
        bot_ratings.ask(turn.row, turn.bot, turn.talk, turn.locale)
        return True
    if kind == "nod" and not turn.is_first:
        return True
    if turn.is_first and turn.bot.greeting:
        said = _say(turn, "")
    else:
        said = _say(turn, turn.phrase("welcome" if kind == "thanks" else "hello"))
    note(turn, "greeting", said)
    return True


def _closed(turn: Turn, ends_at) -> None:
    """Outside its hours: say so once per closed period, and let a human know."""
    text = turn.bot.outside_hours_message
    if text and bot_talks.take_notice(turn.row, turn.bot, ends_at):
        bot_says.say(turn.row, text)
    flag(turn.row, turn.bot, "outside_hours")


def _overtake(turn: Turn) -> None:
    """A question for which a language model was to choose counts no more: something newer was said."""
    waited = bot_choices.withdraw(turn.row.id) if bot_choices.is_waiting(turn.talk) else None
    if waited is None:
        return
    turn.talk.offered = None
    before = replace(turn, text=waited.question, started=bot_choices.begun(waited))
    note(before, "suggest", None, score=bot_choices.decision_of(waited).score, reason="overtaken")
    turn.is_first = turn.is_first or waited.is_first  # nobody was greeted yet


# --- calling a human ---------------------------------------------------------------------------


def _escalate(turn: Turn, reason: str, score: float | None) -> bool:
    """Say that a human comes. False: the next step of the routing (the queue's menu) may follow."""
    said = _say(turn, turn.bot.escalation_message)
    note(turn, "escalate", said, score=score, reason=reason)
    _hand_over(turn, reason)
    return False


def _call_human(turn: Turn, reason: str) -> None:
    """Without a word: whoever is there may be a machine."""
    note(turn, "escalate", None, reason=reason)
    _hand_over(turn, reason)


def _hand_over(turn: Turn, reason: str) -> None:
    turn.talk.has_it, turn.talk.offered, turn.talk.rating_due_at = False, None, None
    flag(turn.row, turn.bot, reason)


def flag(row: Conversation, bot: Chatbot, reason: str) -> None:
    if row.needs_human:
        return
    row.needs_human = True
    activity.log(row, "needs_human", None, reason=reason, bot=bot.name)
    activity.changed(row, None, {"needs_human": True})


# --- helpers -----------------------------------------------------------------------------------


def _greeted(turn: Turn, text: str) -> str:
    """The greeting stands before the bot's first words, in the same message."""
    if turn.is_first and turn.bot.greeting:
        return f"{turn.bot.greeting}\n\n{text}" if text else turn.bot.greeting
    return text


def _say(turn: Turn, text: str) -> str:
    said = _greeted(turn, text)
    bot_says.say(turn.row, said)
    return said


def note(
    turn: Turn,
    outcome: str,
    said: str | None,
    *,
    score: float | None = None,
    pair_id: int | None = None,
    reason: str | None = None,
) -> None:
    made = ChatbotInteraction(
        bot_id=turn.bot.id,
        conversation_id=turn.row.id,
        question=turn.text,
        answer=said,
        confidence_score=score,
        matched_qa_id=pair_id,
        response_time_ms=round((time.perf_counter() - turn.started) * 1000),
        was_escalated=outcome == "escalate",
        outcome=outcome,
        reason=reason,
    )
    db.session.add(made)
    db.session.flush()
    if outcome == "answer":
        turn.talk.last_interaction_id = made.id
