"""The pairs of one bot, ready to be asked: built once per version, then only read."""

from dataclasses import dataclass

import numpy as np

from cloudchat.services.matching import features, sentences
from cloudchat.services.matching.model import Model
from cloudchat.services.matching.words import STOPWORDS

DECIDED = 0.85  # a score by words from which nothing more is asked


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
    """`rank` may be called by many at once. Until `know` was called it goes by words alone."""

    def __init__(self, pairs: list[Pair]):
        self.pairs = pairs
        self._texts = features.Texts(
            [(*pair.texts, *pair.learned) for pair in pairs], [p.answer for p in pairs]
        )
        self._sentences: sentences.Sentences | None = None

    @property
    def knows_sentences(self) -> bool:
        return self._sentences is not None

    def know(self, vectors: dict[str, np.ndarray]) -> None:
        """`vectors` has all of `texts_of` the pairs."""
        if self.pairs:
            groups = [[vectors[text] for text in (*p.texts, *p.learned)] for p in self.pairs]
            self._sentences = sentences.Sentences(groups, [vectors[p.answer] for p in self.pairs])

    def rank(self, text: str, limit: int = 10) -> list[Match]:
        """The likeliest pairs, best first; none for a text without words."""
        if not self.pairs:
            return []
        asked = self._texts.ask(text)
        if not asked.words:
            return []
        scores = self._scores(asked, text)
        best = np.lexsort((np.arange(len(scores)), -scores))[:limit]
        return [
            Match(self.pairs[at].id, round(float(scores[at]) * 100, 2), self._why(asked, int(at)))
            for at in best
        ]

    def _scores(self, asked: features.Asked, text: str) -> np.ndarray:
        """By words; where they do not decide, by what the whole sentence is about as well."""
        rows = self._texts.features(asked)
        scores = Model.current("words").scores(rows)
        if self._sentences is None or scores.max() >= DECIDED:
            return scores
        measures = self._sentences.measures(sentences.vector(text))
        return Model.current("sentences").scores(with_sentences(rows, measures))

    def _why(self, asked: features.Asked, at: int) -> tuple[str, ...]:
        """What the text and the pair have in common, the rarest first."""
        shared = [word for word in asked.words if word in self._texts.words_of(at) and word not in STOPWORDS]
        weight = self._texts.weight_of
        found = sorted(dict.fromkeys(shared), key=lambda word: -weight(word))[:4]
        return tuple(word.replace("_", " ") for word in found) or self._texts.shared_concepts(asked, at)


def texts_of(pairs: list[Pair]) -> list[str]:
    """Everything of which a vector is wanted, once."""
    return list(dict.fromkeys(text for p in pairs for text in (*p.texts, *p.learned, p.answer)))


def with_sentences(rows: np.ndarray, measures: list[np.ndarray]) -> np.ndarray:
    return np.column_stack([rows, *measures, *map(features.lead, measures)])
