"""The pairs of one bot, ready to be asked."""

import re
from collections import Counter
from dataclasses import dataclass
from math import log, sqrt


@dataclass(frozen=True)
class Pair:
    """A question with the other ways to ask it, what customers wrote who meant it, and its answer."""

    id: int
    texts: tuple[str, ...]
    answer: str = ""
    learned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """A pair and how sure it is, 0 to 100; `why` are the words that spoke for it."""

    id: int
    score: float
    why: tuple[str, ...] = ()


class Index:
    """Built once per version of a bot's pairs; `rank` may be called by many at once."""

    def __init__(self, pairs: list[Pair]):
        self.pairs = pairs
        grams = [[_grams(text) for text in (*pair.texts, *pair.learned)] for pair in pairs]
        seen = Counter(gram for texts in grams for text in texts for gram in set(text))
        total = sum(map(len, grams)) or 1
        self.weight = {gram: log(1 + total / count) for gram, count in seen.items()}
        self.vectors = [[self._unit(text) for text in texts] for texts in grams]

    def rank(self, text: str, limit: int = 10) -> list[Match]:
        asked = self._unit(_grams(text))
        found = [
            Match(pair.id, round(100 * max((_dot(asked, vector) for vector in vectors), default=0), 2))
            for pair, vectors in zip(self.pairs, self.vectors, strict=True)
        ]
        return sorted(found, key=lambda match: (-match.score, match.id))[:limit]

    def _unit(self, grams: Counter) -> dict[str, float]:
        vector = {gram: count * self.weight.get(gram, 1.0) for gram, count in grams.items()}
        length = sqrt(sum(value * value for value in vector.values())) or 1.0
        return {gram: value / length for gram, value in vector.items()}


def _grams(text: str) -> Counter:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return Counter(f" {word} "[at : at + 3] for word in words for at in range(len(word)))


def _dot(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(value * other.get(gram, 0.0) for gram, value in one.items())
