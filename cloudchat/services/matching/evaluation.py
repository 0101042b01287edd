"""How well pairs are found: the figures that `data/README.md` of the measurements asks for, and whether
a score means what it says."""

import resource
import sys
import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cloudchat.services.matching import sentences
from cloudchat.services.matching.index import Index, Pair, texts_of
from cloudchat.services.matching.shops import Shop
from cloudchat.services.matching.smalltalk import kind_of

BINS = (0, 20, 40, 60, 70, 80, 90, 100.01)


@dataclass(frozen=True)
class Asked:
    """A question that was put to the bot: the truth, and what came out."""

    right_id: int | None
    ranked: tuple[tuple[int, float], ...]
    milliseconds: float

    @property
    def score(self) -> float:
        return self.ranked[0][1] if self.ranked else 0.0

    @property
    def first_is_right(self) -> bool:
        return bool(self.ranked) and self.ranked[0][0] == self.right_id


def ask_all(shop: Shop) -> list[Asked]:
    """Every question of a shop, one at a time. Mere politeness is no question, so nothing is ranked."""
    index = Index(shop.pairs)
    if sentences.are_possible(len(shop.pairs)):
        index.know({text: sentences.vector(text) for text in texts_of(shop.pairs)})
    found = []
    for text, right_id in shop.questions:
        began = time.perf_counter()
        matches = index.rank(text, 3) if kind_of(text) is None else []
        taken = (time.perf_counter() - began) * 1000
        found.append(Asked(right_id, tuple((match.id, match.score) for match in matches), taken))
    return found


def figures(asked: list[Asked], answer_from: float, suggest_from: float) -> dict[str, float | int | None]:
    """Shares of the answerable, except `false`: the share of the unanswerable that got an answer."""
    answerable = [one for one in asked if one.right_id is not None]
    others = [one for one in asked if one.right_id is None]
    offered = [
        one
        for one in answerable
        if suggest_from <= one.score < answer_from and one.right_id in [qa_id for qa_id, _ in one.ranked]
    ]
    times = sorted(one.milliseconds for one in asked)
    return {
        "answerable": len(answerable),
        "unanswerable": len(others),
        "top_1": _share(answerable, lambda one: one.first_is_right),
        "top_3": _share(answerable, lambda one: one.right_id in [qa_id for qa_id, _ in one.ranked]),
        "right": _share(answerable, lambda one: one.score >= answer_from and one.first_is_right),
        "wrong": _share(answerable, lambda one: one.score >= answer_from and not one.first_is_right),
        "false": _share(others, lambda one: one.score >= answer_from),
        "offered": round(len(offered) / len(answerable), 4) if answerable else None,
        "median_ms": round(times[len(times) // 2], 2) if times else None,
        "p95_ms": round(times[int(len(times) * 0.95)], 2) if times else None,
    }


def _share(asked: list[Asked], holds) -> float | None:
    return round(sum(map(holds, asked)) / len(asked), 4) if asked else None


def calibration(asked: list[Asked]) -> list[dict]:
    """By score of the best pair: how many, the score on average, and how many were right."""
    table = []
    for low, high in pairwise(BINS):
        within = [one for one in asked if one.ranked and low <= one.score < high]
        if within:
            mean = sum(one.score for one in within) / len(within)
            right = sum(one.first_is_right for one in within) / len(within)
            row = {"from": low, "to": min(high, 100), "count": len(within)}
            table.append({**row, "said": round(mean, 1), "right": round(100 * right, 1)})
    return table


def cost(pairs: int) -> dict[str, float]:
    """Milliseconds per question and memory of an index of so many pairs, made up from words."""
    made = made_up(pairs)
    before = _resident()
    began = time.perf_counter()
    index = Index(made)
    if sentences.are_possible(pairs):  # any vectors: only their number matters here
        chance = np.random.default_rng(1)
        index.know({text: chance.normal(size=64).astype(np.float32) for text in texts_of(made)})
    built = time.perf_counter() - began
    grown = max(0.0, _resident() - before)
    times = []
    for at in range(200):
        began = time.perf_counter()
        asked = made[at * 7 % pairs].texts[0] if at % 2 else "keburu ga buat kondangan minggu depan"
        index.rank(f"kak mau tnya {asked} bisa ga ya")
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return {
        "pairs": pairs,
        "build_ms": round(built * 1000, 1),
        "median_ms": round(times[100], 2),
        "p95_ms": round(times[190], 2),
        "memory_mib": round(grown, 1),
    }


def made_up(count: int) -> list[Pair]:
    """Pairs of plausible length over a few thousand words, each with three other ways to ask."""
    starts = [f"{one}{two}" for one in "bcdgjklmnprst" for two in "aeiou"]
    things = [f"{start}{end}" for start in starts for end in ("ran", "lok", "sing", "tas", "buk")]
    verbs = ("kirim", "bayar", "tukar", "pesan", "ambil", "simpan", "cuci", "pasang", "cari", "pakai")
    pairs = []
    for at in range(count):
        thing, other = things[at % len(things)], things[at * 31 // 7 % len(things)]
        verb, second = verbs[at // len(things) % len(verbs)], verbs[at % len(verbs)]
        texts = (
            f"Bagaimana cara {verb} {thing} {other} nomor {at}?",
            f"{verb} {thing} {at}",
            f"mau {second} {other} {thing}",
            f"{thing} bisa {verb} tidak",
        )
        pairs.append(Pair(at + 1, texts, f"Untuk {verb} {thing}, hubungi kami di jam kerja tentang {other}."))
    return pairs


def _resident() -> float:
    """The most memory this process had so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
