"""Places in a text: where a name begins, what it is called, and whether one goes there or comes from it."""

from dataclasses import dataclass, field
from itertools import pairwise

from cloudchat.services.ongkir import words as vocabulary
from cloudchat.services.ongkir.names import (
    CITY_WORDS,
    DISTRICT_WORDS,
    PROVINCE_WORDS,
    STREET,
    VILLAGE_WORDS,
    Part,
    exact_length,
    joined,
    lies_in,
    part_at,
)
from cloudchat.services.ongkir.places import PROVINCE, gazetteer
from cloudchat.services.ongkir.words import FROM, FROM_PERHAPS, STOP, TO, TO_PERHAPS, Words, is_number, listed

FILLERS = listed("daerah wilayah sekitar sekitaran area di alamat : = bagian pulau")


@dataclass
class Mention:
    """A place of the text, smallest part first; "to", "from" or "" for its role."""

    parts: list[Part]
    role: str = ""
    end: int = 0
    postcode: str = ""
    start: int = field(default=0)


def find_mentions(words: Words, is_about_shipping: bool) -> list[Mention]:
    """All places, in the order of the text."""
    found: list[Mention] = []
    index = 0
    while index < len(words.items):
        one = _marked(words, index) or _unmarked(words, index, is_about_shipping)
        if one is None:
            index += 1
            continue
        found.append(one)
        index = max(one.end, index + 1)
    _pair_up(words, found)
    return found


def _marked(words: Words, index: int) -> Mention | None:
    """What stands behind "ke", "dari" and their like."""
    word = words.at(index)
    if not words.free(index):
        return None
    role = (
        "to" if word in TO or word in TO_PERHAPS else "from" if word in FROM or word in FROM_PERHAPS else ""
    )
    if not role:
        return None
    start = index + 1
    while words.at(start) in (":", "=") or (words.at(start) in TO and role == "to"):
        start += 1
    sure = word in TO or word in FROM
    one = _read(words, start, guess=sure, role=role)
    if one is not None:
        one.role, one.start = role, index
        if words.at(one.end) in ("asalnya", "asal") and word not in FROM:
            one.role = "from"
    return one


def _unmarked(words: Words, index: int, is_about_shipping: bool) -> Mention | None:
    """A city's name on its own: "ongkir tangsel 1kg"."""
    if words.at(index) == "kodepos" and _postcode(words, index + 1):
        return Mention([], "to", index + 2, words.at(index + 1), index)
    if not is_about_shipping or not words.free(index):
        return None
    behind = words.at(index - 1) in vocabulary.SHIPPING
    typed = words.at(index) in CITY_WORDS or words.at(index) in DISTRICT_WORDS
    length = 1 if typed else exact_length(words, index, alone=not behind)
    if not length:
        return None
    one = _read(words, index, guess=False)
    if one is None:
        return None
    one.start = index
    if words.at(one.end) in ("asalnya", "asal"):
        one.role = "from"
    return one


def _pair_up(words: Words, found: list[Mention]) -> None:
    """ "A-B", "A ke B", "A B": what stands before a destination is where it comes from."""
    for one, after in pairwise(found):
        if one.role:
            continue
        between = words.items[one.end : after.start]
        two_names = not after.role and bool(one.parts and after.parts)
        if between == ("-",) or (not between and (after.role == "to" or two_names)):
            one.role, after.role = "from", "to"


# --- one place -----------------------------------------------------------------------------------


def _read(words: Words, start: int, guess: bool, role: str = "") -> Mention | None:
    """The parts of a place from here on; with `guess` also names that the list does not have."""
    if _postcode(words, start) and guess:
        return Mention([], "", start + 1, words.at(start))
    parts: list[Part] = []
    index, postcode, streets = start, "", False
    while len(parts) < 4:
        index, skipped = _skip(words, index, parts)
        streets = streets or skipped
        if words.at(index) == "kodepos" and _postcode(words, index + 1):
            postcode, index = words.at(index + 1), index + 2
            break
        part, end = part_at(words, index, guess and (not parts or words.at(index - 1) == ","))
        if part is None or not _added(parts, part, role):
            break
        index = end
    while index > start and (words.at(index - 1) in (",", "(", ".") or words.at(index - 1) in FILLERS):
        index -= 1
    if not parts and not postcode:
        return None
    return Mention(parts, "", max(index, start + 1), postcode)


def _added(parts: list[Part], part: Part, role: str) -> bool:
    """Put a further name to its place; False where it is one of another place. "ke bali denpasar" names
    the larger one first."""
    if not parts:
        parts.append(part)
        return True
    both = None
    if len(parts) == 1 and (parts[0].is_wide or (role == "to" and _is_province_too(parts[0]))):
        both = lies_in(part, parts[0])
    both = both or joined(parts[-1], part, bool(role))
    if both:
        parts[-1:] = both
    return both is not None


def _is_province_too(part: Part) -> bool:
    """Yogyakarta, Jambi, Bengkulu and Gorontalo are a city and the province around it."""
    return not part.level and any(area.kind == PROVINCE for area in gazetteer().find(part.name))


def _skip(words: Words, index: int, parts: list[Part]) -> tuple[int, bool]:
    """Past what only leads to the next name: "daerah", a comma, a street with its number."""
    streets = False
    while True:
        word = words.at(index)
        is_name = word == "pulau" and exact_length(words, index) > 1
        if (word in FILLERS and not is_name) or ((parts or streets) and word in (",", "(", "/", ".", ")")):
            index += 1
        elif word == "kode" and words.at(index + 1) == "pos":
            return index, streets
        elif word in STREET:
            index, streets = _past_street(words, index + 1), True
        else:
            return index, streets


def _past_street(words: Words, index: int) -> int:
    """The end of an address: the next word for a level, a comma, or the name of a city."""
    while index < len(words.items) and words.free(index):
        word = words.at(index)
        is_level = (
            word in CITY_WORDS or word in DISTRICT_WORDS or word in VILLAGE_WORDS or word in PROVINCE_WORDS
        )
        if is_level or word == "," or (word not in STOP and exact_length(words, index, alone=True)):
            break
        index += 1
    return index


def _postcode(words: Words, index: int) -> bool:
    word = words.at(index)
    return words.free(index) and is_number(word) and word.isdigit() and len(word) == 5
