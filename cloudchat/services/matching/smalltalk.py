"""Politeness that asks nothing (greetings, thanks, a nod), and the plain wish for a person."""

import re
from functools import lru_cache

from cloudchat.services.matching.lists import grouped, words

_LONGEST = 80
_KINDS = {word: kind for kind, group in reversed(grouped("smalltalk").items()) for word in group}
_BESIDE = frozenset(words("asking_for_people"))
_MOST_WORDS = 12


@lru_cache(maxsize=4096)
def kind_of(text: str) -> str | None:
    """ "greeting", "thanks" or "nod" for a text of nothing else; None for anything that may ask."""
    if len(text) > _LONGEST or "?" in text:
        return None
    found = {_kind_of_word(word) for word in re.findall(r"[^\W_]+", text.lower())}
    if None in found:
        return None
    for kind in ("thanks", "greeting", "nod"):
        if kind in found:
            return kind
    return "greeting" if found else "nod"  # "kak" alone calls; a mere emoji nods


def _kind_of_word(word: str) -> str | None:
    return _KINDS.get(word) or _KINDS.get(re.sub(r"(\w)\1+", r"\1", word))


def asks_for(text: str, names: list[str]) -> bool:
    """Does a short text ask for one of these by name ("agen", "cs"), with nothing else beside it but
    the wish and politeness? "harga agen berapa" does not."""
    said = re.findall(r"\w+", text.lower())
    if not said or len(said) > _MOST_WORDS:
        return False
    padded = f" {' '.join(said)} "
    names = [" ".join(re.findall(r"\w+", name.lower())) for name in names]
    called = [name for name in names if name and f" {name} " in padded]
    for name in called:
        padded = padded.replace(f" {name} ", "  ")
    return bool(called) and all(word in _BESIDE for word in padded.split())
