"""In which directions of the sentence model customers' questions differ (`data/directions.npz`).

Fisher's discriminant: where a question is near the texts of the pair that answers it, and pairs are far
from each other, by the shops that it is given.
"""

from hashlib import sha256
from itertools import combinations

import numpy as np

from cloudchat.services.matching.sentences import Directions
from cloudchat.services.matching.shops import Shop

DIMENSIONS = 64
SMOOTHED = 0.3  # how much of an even spread is mixed into the spread that was seen


def texts_of(shop: Shop) -> list[str]:
    entered = [text for pair in shop.pairs for text in (*pair.texts, pair.answer)]
    return [*entered, *(text for text, _ in shop.questions)]


def fit(shops: list[Shop], raw: dict[str, np.ndarray]) -> Directions:
    within = np.array([difference for shop in shops for difference in _within(shop, raw)])
    spread = within.T @ within / len(within)
    spread += SMOOTHED * np.trace(spread) / len(spread) * np.eye(len(spread))
    values, axes = np.linalg.eigh(spread)
    even = axes * values**-0.5 @ axes.T
    told = np.array([raw[text] for shop in shops for text in _told(shop)])
    _, best = np.linalg.eigh(even.T @ np.cov(told.T) @ even)
    found = even @ best[:, -DIMENSIONS:]
    version = sha256(np.round(found, 3).tobytes()).hexdigest()[:12]
    return Directions(told.mean(0).astype(np.float32), found.astype(np.float32), version)


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
