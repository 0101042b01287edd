#!/usr/bin/env python
"""Make the weights of the matching (`cloudchat/services/matching/data/model.json`) and show what they reach.

Run as `python -m scripts.train_matching` from the root. Every shop is measured by a model that never
saw it; the weights that are kept are made from all of them. Only numpy is needed; it takes a minute.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cloudchat.services.matching import sentences
from cloudchat.services.matching.features import Texts
from cloudchat.services.matching.index import Pair, with_sentences
from cloudchat.services.matching.lists import FOLDER
from cloudchat.services.matching.model import PATH, Model, summary
from cloudchat.services.matching.sentences import Directions, Sentences
from cloudchat.services.matching.shops import Shop, from_json, own, read
from scripts.adam import Adam
from scripts.sentence_directions import fit, texts_of

UNSEEN = (Path("tests/test_bots/unseen"), Path("tests/test_bots/terse"))  # shops that are only reported on
MEASURES_OF_SENTENCES = 6  # the last columns

HIDDEN = 16
ROUNDS = 15
BATCH = 512  # questions
RATE = 0.01
DECAY = 0.003
FOLDS = 4
SEEDS = 3
ANSWER_FROM = 0.75  # where a bot answers unless told otherwise
ENTERED = 0.25  # weight of a question as an admin entered it
MADE = 0.5  # weight of a question whose pair was taken away
MADE_SHARE = 3  # every third near miss is enough


class Example:
    """A question: the measures of all pairs, and the row of the right one (None: no pair answers)."""

    def __init__(self, rows: np.ndarray, right: int | None, weight: float = 1.0, made: bool = False):
        self.rows, self.right, self.weight, self.made = rows, right, weight, made

    def narrowed(self, width: int | None) -> "Example":
        """With the first measures only."""
        return Example(self.rows[:, :width], self.right, self.weight, self.made)


@dataclass
class Measured:
    """A shop with what its pairs and questions are measured by."""

    shop: Shop
    vectors: dict[str, np.ndarray]

    def examples(self) -> list[Example]:
        """Each question as it is, and once more without the pair that answers it: a near miss. And each other
        way to ask that an admin entered, asked of a bot that does not know it."""
        pairs = self.shop.pairs
        places = {pair.id: at for at, pair in enumerate(pairs)}
        ask, found = self._asker(pairs), []
        for text, pair_id in self.shop.questions:
            right = places.get(pair_id)
            found += ask(text, right, 1.0 if right is not None else 1.5)
        for pair in pairs:
            without = self._asker([other for other in pairs if other.id != pair.id])
            own_questions = [text for text, pair_id in self.shop.questions if pair_id == pair.id]
            for text in own_questions[pair.id % MADE_SHARE :: MADE_SHARE]:
                found += without(text, None, MADE, made=True)
        return found + self._entered()

    def _entered(self) -> list[Example]:
        found, pairs = [], self.shop.pairs
        for at, pair in enumerate(pairs):
            for left_out in pair.texts if len(pair.texts) > 1 else ():
                rest = tuple(text for text in pair.texts if text != left_out)
                others = [*pairs[:at], replace(pair, texts=rest), *pairs[at + 1 :]]
                found += self._asker(others)(left_out, at, ENTERED, made=True)
        return found

    def _asker(self, pairs: list[Pair]) -> Callable[..., list[Example]]:
        texts = Texts([pair.texts for pair in pairs], [pair.answer for pair in pairs])
        groups = [[self.vectors[text] for text in pair.texts] for pair in pairs]
        said = Sentences(groups, [self.vectors[pair.answer] for pair in pairs])

        def ask(text: str, right: int | None, weight: float = 1.0, made: bool = False) -> list[Example]:
            asked = texts.ask(text)
            if not asked.words:
                return []
            rows = with_sentences(texts.features(asked), said.measures(self.vectors[text]))
            return [Example(rows, right, weight, made)]

        return ask


class Net:
    """Both layers with their gradients; see `model.py` for what they mean."""

    def __init__(self, examples: list[Example], seed: int, steps: int):
        chance = np.random.default_rng(seed)
        rows = np.concatenate([example.rows for example in examples])
        self.scale = {"pairs": (rows.mean(0), rows.std(0) + 1e-3)}
        heads = np.array(
            [np.concatenate([e.rows[np.argmax(e.rows.sum(1))], e.rows.max(0)]) for e in examples]
        )
        self.scale["none"] = (heads.mean(0), heads.std(0) + 1e-3)
        self.values = {}
        for name, width in (("pairs", rows.shape[1]), ("none", 2 * rows.shape[1])):
            self.values[name] = {
                "hidden": chance.normal(0, width**-0.5, (width, HIDDEN)),
                "bias": np.zeros(HIDDEN),
                "out": chance.normal(0, HIDDEN**-0.5, HIDDEN),
                "past": np.zeros(width),
                "start": np.zeros(()),
            }
        self.adams = {name: Adam(layer, RATE, steps) for name, layer in self.values.items()}

    def forward(self, name: str, rows: np.ndarray):
        mean, spread = self.scale[name]
        scaled = (rows - mean) / spread
        layer = self.values[name]
        hidden = np.tanh(scaled @ layer["hidden"] + layer["bias"])
        return scaled, hidden, hidden @ layer["out"] + scaled @ layer["past"] + layer["start"]

    def backward(self, name: str, scaled, hidden, slope) -> dict:
        layer = self.values[name]
        inner = (slope[:, None] * layer["out"]) * (1 - hidden**2)
        return {
            "hidden": scaled.T @ inner + DECAY * layer["hidden"],
            "bias": inner.sum(0),
            "out": hidden.T @ slope + DECAY * layer["out"],
            "past": scaled.T @ slope + DECAY * layer["past"],
            "start": slope.sum(),
        }

    def kept(self) -> dict:
        return {
            name: {"mean": self.scale[name][0], "spread": self.scale[name][1], **layer}
            for name, layer in self.values.items()
        }


class Batch:
    """Some questions, the rows of all their pairs one below the other."""

    def __init__(self, examples: list[Example]):
        self.rows = np.concatenate([example.rows for example in examples])
        self.ends = np.cumsum([len(example.rows) for example in examples])
        self.starts = np.concatenate([[0], self.ends[:-1]])
        weights = np.array([example.weight for example in examples])
        self.weights = weights / weights.sum()
        self.of = np.repeat(np.arange(len(examples)), self.ends - self.starts)
        self.target = np.zeros(len(self.rows))
        for start, example in zip(self.starts, examples, strict=True):
            if example.right is not None:
                self.target[start + example.right] = 1.0
        self.none_target = np.array([float(example.right is None) for example in examples])


def train(examples: list[Example], seed: int) -> dict:
    """The weights that give each question's right pair, or none, the highest probability."""
    chance = np.random.default_rng(seed)
    count = max(1, len(examples) // BATCH)
    shuffled = np.array_split(chance.permutation(len(examples)), count)
    batches = [Batch([examples[at] for at in places]) for places in shuffled]
    net = Net(examples, seed, ROUNDS * count)
    for _ in range(ROUNDS):
        for at in chance.permutation(count):
            _learn(net, batches[at])
    return net.kept()


def _learn(net: Net, batch: Batch) -> None:
    scaled, hidden, logits = net.forward("pairs", batch.rows)
    spans = zip(batch.starts, batch.ends, strict=True)
    heads = np.array([summary(batch.rows[start:end], logits[start:end]) for start, end in spans])
    none_scaled, none_hidden, none_logits = net.forward("none", heads)
    top = np.maximum(np.maximum.reduceat(logits, batch.starts), none_logits)
    power, none_power = np.exp(logits - top[batch.of]), np.exp(none_logits - top)
    sums = np.add.reduceat(power, batch.starts) + none_power
    slope = (power / sums[batch.of] - batch.target) * batch.weights[batch.of]
    none_slope = (none_power / sums - batch.none_target) * batch.weights
    net.adams["pairs"].step(net.backward("pairs", scaled, hidden, slope))
    net.adams["none"].step(net.backward("none", none_scaled, none_hidden, none_slope))


def curve_of(outcomes: list[tuple[float, bool]]) -> list[list[float]]:
    """Probability against the share that was right: monotone, by pooling neighbours that fall."""
    pools = [[p, float(right), 1.0] for p, right in sorted(outcomes)]
    merged: list[list[float]] = []
    for pool in pools:
        merged.append(pool)
        while len(merged) > 1 and merged[-2][1] / merged[-2][2] >= merged[-1][1] / merged[-1][2]:
            last = merged.pop()
            merged[-1] = [a + b for a, b in zip(merged[-1], last, strict=True)]
    smooth = [[p / n, (right + 0.5) / (n + 1)] for p, right, n in merged if n >= 12]
    return [[0.0, 0.0], *smooth, [1.0, min(0.99, smooth[-1][1] + 0.01)]]


def report(title: str, results: list[tuple[np.ndarray, int | None]], threshold: float = ANSWER_FROM) -> None:
    answerable = [(p, right) for p, right in results if right is not None]
    none = [p for p, right in results if right is None]
    first = np.mean([np.argmax(p) == right for p, right in answerable])
    third = np.mean([right in np.argsort(-p)[:3] for p, right in answerable])
    right = np.mean([p.max() >= threshold and np.argmax(p) == right for p, right in answerable])
    wrong = np.mean([p.max() >= threshold and np.argmax(p) != right for p, right in answerable])
    false = np.mean([p.max() >= threshold for p in none])
    best = 0.0
    for cut in sorted({p.max() for p, _ in results}):
        if np.mean([p.max() >= cut for p in none]) <= 0.05:
            best = np.mean([p.max() >= cut and np.argmax(p) == r for p, r in answerable])
            break
    print(
        f"{title:28} top-1 {first:.0%} top-3 {third:.0%} | at {threshold:.2f}: right {right:.0%} "
        f"wrong {wrong:.0%} false {false:.0%} | right at 5% false: {best:.0%}"
    )


def main() -> None:
    shops = own() + from_json(FOLDER / "kenanga.json")
    unseen = {
        folder.name: [shop for path in folder.glob("*.txt") for shop in read(path)] for folder in UNSEEN
    }
    everywhere = (*shops, *(shop for folder in unseen.values() for shop in folder))
    raw = {text: sentences.raw(text) for shop in everywhere for text in dict.fromkeys(texts_of(shop))}
    known = {}
    for fold in range(FOLDS):  # each in the directions of others, as a shop that comes new
        held = shops[fold::FOLDS]
        of_others = fit([shop for shop in shops if shop not in held], raw)
        known |= {shop.name: _measured(shop, of_others, raw) for shop in held}
    directions = fit(shops, raw)
    new = {
        name: [example for shop in folder for example in _measured(shop, directions, raw) if not example.made]
        for name, folder in unseen.items()
    }
    models = {}
    for name, width in (("words", -MEASURES_OF_SENTENCES), ("sentences", None)):
        print(f"--- {name}")
        seen = {shop: [e.narrowed(width) for e in examples] for shop, examples in known.items()}
        curve = _curve_on_unseen(seen)
        nets = [train([e for of_shop in seen.values() for e in of_shop], seed) for seed in range(SEEDS)]
        models[name] = {"nets": nets, "curve": curve}
        model = Model.load(models[name])
        for folder, examples in new.items():
            report(folder, [(model.scores(e.narrowed(width).rows), e.right) for e in examples])
    if "--dry" not in sys.argv:
        directions.keep(sentences.PATH)
        keep(models)


def _measured(shop: Shop, directions: Directions, raw: dict[str, np.ndarray]) -> list[Example]:
    return Measured(shop, {text: directions.of(raw[text]) for text in texts_of(shop)}).examples()


def _curve_on_unseen(known: dict[str, list[Example]]) -> list[list[float]]:
    """The calibration, and a report, by models that had not the shop that they are asked about."""
    found: dict[str, list[tuple[np.ndarray, int | None]]] = {}
    names = list(known)
    for fold in range(FOLDS):
        held = names[fold::FOLDS]
        rest = [example for name in names if name not in held for example in known[name]]
        model = Model.load({"nets": [train(rest, seed) for seed in range(SEEDS)], "curve": [[0, 0], [1, 1]]})
        for name in held:
            found[name] = [(model.probabilities(e.rows)[:-1], e.right) for e in known[name] if not e.made]
    everything = [result for results in found.values() for result in results]
    outcomes = [(float(p[at]), at == right) for p, right in everything for at in np.argsort(-p)[:3]]
    curve = curve_of(outcomes)
    bent = {
        name: [(np.interp(p, *np.array(curve).T), right) for p, right in results]
        for name, results in found.items()
    }
    for name, results in bent.items():
        report(name, results)
    report("all", [result for results in bent.values() for result in results])
    return curve


def keep(models: dict[str, dict]) -> None:
    def plain(value):
        return np.round(value, 4).tolist()

    kept = {
        name: {
            "nets": [
                {part: {key: plain(value) for key, value in layer.items()} for part, layer in net.items()}
                for net in model["nets"]
            ],
            "curve": plain(np.array(model["curve"])),
        }
        for name, model in models.items()
    }
    PATH.write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main()
