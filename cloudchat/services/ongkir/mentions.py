"""Places in a text: where a name begins, what it is called, and whether one goes there or comes from it."""

from dataclasses import dataclass, field
from itertools import pairwise

from cloudchat.services.ongkir import words as vocabulary
from cloudchat.services.ongkir.places import (
    CITY,
    DIRECTIONS,
    DISTRICT,
    GROUPS,
    LONGEST,
    PROVINCE,
    SEATS,
    Area,
    gazetteer,
)
from cloudchat.services.ongkir.words import FROM, FROM_PERHAPS, STOP, TO, TO_PERHAPS, Words, is_number, listed

CITY_WORDS = {"kota": "KOTA", "kotamadya": "KOTA", "kab": "KABUPATEN", "kabupaten": "KABUPATEN"}
DISTRICT_WORDS = listed("kec kecamatan distrik")
VILLAGE_WORDS = listed("kel kelurahan desa ds dusun kampung kp")
PROVINCE_WORDS = listed("prov provinsi propinsi")
STREET = listed("jl jln jalan gg gang no nomor rt rw blok perum perumahan komplek kompleks ruko")
FILLERS = listed("daerah wilayah sekitar sekitaran area di alamat : = bagian pulau")
# Cities whose names are everyday words: only where something says that a place follows
EVERYDAY = listed("buru batang kaur solok paser alor demak buol nias mojo lebak siak rote padang")
SURE_ENOUGH = listed("padang lebak siak")  # of these, at the end of what was written
MOST_UNKNOWN = 4  # words of a name that the list does not have


@dataclass(frozen=True)
class Part:
    """One name of a place: as it is spelt rightly, with the level that the text gave it."""

    name: str
    level: str = ""  # KOTA, KABUPATEN, district, village, province, or "" where nothing is said
    areas: tuple[Area, ...] = ()

    def has(self, kind: str) -> bool:
        return any(area.kind == kind for area in self.areas)


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
    one = _read(words, start, guess=sure)
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
    length = 1 if typed else _exact_length(words, index, alone=not behind)
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


def _read(words: Words, start: int, guess: bool) -> Mention | None:
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
        part, end = _part(words, index, guess and (not parts or words.at(index - 1) == ","))
        if part is None or (parts and not _fits(parts[-1], part)):
            break
        parts.append(part)
        index = end
    while index > start and (words.at(index - 1) in (",", "(", ".") or words.at(index - 1) in FILLERS):
        index -= 1
    if not parts and not postcode:
        return None
    return Mention(parts, "", max(index, start + 1), postcode)


def _skip(words: Words, index: int, parts: list[Part]) -> tuple[int, bool]:
    """Past what only leads to the next name: "daerah", a comma, a street with its number."""
    streets = False
    while True:
        word = words.at(index)
        is_name = word == "pulau" and _exact_length(words, index) > 1
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
        if is_level or word == "," or (word not in STOP and _exact_length(words, index, alone=True)):
            break
        index += 1
    return index


def _part(words: Words, index: int, guess: bool) -> tuple[Part | None, int]:
    """One name, with the level before it."""
    word, level, start = words.at(index), "", index
    if not words.free(index):
        return None, index
    following = index + 2 if words.at(index + 1) == "." else index + 1
    if word in CITY_WORDS and (words.at(following) not in STOP or _exact_length(words, following)):
        level, start = CITY_WORDS[word], following
    elif word in DISTRICT_WORDS:
        level, start = DISTRICT, following
    elif word in PROVINCE_WORDS:
        level, start = PROVINCE, following
    elif word in VILLAGE_WORDS and not _exact_length(words, index):
        level, start = "village", following
    length = _exact_length(words, start)
    if length:
        return _known(words, start, length, level), start + length
    if not guess and not level:
        return None, index
    return _unknown(words, start, level)


def _known(words: Words, start: int, length: int, level: str) -> Part:
    known = gazetteer()
    name = known.canonical(" ".join(words.items[start : start + length]))
    areas = known.find(name)
    if level in ("KOTA", "KABUPATEN"):
        of_type = [area for area in areas if area.type == level]
        level = level if of_type else ""
        areas = of_type or areas
    elif level in (DISTRICT, PROVINCE):
        areas = [area for area in areas if area.kind == level]
    elif not level and areas and areas[0].kind in (PROVINCE, CITY):
        # A city is meant before a kecamatan of its name; Gorontalo and Bengkulu are both city and province
        cities = [area for area in areas if area.kind == CITY]
        areas = cities or areas
    return Part(areas[0].name if areas else name.title(), level, tuple(areas))


def _unknown(words: Words, start: int, level: str) -> tuple[Part | None, int]:
    """A name that the list does not have: a slip of a city's name, or a village."""
    end = start
    while end < start + MOST_UNKNOWN and words.free(end) and _may_name(words.at(end)):
        if end > start and _exact_length(words, end, alone=True):
            break
        end += 1
    if end == start:
        return None, start
    for stop in range(min(end, start + 3), start, -1):
        written = " ".join(words.items[start:stop])
        near = gazetteer().nearest(written) if level not in ("village",) else None
        if near:
            known = gazetteer().find(near)
            areas = [area for area in known if area.kind == CITY and level in ("", area.type)] or known
            kept = level if level in ("KOTA", "KABUPATEN") else ""
            return Part(areas[0].name, kept, tuple(areas)), stop
    return Part(" ".join(words.items[start:end]).title(), level, ()), end


def _may_name(word: str) -> bool:
    return word.isalpha() and word not in STOP and word not in STREET and len(word) < 30


def _exact_length(words: Words, start: int, alone: bool = False) -> int:
    """How many words from here are a name of the list, the longest one; 0 where none are. `alone`:
    nothing says that a place follows, so only cities and what cannot be anything else count."""
    known = gazetteer()
    for length in range(LONGEST, 0, -1):
        piece = words.items[start : start + length]
        if len(piece) < length or any(not words.free(start + offset) for offset in range(length)):
            continue
        if not piece[0].isalpha() or not piece[-1].isalpha() or (length == 1 and piece[0] in STOP):
            continue
        if length > 1 and "-" in piece and not known.is_known("".join(piece).replace("-", " ")):
            continue
        name = " ".join(word for word in piece if word != "-")
        if any(not word.isalpha() for word in name.split()) or not known.is_known(name):
            continue
        if length > 1 and "-" in piece and piece[0] != piece[-1]:
            continue
        if not alone or _stands_alone(words, start, length, name):
            return length
    return 0


def _stands_alone(words: Words, start: int, length: int, name: str) -> bool:
    known = gazetteer()
    plain = known.canonical(name)
    if name in EVERYDAY and not (name in SURE_ENOUGH and length == 1):
        return False
    if plain in GROUPS or plain in SEATS or plain in known.prefixes:
        return True
    areas = known.find(name)
    if any(area.kind in (PROVINCE, CITY) for area in areas):
        return True
    last = plain.rpartition(" ")[2]
    return length > 1 and last in DIRECTIONS


def _fits(smaller: Part, larger: Part) -> bool:
    """May this name stand behind that one, as what it lies in?"""
    if not larger.areas and larger.name.lower() not in GROUPS:
        return bool(larger.level) or not smaller.has(CITY)
    if not smaller.areas or smaller.level in ("village", DISTRICT):
        return larger.level != "village"
    if not (smaller.has(CITY) or smaller.has(PROVINCE)):
        return larger.has(CITY)  # a village of another kecamatan's name
    return any(
        one.code.startswith(other.code + ".")
        for other in larger.areas
        for one in (*smaller.areas, *gazetteer().find(smaller.name))
    )


def _postcode(words: Words, index: int) -> bool:
    word = words.at(index)
    return words.free(index) and is_number(word) and word.isdigit() and len(word) == 5
