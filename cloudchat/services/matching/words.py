"""From what people type to plain words: slang, typing errors, doubled letters, affixes.

Everything is a look-up in small hand-written lists or in the words that the bot itself knows; there is
no dictionary to download.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, pairwise

from cloudchat.services.matching.lists import grouped, lines, words

LONGEST = 400  # characters of a text that are looked at
_TOKEN = re.compile(r"[a-z]+|[0-9]+")
_TWICE = re.compile(r"\b([a-z]{2,})(?:2|-\1)\b")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_NUMBER_WORD = re.compile(r"\b(\d+)(rb|ribu|jt|juta|kg|gr|gram|cm|hr|hari|bln|thn|jam|pcs|org|orang)\b")
_PREFIXES = (
    ("meng", ("", "k")),
    ("meny", ("s",)),
    ("mem", ("", "p")),
    ("men", ("", "t")),
    ("me", ("",)),
    ("peng", ("", "k")),
    ("peny", ("s",)),
    ("pem", ("", "p")),
    ("pen", ("", "t")),
    ("per", ("",)),
    ("pe", ("",)),
    ("ber", ("",)),
    ("be", ("",)),
    ("ter", ("",)),
    ("di", ("",)),
    ("ke", ("",)),
    ("se", ("",)),
    ("nge", ("",)),
    ("ng", ("", "k")),
    ("ny", ("s", "c")),
    ("n", ("t", "c")),
    ("m", ("p",)),
)
_SUFFIXES = (
    "",
    "nya",
    "kan",
    "an",
    "in",
    "i",
    "ku",
    "mu",
    "lah",
    "kah",
    "annya",
    "kannya",
    "innya",
    "ne",
    "na",
    "e",
)
_SHORTEST_ROOT = 3
LONG_WORD = 6

_SLANG = {typed: meant for meant, group in grouped("slang").items() for typed in group}
_MEANT = frozenset(grouped("slang"))
STOPWORDS = frozenset(words("stopwords"))
CONCEPTS: dict[str, tuple[str, ...]] = {}
for _concept, _group in grouped("concepts").items():
    for _word in _group:
        CONCEPTS[_word] = (*CONCEPTS.get(_word, ()), _concept)
PHRASES = frozenset(word for word in chain(CONCEPTS, _MEANT, _SLANG) if "_" in word)
COMMON = frozenset(words("common"))
_IN_SENSES = frozenset(" ".join(lines("senses")).replace("_", " ").split())
_IN_KINDS = frozenset(chain.from_iterable(grouped("kinds").values()))
_KNOWN = COMMON | _MEANT | frozenset(CONCEPTS) | STOPWORDS | _IN_SENSES | _IN_KINDS
_ROOTS = frozenset(word for word in _KNOWN if "_" not in word and len(word) >= _SHORTEST_ROOT)


def plain(text: str) -> str:
    """Lower case without accents and emojis; "gitu2" and "gitu-gitu" are "gitu", "haiii" is "hai"."""
    text = unicodedata.normalize("NFKD", text[:LONGEST].lower())
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = _TWICE.sub(r"\1", text.replace("'", ""))
    text = _REPEATED.sub(r"\1", _NUMBER_WORD.sub(r"\1 \2", text))
    return " ".join(_TOKEN.findall(text))


@lru_cache(maxsize=20_000)
def meant_by(word: str) -> str:
    """The plain word that a typed one stands for: by the slang list, else its root."""
    return _SLANG.get(word) or root(word)


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    """The word without its affixes, as far as what remains is a word that we know."""
    if word in _ROOTS or word in COMMON or len(word) <= _SHORTEST_ROOT:
        return word
    for stem in _stems(word):
        if stem in _ROOTS:
            return _SLANG.get(stem, stem)
        if stem in _SLANG and len(stem) > _SHORTEST_ROOT:
            return _SLANG[stem]
    for suffix in ("nya", "ku", "mu", "lah", "kah"):
        if word.endswith(suffix) and len(word) - len(suffix) > _SHORTEST_ROOT:
            return word[: -len(suffix)]
    return word


def normal(entry: str) -> str:
    """An entry of a list as texts have it once they are read; `_` joins the words of a phrase."""
    return "_".join(map(meant_by, entry.split("_")))


def _stems(word: str) -> Iterable[str]:
    """What may remain of a word without affixes, the least changed first."""
    bare = [word[: -len(suffix)] if suffix else word for suffix in _SUFFIXES if word.endswith(suffix)]
    bare = [stem for stem in bare if len(stem) >= _SHORTEST_ROOT]
    yield from bare
    for stem in bare:
        for prefix, starts in _PREFIXES:
            rest = stem[len(prefix) :]
            if stem.startswith(prefix) and len(rest) >= _SHORTEST_ROOT - 1:
                yield from (start + rest for start in starts if len(start + rest) >= _SHORTEST_ROOT)


def read(text: str, speller: "Speller | None" = None) -> list[str]:
    """The plain words of a text, in order; pairs that mean one thing ("gratis ongkir") follow as one."""
    found: list[str] = []
    for word in plain(text).split():
        meant = meant_by(word)
        if speller is not None and meant == word and word not in _KNOWN:
            meant = speller.nearest(word) or GENERAL.nearest(word) or word
            meant = _SLANG.get(meant, meant)
        found.append(meant)
    pairs = (f"{one}_{other}" for one, other in pairwise(found))
    return found + [_SLANG.get(pair, pair) for pair in pairs if pair in PHRASES]


class Speller:
    """Finds the word that a mistyped one was meant to be: a vowel left out, a letter doubled or two
    swapped; in longer words also another letter wrong or missing. Look-ups only, whatever the number
    of words."""

    def __init__(self, known: Iterable[str]):
        self.words = frozenset(word for word in known if 4 <= len(word) <= 14 and word.isalpha())
        self._near: dict[str, list[str]] = {}
        self._skeletons: dict[str, str] = {}
        for word in sorted(self.words, key=lambda word: (-len(word), word)):
            for shorter in _shortened(word):
                self._near.setdefault(shorter, []).append(word)
            self._skeletons[_skeleton(word)] = word

    def nearest(self, word: str) -> str | None:
        if word in self.words:
            return word
        return self._one_off(word) or self._without_vowels(word)

    def _one_off(self, word: str) -> str | None:
        if len(word) < 4:
            return None
        missing = self._near.get(word, ())
        others = [near for shorter in _shortened(word) for near in self._near.get(shorter, ())]
        extra = [shorter for shorter in _shortened(word) if shorter in self.words]
        return next((near for near in (*missing, *extra, *others) if _is_slip(word, near)), None)

    def _without_vowels(self, word: str) -> str | None:
        skeleton = _skeleton(word)
        vowels = sum(char in "aeiou" for char in word)
        if len(skeleton) < 3 or vowels * 3 > len(word):
            return None
        found = self._skeletons.get(skeleton)
        return found if found is not None and len(found) - len(word) <= 3 else None


def _is_slip(typed: str, meant: str) -> bool:
    """Is the one as typed likely to be a slip of the other? Short words that differ in a consonant are
    two words ("bola" and "bila", "takut" and "tiket")."""
    if typed[0] != meant[0] and len(meant) < LONG_WORD:
        return False
    if len(typed) < len(meant):
        left_out = next(
            (char for char, other in zip(meant, typed + " ", strict=False) if char != other), meant[-1]
        )
        return len(meant) >= LONG_WORD or (left_out in "aeiou" and len(meant) > 4)
    if len(typed) > len(meant):
        doubled = any(one == other for one, other in pairwise(typed))
        return doubled or len(meant) >= LONG_WORD
    differ = [at for at, (one, other) in enumerate(zip(typed, meant, strict=True)) if one != other]
    swapped = len(differ) == 2 and sorted(typed) == sorted(meant) and differ[1] - differ[0] == 1
    return (swapped and len(meant) > 4) or (len(differ) == 1 and len(meant) >= LONG_WORD)


def _shortened(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _skeleton(word: str) -> str:
    """The first letter and the consonants: "psanan" and "pesanan" are alike."""
    return word[0] + "".join(char for char in word[1:] if char not in "aeiouy")


GENERAL = Speller(chain(_ROOTS, (typed for typed in _SLANG if len(typed) > 4)))
