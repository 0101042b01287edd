"""What speaks for each pair of a bot: likeness of letters, of words, of what they are about.

All pairs are measured at once. Words, letter groups and concepts are postings: for each, the texts
in which it stands and how much it weighs there, so a question costs as much as its own few words.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

import numpy as np

from cloudchat.services.matching.knowledge import Knowledge
from cloudchat.services.matching.senses import STOP_WEIGHT, concepts_of
from cloudchat.services.matching.vectors import Postings, breathing, rarity_of, unit
from cloudchat.services.matching.words import CONCEPTS, STOPWORDS, Speller, plain, read

GRAM = 3


@dataclass
class Asked:
    """A question, taken apart."""

    words: list[str]
    grams: Counter
    concepts: Counter
    unknown: float = 0.0  # share of its weight in words that no pair has
    weight: dict[str, float] = field(default_factory=dict)


class Texts:
    """The texts of all pairs of a bot, and how alike a question is to each pair."""

    def __init__(self, groups: Sequence[Sequence[str]], answers: Sequence[str]):
        self.groups = len(groups)
        texts = [text for group in groups for text in group]
        known = {word for text in (*texts, *answers) for word in plain(text).split()}
        self.speller = Speller(known)
        self._words = [read(text) for text in breathing(texts)]
        self._starts = np.cumsum([0, *(max(1, len(group)) for group in groups)])[:-1]
        self._of_group = [
            range(start, start + len(group)) for start, group in zip(self._starts, groups, strict=True)
        ]
        answer_words = [read(text) for text in answers]
        self._weigh([*self._words_by_group(), *answer_words])
        self._by_word = Postings([unit(self._weighed(words)) for words in self._words])
        self._has_word = Postings([dict.fromkeys(words, 1.0) for words in self._words])
        self._mass = np.array([sum(self._weighed(words).values()) or 1.0 for words in self._words])
        self._gram_weight = rarity_of([_grams(" ".join(words)) for words in self._words])
        self._by_gram = Postings([self._gram_vector(words) for words in self._words])
        self._by_concept = Postings([unit(concepts_of(words)) for words in self._words])
        self._knowledge = Knowledge(self._words, answer_words, self._starts, self._weighed)
        unions = [[*own, *answer] for own, answer in zip(self._words_by_group(), answer_words, strict=True)]
        self._sets = [frozenset(words) for words in unions]
        self._in_union = Postings([dict.fromkeys(words, 1.0) for words in unions])
        self._in_texts = Postings([dict.fromkeys(words, 1.0) for words in self._words_by_group()])
        self._answer_by_word = Postings([unit(self._weighed(words)) for words in answer_words])
        self._answer_by_concept = Postings([unit(concepts_of(words)) for words in answer_words])
        self._union_by_concept = Postings([unit(concepts_of(words)) for words in self._words_by_group()])

    # --- what the index asks -------------------------------------------------------------------

    def ask(self, text: str) -> Asked:
        words = read(text, self.speller)
        weight = self._weighed(words)
        total = sum(weight.values()) or 1.0
        unknown = sum(value for word, value in weight.items() if word not in self._rarity) / total
        return Asked(words, self._gram_vector(words), concepts_of(words), unknown, weight)

    def words_of(self, at: int) -> frozenset[str]:
        return self._sets[at]

    def weight_of(self, word: str) -> float:
        return self._rarity.get(word, 0.0)

    def shared_concepts(self, asked: Asked, at: int) -> tuple[str, ...]:
        """Words of the question that speak of the same things as the pair, in other words."""
        about = concepts_of(self._sets[at])
        return tuple(
            dict.fromkeys(
                word.replace("_", " ")
                for word in asked.words
                if word not in STOPWORDS and any(concept in about for concept in CONCEPTS.get(word, ()))
            )
        )[:4]

    def features(self, asked: Asked) -> np.ndarray:
        """One row per pair, one column per measure, each about 0 to 1."""
        total = sum(asked.weight.values()) or 1.0
        word = self._best(self._by_word.dot(unit(asked.weight)))
        matched = self._has_word.dot(asked.weight)
        of_query = self._best(matched) / total
        of_text = self._best(matched / self._mass)
        gram = self._best(self._by_gram.dot(asked.grams))
        asked_concepts = unit(asked.concepts)
        concept = self._best(self._by_concept.dot(asked_concepts))
        measures = [
            word,
            of_query,
            of_text,
            gram,
            concept,
            self._in_texts.dot(asked.weight) / total,
            self._in_union.dot(asked.weight) / total,
            self._answer_by_word.dot(unit(asked.weight)),
            self._answer_by_concept.dot(asked_concepts),
            self._union_by_concept.dot(asked_concepts),
            *self._knowledge.measures(asked.words),
        ]
        columns = [*measures, *(lead(values) for values in measures)]
        columns += self._knowledge.faults(asked.words)
        length = min(1.0, log(1 + len(asked.words)) / 3)
        about = min(1.0, len(asked.concepts) / 10)
        columns += [np.full(self.groups, value) for value in (length, asked.unknown, about)]
        return np.column_stack(columns)

    # --- helpers -------------------------------------------------------------------------------

    def _best(self, values: np.ndarray) -> np.ndarray:
        """The best text of each pair."""
        return np.maximum.reduceat(values, self._starts)

    def _words_by_group(self) -> list[list[str]]:
        return [[word for at in places for word in self._words[at]] for places in self._of_group]

    def _weigh(self, documents: Iterable[list[str]]) -> None:
        self._rarity = rarity_of([Counter(words) for words in documents])
        self._common = max(self._rarity.values(), default=1.0)

    def _weighed(self, words: list[str]) -> dict[str, float]:
        """How much each word says; one that no pair has says as much as a rare one."""
        return {
            word: self._rarity.get(word, self._common) * (STOP_WEIGHT if word in STOPWORDS else 1.0)
            for word in words
        }

    def _gram_vector(self, words: list[str]) -> dict[str, float]:
        grams = _grams(" ".join(words))
        return unit({gram: sqrt(count) * self._gram_weight.get(gram, 1.0) for gram, count in grams.items()})


def lead(values: np.ndarray) -> np.ndarray:
    """By how much each value is ahead of the best of the others."""
    if len(values) == 1:
        return values
    second, first = np.partition(values, -2)[-2:]
    return values - np.where(values == first, second, first)


def _grams(text: str) -> Counter:
    found: Counter = Counter()
    for word in text.split():
        if word in STOPWORDS:
            continue
        padded = f"^{word}$"
        found.update(padded[at : at + GRAM] for at in range(max(1, len(padded) - GRAM + 1)))
    return found
