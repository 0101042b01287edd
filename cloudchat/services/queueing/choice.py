"""What a customer means by an answer to the menu. Pure and linear: it reads anything that people send."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

READ_AT_MOST = 500  # characters; an answer to a menu is short
PAYLOAD = "div:"  # before a division's id in what a button or list row sends back
AGREEMENT = frozenset({"ya", "iya", "y", "ok", "oke", "okay", "yes", "boleh", "betul", "benar", "setuju"})

_WORD = re.compile(r"\w+")
_UNSEEN = frozenset({"Cf", "Cc", "Mn", "Me", "Cs"})  # marks, direction, zero width
_BEFORE_NUMBER = ("no", "nomor", "nomer", "angka", "pilih", "pilihan", "opsi", "menu")
_BEFORE_NAME = ("divisi", "tim", "bagian", "ke", "saya", "mau", "kak", "min")
_LEADING = frozenset({*_BEFORE_NUMBER, *_BEFORE_NAME})
_TRAILING = frozenset({"kak", "min", "ya", "dong", "saja", "aja", "mas", "mbak", "pak", "bu", "please"})
_COUNTED = ("satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh")
_NUMBER_WORDS = {word: number for number, word in enumerate(_COUNTED, start=1)}
_SHORTEST_STEM = 4
_PREFIXES = (
    ("meny", "s"),
    ("peny", "s"),
    ("meng", "k"),
    ("peng", "k"),
    ("mem", "p"),
    ("pem", "p"),
    ("men", "t"),
    ("pen", "t"),
    ("me", ""),
    ("pe", ""),
    ("di", ""),
    ("ber", ""),
    ("ter", ""),
    ("per", ""),
    ("ke", ""),
    ("se", ""),
    ("nge", ""),
    ("ng", ""),
)
_PARTICLES = ("lah", "kah", "pun", "nya", "ku", "mu")
_SUFFIXES = ("kan", "an", "i")


@dataclass(frozen=True)
class Option:
    """A division as the menu shows it."""

    division_id: int
    name: str
    keywords: Sequence[str] = field(default=())


def normal(text: str) -> str:
    """NFKC, small letters, any script's digits as 0 to 9, nothing invisible, single spaces."""
    shown = unicodedata.normalize("NFKC", text[:READ_AT_MOST]).casefold()
    kept = []
    for char in unicodedata.normalize("NFKC", shown):
        if unicodedata.category(char) in _UNSEEN:
            if char.isspace():
                kept.append(" ")
            continue
        digit = unicodedata.digit(char, None)
        kept.append(char if digit is None else str(digit))
    return " ".join("".join(kept).split())


def words_of(text: str) -> list[str]:
    return _WORD.findall(normal(text).replace("_", " "))


def parse(text: str | None, payload: str | None, options: Sequence[Option], suggested: int | None = None):
    """The id of the division that is meant, or None. A tap is believed first, then a number as it was
    shown, the name, "ya" to what was suggested, and last a keyword that only one division has."""
    tapped = _tapped(payload, options)
    if tapped is not None:
        return tapped
    words = _core(words_of(text or ""))
    if not words:
        return None
    for found in (_numbered(words, options), _named(words, options)):
        if found is not None:
            return found
    if suggested is not None and words[0] in AGREEMENT and len(words) <= 3:
        return suggested if suggested in {option.division_id for option in options} else None
    return detect(text or "", options)


def _core(words: list[str]) -> list[str]:
    """Without the courtesies at the end."""
    while len(words) > 1 and words[-1] in _TRAILING:
        words = words[:-1]
    return words


def _tapped(payload: str | None, options: Sequence[Option]) -> int | None:
    head, _, tail = (payload or "").partition(":")
    if f"{head}:" != PAYLOAD or not tail.isascii() or not tail.isdigit() or len(tail) > 10:
        return None
    return next((option.division_id for option in options if option.division_id == int(tail)), None)


def _numbered(words: list[str], options: Sequence[Option]) -> int | None:
    """ "2", "no. 2", "dua", or "2. Support" as a button says it."""
    rest = list(words)
    while len(rest) > 1 and rest[0] in _LEADING:
        rest.pop(0)
    number = _NUMBER_WORDS.get(rest[0]) or (int(rest[0]) if _is_number(rest[0]) else 0)
    if not 1 <= number <= len(options):
        return None
    option = options[number - 1]
    name = words_of(option.name)
    tail = rest[1:]
    if not tail or tail == name or (len(tail) >= 1 and name[: len(tail)] == tail):
        return option.division_id
    return None


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 4


def _named(words: list[str], options: Sequence[Option]) -> int | None:
    rest = list(words)
    while len(rest) > 1 and rest[0] in _LEADING:
        if any(words_of(option.name) == rest for option in options):
            break
        rest.pop(0)
    found = [option.division_id for option in options if words_of(option.name) == rest]
    return found[0] if len(found) == 1 else None


# --- keywords ----------------------------------------------------------------------------------


def detect(text: str, options: Iterable[Option]) -> int | None:
    """The one division whose keywords stand in the text as whole words; None for none or several."""
    forms = [_forms(word) for word in words_of(text)]
    if not forms:
        return None
    places: dict[str, list[int]] = {}
    for place, some in enumerate(forms):
        for form in some:
            places.setdefault(form, []).append(place)
    found = {
        option.division_id
        for option in options
        if any(_stands(_keyword(keyword), forms, places) for keyword in option.keywords)
    }
    return found.pop() if len(found) == 1 else None


def _stands(keyword: tuple[frozenset[str], ...], forms: list[frozenset[str]], places: dict) -> bool:
    if not keyword or (len(forms) > 1 and all(part.isdigit() for some in keyword for part in some)):
        return False  # "1" as a keyword is an answer; in "mau beli 1" it is not
    starts = {place for form in keyword[0] for place in places.get(form, ())}
    return any(
        start + len(keyword) <= len(forms)
        and all(forms[start + step] & part for step, part in enumerate(keyword))
        for start in starts
    )


@lru_cache(maxsize=20_000)
def _keyword(keyword: str) -> tuple[frozenset[str], ...]:
    return tuple(_forms(word) for word in words_of(keyword))


@lru_cache(maxsize=20_000)
def _forms(word: str) -> frozenset[str]:
    """The word and what may be its stem: "pembayarannya" is also "bayar". A stem is never short, so
    that "makan" is not taken for "mak"."""
    found = {word}
    if len(word) > 40:
        return frozenset(found)
    for particle in _PARTICLES:
        if word.endswith(particle):
            _add(found, word.removesuffix(particle))
    for form in tuple(found):
        for suffix in _SUFFIXES:
            if form.endswith(suffix):
                _add(found, form.removesuffix(suffix))
    for form in tuple(found):
        for prefix, restored in _PREFIXES:
            if form.startswith(prefix):
                rest = form.removeprefix(prefix)
                _add(found, rest)
                if restored:
                    _add(found, restored + rest)
    return frozenset(found)


def _add(found: set[str], stem: str) -> None:
    if len(stem) >= _SHORTEST_STEM:
        found.add(stem)


# --- words that a waiting customer may say -----------------------------------------------------


def says(text: str | None, keyword: str, with_text: bool = False) -> bool:
    """Whether the message is this keyword (`＃` is `#`); with `with_text` also among other words."""
    said, wanted = normal(text or ""), normal(keyword)
    if not wanted or not said:
        return False
    if said == wanted or said.strip(" .!?,") == wanted:
        return True
    if not with_text:
        return False
    if _WORD.fullmatch(wanted):
        return wanted in _WORD.findall(said)
    return wanted in said
