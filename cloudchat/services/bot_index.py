"""The index of each bot, kept in this process until the bot's pairs change."""

import time
from collections import OrderedDict
from threading import Lock, Thread

from sqlalchemy import select

from cloudchat.events import SentencesWanted, publish_once
from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotPhrase, ChatbotQa
from cloudchat.services import bot_sentences
from cloudchat.services.matching import Index, Match, Pair, sentences
from cloudchat.services.matching.index import texts_of

MOST_KEPT = 20_000  # pairs in all the indexes of a process together
MOST_LEARNED = 20  # phrases of a pair that its ranking learns from, the most frequent first
AT_ONCE = 200  # pairs that a customer may wait for: the index of more takes a second or two
ASK_AGAIN = 3.0  # seconds until it is looked for sentences that were not there

_kept: OrderedDict[int, tuple[int, Index]] = OrderedDict()
_lock = Lock()
_builders: dict[int, Lock] = {}
_ask_again: dict[int, float] = {}  # by bot, in the time of this process


def rank(bot: Chatbot, text: str, limit: int) -> list[Match]:
    """The likeliest pairs of the bot as it is now, best first. `bot` must have been read in this transaction:
    its version is what tells that another process changed the pairs. While the index of many pairs is made
    anew, the one before answers for the pairs that are still there."""
    version, index = _known(bot.id)
    if version == bot.qa_version:
        return _complete(bot, index).rank(text, limit)
    pairs = _pairs(bot.id)
    if index is None or len(pairs) <= AT_ONCE:
        return _complete(bot, _built(bot.id, bot.qa_version, pairs)).rank(text, limit)
    Thread(target=_renew, args=(bot.id, bot.qa_version, pairs), daemon=True).start()
    there = {pair.id for pair in pairs}
    return [match for match in index.rank(text, len(index.pairs)) if match.id in there][:limit]


def read_sentences(bot_id: int) -> None:
    """Make what `rank` will look for; the work of a job."""
    pairs = _pairs(bot_id)
    db.session.commit()  # no transaction is open for the half minute that this may take
    if sentences.are_possible(len(pairs)):
        bot_sentences.learn(bot_id, texts_of(pairs))


def _complete(bot: Chatbot, index: Index) -> Index:
    """With the sentences of its pairs, once all are there; a job is asked for them until then."""
    if index.knows_sentences or time.monotonic() < _ask_again.get(bot.id, 0):
        return index
    if sentences.are_possible(len(index.pairs)):
        texts = texts_of(index.pairs)
        vectors = bot_sentences.known(texts)
        if len(vectors) == len(texts):
            index.know(vectors)
            return index
        publish_once(SentencesWanted(bot.organization_id, bot.id))
    _ask_again[bot.id] = time.monotonic() + ASK_AGAIN
    return index


def _known(bot_id: int) -> tuple[int | None, Index | None]:
    with _lock:
        if bot_id in _kept:
            _kept.move_to_end(bot_id)
        return _kept.get(bot_id, (None, None))


def _built(bot_id: int, version: int, pairs: list[Pair]) -> Index:
    with _building(bot_id):  # whoever comes meanwhile waits for the first to be done
        return _keep_unless_there(bot_id, version, pairs)


def _renew(bot_id: int, version: int, pairs: list[Pair]) -> None:
    building = _building(bot_id)
    if building.acquire(blocking=False):  # else somebody is at it, and the next question asks again
        try:
            _keep_unless_there(bot_id, version, pairs)
        finally:
            building.release()


def _keep_unless_there(bot_id: int, version: int, pairs: list[Pair]) -> Index:
    kept, index = _known(bot_id)
    if kept == version:
        return index
    made = Index(pairs)
    with _lock:
        if kept is None or version > kept:
            _kept[bot_id] = (version, made)
            _kept.move_to_end(bot_id)
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
