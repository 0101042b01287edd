"""The index of each bot, kept in this process until the bot's pairs change."""

from collections import OrderedDict
from threading import Lock

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotPhrase, ChatbotQa
from cloudchat.services.matching import Index, Pair

MOST_KEPT = 20_000  # pairs in all the indexes of a process together
MOST_LEARNED = 20  # phrases of a pair that its ranking learns from, the most frequent first

_kept: OrderedDict[int, tuple[int, Index]] = OrderedDict()
_lock = Lock()
_builders: dict[int, Lock] = {}


def of(bot: Chatbot) -> Index:
    """The index of the bot as it is now. `bot` must have been read in this transaction: its version
    is what tells that another process changed the pairs."""
    with _lock:
        version, index = _kept.get(bot.id, (None, None))
        if version == bot.qa_version:
            _kept.move_to_end(bot.id)
            return index
    with _building(bot.id):  # whoever comes meanwhile waits for the first to be done
        version, index = _kept.get(bot.id, (None, None))
        return index if version == bot.qa_version else _keep(bot)


def _keep(bot: Chatbot) -> Index:
    made = Index(_pairs(bot.id))
    with _lock:
        _kept[bot.id] = (bot.qa_version, made)
        _kept.move_to_end(bot.id)
        while len(_kept) > 1 and sum(len(index.pairs) for _, index in _kept.values()) > MOST_KEPT:
            _kept.popitem(last=False)
    return made


def _building(bot_id: int) -> Lock:
    with _lock:
        return _builders.setdefault(bot_id, Lock())


def _pairs(bot_id: int) -> list[Pair]:
    learned: dict[int, list[str]] = {}
    phrases = select(ChatbotPhrase.qa_id, ChatbotPhrase.text).where(ChatbotPhrase.bot_id == bot_id)
    for qa_id, text in db.session.execute(phrases.order_by(ChatbotPhrase.count.desc(), ChatbotPhrase.id)):
        if len(learned.setdefault(qa_id, [])) < MOST_LEARNED:
            learned[qa_id].append(text)
    rows = db.session.execute(
        select(ChatbotQa.id, ChatbotQa.question, ChatbotQa.alternatives, ChatbotQa.answer)
        .where(ChatbotQa.bot_id == bot_id, ChatbotQa.is_active)
        .order_by(ChatbotQa.id)
    )
    return [
        Pair(qa_id, (question, *alternatives), answer, tuple(learned.get(qa_id, ())))
        for qa_id, question, alternatives, answer in rows
    ]
