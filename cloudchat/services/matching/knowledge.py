"""What speaks for a pair though the question uses other words: senses, kinds, contraries, what is asked for.

A word is met by itself, by one of the same sense, or by one about the same; how well it is met is its level.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import sqrt

import numpy as np

from cloudchat.services.matching.senses import (
    KINDS,
    asked_by,
    concepts_of,
    contraries_of,
    senses_by_word,
)
from cloudchat.services.matching.vectors import Postings, breathing, rarity_of, unit
from cloudchat.services.matching.words import CONCEPTS, STOPWORDS

EXACT, SAME_SENSE, SAME_TOPIC = 1.0, 0.75, 0.35
STOP_SHARE = 0.3  # of the weight of a sense, when a word shows it that says little
Senses = dict[str, frozenset[str]]  # of each word of a text


class Knowledge:
    """The texts of all pairs by what their words have to do with others. `texts` and `answers` are words;
    `starts` are the first texts of the pairs; `weigh` says how much each word of a text says."""

    def __init__(self, texts: Sequence[list[str]], answers: Sequence[list[str]], starts: np.ndarray, weigh):
        self._starts, self._weigh = starts, weigh
        pairs = [
            [word for text in texts[start:end] for word in text]
            for start, end in pairwise([*starts, len(texts)])
        ]
        by_text, by_answer = _senses_of(texts), _senses_of(answers)
        unions = [[*own, *answer] for own, answer in zip(pairs, answers, strict=True)]
        by_union = _senses_of(unions)
        self._sense_rarity = rarity_of([Counter(_all(senses)) for senses in by_union])
        self._topic_rarity = rarity_of([concepts_of(words) for words in pairs])
        self._by_sense = Postings([self._sense_vector(senses) for senses in by_text])
        self._answer_by_sense = Postings([self._sense_vector(senses) for senses in by_answer])
        self._by_topic = Postings([self._topic_vector(words) for words in texts])
        self._asking = Postings([unit(asked_by(words)) for words in texts])
        self._text_levels, self._pair_levels = _Levels(by_text), _Levels(by_union)
        self._units, self._unit_weights, self._unit_starts = _units(by_text, weigh)
        self._mass = np.add.reduceat(self._unit_weights, self._unit_starts)
        self._words = Postings([dict.fromkeys(words, 1.0) for words in pairs])
        self._kinds = Postings([dict.fromkeys(_kinds_of(words), 1.0) for words in pairs])

    def measures(self, words: list[str]) -> list[np.ndarray]:
        """What speaks for each pair."""
        senses = senses_by_word(words)
        vector = self._sense_vector(senses)
        weights = self._weights(senses)
        of_text = np.add.reduceat(self._units.best(senses) * self._unit_weights, self._unit_starts)
        return [
            self._best(self._by_sense.dot(vector)),
            self._answer_by_sense.dot(vector),
            self._best(self._by_topic.dot(self._topic_vector(words))),
            self._best(self._text_levels.share(senses, weights)),
            self._pair_levels.share(senses, weights),
            self._best(of_text / self._mass),
            self._best(self._asking.dot(unit(asked_by(words)))),
        ]

    def faults(self, words: list[str]) -> list[np.ndarray]:
        """What speaks against each pair: it says the contrary, or names another thing of the same kind."""
        contrary = self._words.rows_with(contraries_of(words))
        other = np.zeros(len(self._starts))
        for word in words:
            for kind in KINDS.get(word, ()):
                same = self._words.rows_with((word, kind))
                other = np.maximum(other, self._kinds.rows_with((kind,)) * (1 - same))
        return [contrary, other]

    def _best(self, values: np.ndarray) -> np.ndarray:
        return np.maximum.reduceat(values, self._starts)

    def _weights(self, senses: Senses) -> dict[str, float]:
        """How much each word of a question says; one that no pair has says as much as its rarest sense."""
        found = self._weigh(list(senses))
        for word, own in senses.items():
            known = [self._sense_rarity[sense] for sense in own if sense in self._sense_rarity]
            if known and word not in self._words.terms and word not in STOPWORDS:
                found[word] = max(known)
        return found

    def _sense_vector(self, senses: Senses) -> dict[str, float]:
        vector: Counter = Counter()
        for word, own in senses.items():
            share = (STOP_SHARE if word in STOPWORDS else 1.0) / sqrt(len(own) or 1)
            for sense in own:
                vector[sense] += self._sense_rarity.get(sense, 1.0) * share
        return unit(vector)

    def _topic_vector(self, words: list[str]) -> dict[str, float]:
        topics = concepts_of(words)
        return unit({topic: value * self._topic_rarity.get(topic, 1.0) for topic, value in topics.items()})


class _Levels:
    """How well the words of a question are met in each row."""

    def __init__(self, rows: Sequence[Senses]):
        self._words = Postings([dict.fromkeys(row, 1.0) for row in rows])
        self._senses = Postings([dict.fromkeys(_all(row), 1.0) for row in rows])
        self._topics = Postings([dict.fromkeys(_topics(row), 1.0) for row in rows])

    def best(self, senses: Senses) -> np.ndarray:
        """The best level that any of the words reaches in each row."""
        level = SAME_TOPIC * self._topics.rows_with(_topics(senses))
        level = np.maximum(level, SAME_SENSE * self._senses.rows_with(_all(senses)))
        return np.maximum(level, EXACT * self._words.rows_with(senses))

    def share(self, senses: Senses, weights: dict[str, float]) -> np.ndarray:
        """How much of the question is met in each row."""
        total = sum(weights.values()) or 1.0
        found = np.zeros(self._words.count)
        for word, own in senses.items():
            found += self.best({word: own}) * (weights[word] / total)
        return found


def _senses_of(texts: Sequence[list[str]]) -> list[Senses]:
    return [senses_by_word(text) for text in breathing(texts)]


def _units(texts: Sequence[Senses], weigh) -> tuple[_Levels, np.ndarray, np.ndarray]:
    """The words of all texts, a row each; how much each says; and where each text starts."""
    padded = [text or {"": frozenset()} for text in texts]
    starts = np.cumsum([0, *map(len, padded)])[:-1]
    weights = [weight for text in padded for weight in weigh(list(text)).values()]
    return _Levels([{word: own} for text in padded for word, own in text.items()]), np.array(weights), starts


def _all(senses: Senses) -> set[str]:
    return {sense for own in senses.values() for sense in own}


def _topics(words: Iterable[str]) -> set[str]:
    return {topic for word in words for topic in CONCEPTS.get(word, ())}


def _kinds_of(words: Iterable[str]) -> set[str]:
    return {kind for word in words for kind in KINDS.get(word, ())}
