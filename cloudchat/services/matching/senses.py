"""What words have to do with each other: the same sense, the same kind of thing, the contrary, and what a
question wants to know. Look-ups in the lists of `data/`, which are written by hand.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from math import sqrt

from cloudchat.services.matching.lists import grouped, lines, words
from cloudchat.services.matching.words import CONCEPTS, STOPWORDS, normal

LONGEST_PHRASE = 3
STOP_WEIGHT = 0.15  # of a word that says little
_BETWEEN = frozenset(words("between"))  # may stand inside a phrase


def _table(groups: Iterable[tuple[str, Iterable[str]]]) -> dict[str, frozenset[str]]:
    """From groups of words to the groups of a word."""
    found: dict[str, set[str]] = {}
    for name, members in groups:
        for member in members:
            word = normal(member)
            if word not in STOPWORDS or word == member:  # "teh" is rather a form of address
                found.setdefault(word, set()).add(name)
    return {word: frozenset(names) for word, names in found.items()}


def _contraries() -> dict[str, frozenset[str]]:
    pairs = [tuple(map(normal, line.split())) for line in lines("opposites")]
    return _table((one, (other,)) for pair in pairs for one, other in (pair, pair[::-1]))


_KINDS = grouped("kinds")
SENSES = _table(
    [
        *((f"sense:{at}", line.split()) for at, line in enumerate(lines("senses"))),
        *((f"kind:{name}", (name, *members)) for name, members in _KINDS.items()),
    ]
)
KINDS = _table(_KINDS.items())
CONTRARIES = _contraries()
ASKING = _table(grouped("asking").items())
_PHRASES = frozenset(word for word in (*SENSES, *ASKING, *CONTRARIES) if "_" in word)


def concepts_of(said: Iterable[str]) -> Counter:
    """What words are about; a word of several concepts says less of each."""
    found: Counter = Counter()
    for word in dict.fromkeys(said):
        concepts = CONCEPTS.get(word, ())
        weight = (STOP_WEIGHT if word in STOPWORDS else 1.0) / sqrt(len(concepts) or 1)
        for concept in concepts:
            found[concept] += weight
    return found


def senses_by_word(said: list[str]) -> dict[str, frozenset[str]]:
    """The senses of each word, those included that it has only beside its neighbours."""
    found = {word: SENSES.get(word, frozenset()) for word in said if "_" not in word}
    for phrase, members in _phrases_in(tuple(said)):
        for member in members:
            found[member] |= SENSES.get(phrase, frozenset())
    return found


def asked_by(said: list[str]) -> dict[str, float]:
    """What a text wants to know ("when", "price", …)."""
    return {name: 1.0 for term in _terms(said) for name in ASKING.get(term, ())}


def contraries_of(said: list[str]) -> frozenset[str]:
    """The contraries of the words of a text, as far as it does not say them itself."""
    terms = _terms(said)
    return frozenset(other for term in terms for other in CONTRARIES.get(term, ())) - terms


def _terms(said: list[str]) -> frozenset[str]:
    return frozenset(said) | {phrase for phrase, _ in _phrases_in(tuple(said))}


@lru_cache(maxsize=4096)
def _phrases_in(text: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The phrases that we know in a text, with their words; small words between them do not matter."""
    said = [word for word in text if "_" not in word]
    found = {}
    for told in (said, [word for word in said if word not in _BETWEEN]):
        for size in range(2, LONGEST_PHRASE + 1):
            for at in range(len(told) - size + 1):
                members = tuple(told[at : at + size])
                if (phrase := "_".join(members)) in _PHRASES:
                    found[phrase] = members
    return tuple(found.items())
