"""Shops to train and measure with: question-and-answer pairs, and what customers ask about them.

`data/shops/*.txt` are our own, in lines: `# name`, `= question | other; other | answer` (fields cut by
" | "), `- question of a customer` for the pair above it, `? question` that no pair answers.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from cloudchat.services.matching.index import Pair
from cloudchat.services.matching.lists import FOLDER


@dataclass
class Shop:
    """Its pairs by id, and (text, id of the pair that answers it or None)."""

    name: str
    pairs: list[Pair] = field(default_factory=list)
    questions: list[tuple[str, int | None]] = field(default_factory=list)


def own() -> list[Shop]:
    return [_from_lines(path) for path in sorted((FOLDER / "shops").glob("*.txt"))]


def read(path: Path) -> list[Shop]:
    """The shops of a file in either form."""
    return from_json(path) if path.suffix == ".json" else [_from_lines(path)]


def _from_lines(path: Path) -> Shop:
    shop = Shop(path.stem)
    for line in path.read_text("utf-8").splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "=":
            question, others, answer = rest.split(" | ")
            texts = (question, *(text.strip() for text in others.split(";")))
            shop.pairs.append(Pair(len(shop.pairs) + 1, texts, answer))
        elif mark == "-":
            shop.questions.append((rest, len(shop.pairs)))
        elif mark == "?":
            shop.questions.append((rest, None))
    return shop


def from_json(path: Path) -> list[Shop]:
    """Shops of a file `{"bots": [{"name", "pairs": [{"key", …}], "queries": [{"text", "key"}]}]}`."""
    return [_from_bot(bot) for bot in json.loads(path.read_text("utf-8"))["bots"]]


def _from_bot(bot: dict) -> Shop:
    ids = {pair["key"]: at for at, pair in enumerate(bot["pairs"], 1)}
    pairs = [
        Pair(ids[pair["key"]], (pair["question"], *pair.get("alternatives", ())), pair["answer"])
        for pair in bot["pairs"]
    ]
    asked = [(query["text"], ids.get(query["key"])) for query in bot["queries"]]
    return Shop(bot["name"], pairs, asked)
