"""What customers asked and the bot did not know, the like put together."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cloudchat.services.bot_reports import Asked
from cloudchat.services.matching.words import STOPWORDS, plain, read
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run

MOST_TEXTS = 500  # different ones that are compared, the most frequent first
MOST_EXAMPLES = 5
ALIKE = 0.6  # of what both say, at least this share is said by both

# `reason` tells a question that found no answer from a customer who wanted a human
UNMATCHED = """
    i.question <> '' and (i.outcome = 'fallback'
        or (i.outcome = 'escalate' and i.reason in ('misses', 'low_score')))
"""

_TEXTS = f"""
    select (array_agg(question order by id desc))[1] as question, count(*) as count,
           max(created_at) as last_at
    from chatbot_interactions i
    where i.organization_id = %(organization_id)s and i.bot_id = %(bot_id)s
      and i.created_at >= %(start)s and i.created_at < %(finish)s and {UNMATCHED}
    group by lower(regexp_replace(btrim(question), '\\s+', ' ', 'g'))
    order by count desc, last_at desc limit %(most)s
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

    def likes(self, words: frozenset[str], letters: frozenset[str]) -> bool:
        return max(_shared(self.words, words), _shared(self.letters, letters)) >= ALIKE

    def take(self, row) -> None:
        self.count += row.count
        self.last_at = max(self.last_at, row.last_at)
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(row.question)


def clusters(wanted: Asked) -> list[dict[str, Any]]:
    """The questions without an answer, asked most often first; `examples` are other ways they were put."""
    found: list[Cluster] = []
    for row in run(_TEXTS, most=MOST_TEXTS, **wanted.values()):
        words, letters = _words_of(row.question), _letters_of(row.question)
        like = next((cluster for cluster in found if cluster.likes(words, letters)), None)
        if like:
            like.take(row)
        else:
            found.append(Cluster(row.question, words, letters, row.count, row.last_at, [row.question]))
    found.sort(key=lambda cluster: (-cluster.count, cluster.question))
    return [
        {
            "question": cluster.question,
            "count": cluster.count,
            "examples": cluster.examples,
            "last_at": iso(cluster.last_at),
        }
        for cluster in found
    ]


def _words_of(text: str) -> frozenset[str]:
    words = read(text)
    return frozenset(word for word in words if word not in STOPWORDS) or frozenset(words)


def _letters_of(text: str) -> frozenset[str]:
    """Groups of three letters; the bare text where there are none (emojis, another script)."""
    bare = f" {plain(text)} "
    return frozenset(bare[at : at + 3] for at in range(len(bare) - 2)) or frozenset({text})


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
