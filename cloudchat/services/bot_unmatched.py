"""What customers asked and the bot did not know, the like put together."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cloudchat.errors import NotFound
from cloudchat.extensions import db
from cloudchat.models import ChatbotQa
from cloudchat.services import bot_pairs
from cloudchat.services.bot_reports import Asked
from cloudchat.services.matching.words import STOPWORDS, plain, read
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run

MOST_TEXTS = 500  # different ones that are compared, the most frequent first
MOST_EXAMPLES = 5
ALIKE = 0.6  # of what both say, at least this share is said by both

# `reason` tells a question that found no answer from a customer who wanted a human
UNMATCHED = """
    i.solved_qa_id is null and i.question <> '' and (i.outcome = 'fallback'
        or (i.outcome = 'escalate' and i.reason in ('misses', 'low_score')))
"""

# Whatever its case and blanks
SAME_TEXT = "lower(regexp_replace(btrim(i.question), '\\s+', ' ', 'g'))"

_TURNS = f"""
    i.organization_id = %(organization_id)s and i.bot_id = %(bot_id)s
    and i.created_at >= %(start)s and i.created_at < %(finish)s and {UNMATCHED}
"""

_TEXTS = f"""
    select (array_agg(question order by id desc))[1] as question, count(*) as count,
           max(created_at) as last_at, {SAME_TEXT} as text
    from chatbot_interactions i where {_TURNS}
    group by {SAME_TEXT}
    order by count desc, last_at desc limit %(most)s
"""

_SOLVE = f"""
    update chatbot_interactions i set solved_qa_id = %(qa_id)s
    where {_TURNS} and {SAME_TEXT} = any(%(texts)s)
"""

_COUNT = """
    select count(*) as count from chatbot_interactions
    where organization_id = %(organization_id)s and solved_qa_id = %(qa_id)s
"""


@dataclass
class Cluster:
    """Questions that say the same in other words; the first is the one asked most."""

    question: str
    words: frozenset[str]
    letters: frozenset[str]
    count: int
    last_at: datetime
    examples: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def likes(self, words: frozenset[str], letters: frozenset[str]) -> bool:
        return max(_shared(self.words, words), _shared(self.letters, letters)) >= ALIKE

    def take(self, row) -> None:
        self.count += row.count
        self.texts.append(row.text)
        self.last_at = max(self.last_at, row.last_at)
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(row.question)


def clusters(wanted: Asked) -> list[dict[str, Any]]:
    """The questions without an answer, asked most often first; `examples` are other ways they were put."""
    return [
        {
            "question": cluster.question,
            "count": cluster.count,
            "examples": cluster.examples,
            "last_at": iso(cluster.last_at),
        }
        for cluster in _clusters(wanted)
    ]


def texts_like(wanted: Asked, question: str) -> list[str]:
    """What stands together with this question, as it is compared; nothing for one that is not there."""
    return next((cluster.texts for cluster in _clusters(wanted) if cluster.question == question), [])


def solve(wanted: Asked, question: str, values: dict[str, Any]) -> tuple[ChatbotQa, int]:
    """Make a pair from the questions that stand together with this one; they count as solved while the
    pair is there. Answers it and how many turns those were. Raises Invalid, NotFound."""
    pair = bot_pairs.add(wanted.bot_id, values)  # holds the bot: nobody else solves them meanwhile
    texts = texts_like(wanted, question)
    if not texts:
        db.session.rollback()
        raise NotFound("question")
    run(_SOLVE, qa_id=pair.id, texts=texts, **wanted.values())
    solved = run(_COUNT, qa_id=pair.id)[0].count
    db.session.commit()
    return pair, solved


def _clusters(wanted: Asked) -> list[Cluster]:
    found: list[Cluster] = []
    for row in run(_TEXTS, most=MOST_TEXTS, **wanted.values()):
        words, letters = _words_of(row.question), _letters_of(row.question)
        like = next((cluster for cluster in found if cluster.likes(words, letters)), None)
        if like:
            like.take(row)
        else:
            begun = Cluster(row.question, words, letters, row.count, row.last_at, [row.question], [row.text])
            found.append(begun)
    return sorted(found, key=lambda cluster: (-cluster.count, cluster.question))


def _words_of(text: str) -> frozenset[str]:
    words = read(text)
    return frozenset(word for word in words if word not in STOPWORDS) or frozenset(words)


def _letters_of(text: str) -> frozenset[str]:
    """Groups of three letters; the bare text where there are none (emojis, another script)."""
    bare = f" {plain(text)} "
    return frozenset(bare[at : at + 3] for at in range(len(bare) - 2)) or frozenset({text})


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
