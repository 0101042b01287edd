"""The words of people who ask for shipping costs, and a text cut into them."""

import re
import unicodedata
from dataclasses import dataclass
from importlib import resources

LONGEST = 600  # characters that are looked at; a question is shorter
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)?|[^\w\s]")
_DASHES = str.maketrans("–—−‐‑→>⁄’`", "-------/''")
_JOINED = (
    (re.compile(r"\bj\s{0,2}[&n]\s{0,2}t\b"), "jnt"),
    (re.compile(r"\bmasing[\s-]{0,2}(?:masing|2)(?:nya)?\b"), "masing"),
    (re.compile(r"\bkode\s?pos\b"), "kodepos"),
    (re.compile(r"\bexp\b|(?:e[kx]s?|x)pres{1,2}\b"), "express"),
    (re.compile(r"\b(?:kira|kurang|pagi|hati|buru)[\s-]{0,2}(?:kira|kurang|pagi|hati|buru|2)\b"), "kirakira"),
)


def listed(words: str) -> frozenset[str]:
    """The words of a line."""
    return frozenset(words.split())


def _sections() -> dict[str, frozenset[str]]:
    """The lists of data/words.txt by their names."""
    found: dict[str, str] = {}
    name = ""
    for line in resources.files(__package__).joinpath("data/words.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            name = line[1:].partition("]")[0]
        elif not line.startswith("#"):
            found[name] = f"{found.get(name, '')} {line}"
    return {name: listed(words) for name, words in found.items()}


_LISTS = _sections()
SHIPPING, COST, SENDING = _LISTS["shipping"], _LISTS["cost"], _LISTS["sending"]
HOW_MUCH, ASKING, DONE = _LISTS["how_much"], _LISTS["asking"], _LISTS["done"]
ELSEWHERE, STRONG_ELSEWHERE = _LISTS["elsewhere"], _LISTS["strong_elsewhere"]
TO, TO_PERHAPS = _LISTS["to"], _LISTS["to_perhaps"]
FROM, FROM_PERHAPS = _LISTS["from"], _LISTS["from_perhaps"]
UNDER_WAY, NOT_A_PLACE = _LISTS["under_way"], _LISTS["not_a_place"]
STOP = frozenset().union(*_LISTS.values())


@dataclass(frozen=True)
class Words:
    """A text as words, numbers and marks; `taken` are those that are understood already."""

    items: tuple[str, ...]
    taken: set[int]

    def at(self, index: int) -> str:
        return self.items[index] if 0 <= index < len(self.items) else ""

    def free(self, index: int) -> bool:
        return 0 <= index < len(self.items) and index not in self.taken


def normalized(text: str) -> str:
    """Lower case in one spelling: full-width forms, invisible signs, dashes, doubled names."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    text = "".join(
        " " if char in "\n\r\t" else char
        for char in text
        if unicodedata.category(char) not in ("Cf", "Mn", "Co")
    )
    text = text.translate(_DASHES)
    for pattern, replacement in _JOINED:
        text = pattern.sub(replacement, text)
    return text


def split(text: str) -> Words:
    return Words(tuple(_WORD.findall(normalized(text))), set())


def is_number(word: str) -> bool:
    return bool(word) and word[0].isascii() and word[0].isdigit()
