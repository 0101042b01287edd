"""The end of a turn for which a language model was asked: its choice, or what the bot says by itself."""

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from cloudchat.extensions import db
from cloudchat.models import AssistantChoice, Chatbot, ChatbotTalk, Conversation
from cloudchat.services import bot_choices, bot_offers, bot_ratings, bot_says, bot_talks, bots
from cloudchat.services.bot_says import QA
from cloudchat.services.queueing import entries

log = structlog.get_logger(__name__)


def settle(conversation_id: int) -> None:
    """Ask the model and answer the customer, once, however often this runs; commits. A customer who wrote
    again meanwhile, or a human, comes first."""
    taken = bot_choices.take_up(conversation_id)
    if taken is None:
        return
    due_at, chosen = taken
    row = db.session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update(of=Conversation)
        .execution_options(populate_existing=True)
    )
    waiting = db.session.get(AssistantChoice, conversation_id, populate_existing=True)
    if row is not None and waiting is not None and waiting.due_at == due_at:
        _end_or_call(row, waiting, chosen)
    db.session.commit()


def _end_or_call(row: Conversation, waiting: AssistantChoice, chosen: int | None) -> None:
    """What goes wrong here is undone and logged, and a human called: else it would go wrong with every sweep
    while the customer waits."""
    conversation_id, bot_id = row.id, waiting.bot_id
    try:
        with db.session.begin_nested():
            return _end(row, waiting, chosen)
    except OperationalError:  # the database is away or a row is held: the sweeper comes again
        raise
    except Exception:
        log.exception("bot_failed", conversation_id=conversation_id, bot_id=bot_id)
    bot_choices.withdraw(conversation_id)
    talk = db.session.get(ChatbotTalk, conversation_id, populate_existing=True)
    if talk is None or not bot_choices.is_waiting(talk):
        return
    talk.offered = None
    if row.assignee_id is None and row.status == "open":
        bots.flag(row, db.session.get(Chatbot, bot_id), "failed")


def _end(row: Conversation, waiting: AssistantChoice, chosen: int | None) -> None:
    decision = bot_choices.decision_of(waiting)
    talk = db.session.get(ChatbotTalk, row.id, populate_existing=True)
    bot = db.session.get(Chatbot, waiting.bot_id, populate_existing=True)
    bot_choices.withdraw(row.id)
    started, locale = bot_choices.begun(waiting), bot_ratings.locale_of(row)
    turn = bots.Turn(row, bot, talk, waiting.question, locale, started, waiting.is_first)
    if talk is None or not _may_speak(turn):
        bots.note(turn, "suggest", None, score=decision.score, reason="overtaken")
        return
    talk.offered = None
    pair = bot_offers.pair_of(bot, f"{QA}{chosen}")
    if pair is None:
        bots.ask_back(turn, decision)
        return
    scores = {match.id: match.score for match in decision.candidates}
    bots.tell(turn, pair, scores.get(pair.id), reason="assistant")


def _may_speak(turn: bots.Turn) -> bool:
    """Does the customer still wait for the bot, and for nobody else?"""
    row, talk, bot = turn.row, turn.talk, turn.bot
    if not bot_choices.is_waiting(talk) or talk.bot_id != bot.id or not bot.is_active:
        return False
    if row.assignee_id is not None or row.status != "open" or not bot_says.can_speak(row):
        return False
    return not bot_talks.is_silent(row, talk, bot) and entries.live(row.id) is None
