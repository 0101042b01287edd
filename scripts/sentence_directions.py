"""In which directions of the sentence model customers' questions differ (`data/directions.npz`).

Fisher's discriminant of the shops that it is given is the start: where a question is near the texts of the
pair that answers it, and pairs are far from each other. From there the directions are turned until, of all
pairs of a shop, the right one is nearest as often as can be, and none is near to what none answers.
"""

from hashlib import sha256
from itertools import combinations

import numpy as np

from cloudchat.services.matching.sentences import Directions
from cloudchat.services.matching.shops import Shop
from scripts.adam import Adam

DIMENSIONS = 128
SMOOTHED = 0.3  # how much of an even spread is mixed into the spread that was seen
ROUNDS = 20
RATE = 0.01
SHARPNESS = 1 / 0.15
LEFT_OUT = 0.3  # share of the model's numbers that each step does without, so that none is leant on
BY_NEAREST, BY_MIDDLE, BY_ANSWER = 0.5, 0.5, 0.3  # what makes a pair near
NONE_NEAR = 0.6  # how near the right pair must be at first
NONE_WEIGHT = 0.5  # of a question that no pair answers


def texts_of(shop: Shop) -> list[str]:
    entered = [text for pair in shop.pairs for text in (*pair.texts, pair.answer)]
    return [*entered, *(text for text, _ in shop.questions)]


def fit(shops: list[Shop], raw: dict[str, np.ndarray], seed: int = 0) -> Directions:
    middle, axes = _fisher(shops, raw)
    size = np.sqrt((axes**2).mean())
    lessons = [_Lesson(shop, raw, middle, size) for shop in shops]
    values = {"axes": axes / size, "none": np.array(NONE_NEAR)}
    adam, chance = Adam(values, RATE, ROUNDS * len(lessons)), np.random.default_rng(seed)
    for _ in range(ROUNDS):
        for at in chance.permutation(len(lessons)):
            kept = (chance.random(len(middle)) >= LEFT_OUT) / (1 - LEFT_OUT)
            adam.step(lessons[at].slopes(values["axes"] * kept[:, None], values["none"], kept))
    found = values["axes"] * size
    version = sha256(np.round(found, 3).tobytes()).hexdigest()[:12]
    return Directions(middle.astype(np.float32), found.astype(np.float32), version)


class _Lesson:
    """What one shop teaches: its questions among its pairs."""

    def __init__(self, shop: Shop, raw: dict[str, np.ndarray], middle: np.ndarray, size: float):
        places = {pair.id: at for at, pair in enumerate(shop.pairs)}
        none = len(places)
        self._right = np.array([none if key is None else places[key] for _, key in shop.questions])
        weights = np.where(self._right == none, NONE_WEIGHT, 1.0)
        self._weights = weights / weights.sum() * SHARPNESS

        def read(texts: list[str]) -> np.ndarray:
            return (np.array([raw[text] for text in texts]) - middle) * size

        self._questions = read([text for text, _ in shop.questions])
        self._texts = read([text for pair in shop.pairs for text in pair.texts])
        self._answers = read([pair.answer for pair in shop.pairs])
        self._of = np.repeat(np.arange(none), [len(pair.texts) for pair in shop.pairs])
        self._starts = np.searchsorted(self._of, np.arange(none))

    def slopes(self, axes: np.ndarray, none: np.ndarray, kept: np.ndarray) -> dict[str, np.ndarray]:
        """By how much the loss (how improbable the right pairs are) rises with each value."""
        questions, texts, answers = (_Turned(x, axes) for x in (self._questions, self._texts, self._answers))
        likeness = questions.units @ texts.units.T
        nearest = np.maximum.reduceat(likeness, self._starts, axis=1)
        sums = np.add.reduceat(texts.units, self._starts)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        middles = sums / lengths
        near = BY_NEAREST * nearest + BY_MIDDLE * (questions.units @ middles.T)
        near += BY_ANSWER * (questions.units @ answers.units.T)
        logits = np.column_stack([near, np.full(len(near), none)]) * SHARPNESS
        powers = np.exp(logits - logits.max(1, keepdims=True))
        slope = powers / powers.sum(1, keepdims=True)
        slope[np.arange(len(slope)), self._right] -= 1
        slope *= self._weights[:, None]
        pairs = slope[:, :-1]
        by_text = BY_NEAREST * pairs[:, self._of] * (likeness == nearest[:, self._of])
        by_middle = BY_MIDDLE * pairs.T @ questions.units
        by_middle -= middles * (middles * by_middle).sum(1, keepdims=True)
        of_texts = by_text.T @ questions.units + (by_middle / lengths)[self._of]
        of_questions = by_text @ texts.units + pairs @ (BY_MIDDLE * middles + BY_ANSWER * answers.units)
        of_answers = BY_ANSWER * pairs.T @ questions.units
        turned = questions.slope(of_questions) + texts.slope(of_texts) + answers.slope(of_answers)
        return {"axes": turned * kept[:, None], "none": slope[:, -1].sum()}


class _Turned:
    """Texts seen along the axes, of length one each, and the way back from a slope to that of the axes."""

    def __init__(self, texts: np.ndarray, axes: np.ndarray):
        self._texts, seen = texts, texts @ axes
        self._lengths = np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-9)
        self.units = seen / self._lengths

    def slope(self, of_units: np.ndarray) -> np.ndarray:
        along = (self.units * of_units).sum(1, keepdims=True)
        return self._texts.T @ ((of_units - self.units * along) / self._lengths)


def _fisher(shops: list[Shop], raw: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    within = np.array([difference for shop in shops for difference in _within(shop, raw)])
    spread = within.T @ within / len(within)
    spread += SMOOTHED * np.trace(spread) / len(spread) * np.eye(len(spread))
    values, axes = np.linalg.eigh(spread)
    even = axes * values**-0.5 @ axes.T
    told = np.array([raw[text] for shop in shops for text in _told(shop)])
    _, best = np.linalg.eigh(even.T @ np.cov(told.T) @ even)
    return told.mean(0), even @ best[:, -DIMENSIONS:]


def _within(shop: Shop, raw: dict[str, np.ndarray]):
    """How texts differ that mean the same: a question and its pair, and the texts of a pair."""
    texts = {pair.id: pair.texts for pair in shop.pairs}
    for own in texts.values():
        yield from (raw[one] - raw[other] for one, other in combinations(own, 2))
    for question, right in shop.questions:
        yield from (raw[question] - raw[own] for own in texts.get(right, ()))


def _told(shop: Shop) -> list[str]:
    asked = [text for text, right in shop.questions if right is not None]
    return [*asked, *(text for pair in shop.pairs for text in pair.texts)]
