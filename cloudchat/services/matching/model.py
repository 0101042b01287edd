"""The small model that ranks: measures of each pair in, probabilities out.

A pair's logit comes from its measures through one hidden layer; "none of them" is one more
alternative, with a logit of its own from the best measures of all. The softmax over both, bent by a
calibration table, is the probability that the pair is what was meant. `scripts/train_matching.py`
makes the weights.
"""

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cloudchat.services.matching.lists import FOLDER

PATH = FOLDER / "model.json"


@dataclass(frozen=True)
class Layer:
    """One hidden layer with a straight way past it."""

    mean: np.ndarray
    spread: np.ndarray
    hidden: np.ndarray
    bias: np.ndarray
    out: np.ndarray
    past: np.ndarray
    start: float

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        scaled = (rows - self.mean) / self.spread
        return np.tanh(scaled @ self.hidden + self.bias) @ self.out + scaled @ self.past + self.start


@dataclass(frozen=True)
class Net:
    """The layers of one training; several are averaged, since each has its own accidents."""

    pairs: Layer
    none: Layer

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        """The softmax over the pairs and, last, none of them."""
        logits = self.pairs(rows)
        none = self.none(summary(rows, logits)[None, :])
        return softmax(np.concatenate([logits, none]))


@dataclass(frozen=True)
class Model:
    """`curve` are points (probability of the softmax, share that was right), ascending."""

    nets: tuple[Net, ...]
    curve: np.ndarray

    @staticmethod
    @lru_cache(maxsize=2)
    def current(name: str) -> "Model":
        """`words`, or `sentences` with the measures of whole sentences as well."""
        return Model.load(json.loads(PATH.read_text())[name])

    @staticmethod
    def load(kept: dict) -> "Model":
        def layer(values: dict) -> Layer:
            return Layer(**{name: np.array(value) for name, value in values.items()})

        nets = tuple(Net(layer(net["pairs"]), layer(net["none"])) for net in kept["nets"])
        return Model(nets, np.array(kept["curve"]))

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The probability of each pair, calibrated."""
        return self.calibrated(self.probabilities(rows)[:-1])

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return np.mean([net.probabilities(rows) for net in self.nets], axis=0)

    def calibrated(self, probabilities: np.ndarray) -> np.ndarray:
        return np.interp(probabilities, self.curve[:, 0], self.curve[:, 1])


def summary(rows: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """What the whole question looks like: the best pair's measures, and the best of each measure."""
    return np.concatenate([rows[int(np.argmax(logits))], rows.max(axis=0)])


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max())
    return shifted / shifted.sum()
