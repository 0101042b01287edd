"""One name of a place in a text: how many words are a name, how it is spelt rightly, what level it has."""

from collections.abc import Iterable
from dataclasses import dataclass

from cloudchat.services.ongkir.places import (
    CITY,
    DIRECTIONS,
    DISTRICT,
    GROUPS,
    LONGEST,
    PROVINCE,
    REGIONS,
    SEATS,
    Area,
    gazetteer,
    plain,
)
from cloudchat.services.ongkir.words import STOP, Words, listed

CITY_WORDS = {
    **dict.fromkeys(("kota", "kotamadya", "kodya", "kotanya"), "KOTA"),
    **dict.fromkeys(("kab", "kabupaten", "kabupatennya", "kabupten"), "KABUPATEN"),
}
DISTRICT_WORDS = listed("kec kecamatan distrik")
VILLAGE_WORDS = listed("kel kelurahan desa ds dusun kampung kp")
PROVINCE_WORDS = listed("prov provinsi propinsi")
STREET = listed("jl jln jalan gg gang no nomor rt rw blok perum perumahan komplek kompleks ruko")
# Names that are everyday words, or words of chats: only where something says that a place follows
EVERYDAY = listed("""buru batang kaur solok paser alor demak buol nias mojo lebak siak rote padang aru baa
    duri idi kepi kijang mabar madina mateng merak mitra oki pali piru raha seram soe tts""")
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

    def is_only(self, kind: str) -> bool:
        return bool(self.areas) and all(area.kind == kind for area in self.areas)

    @property
    def is_wide(self) -> bool:
        """A province or an island, and no city of that name."""
        return plain(self.name) in GROUPS or self.is_only(PROVINCE)


def part_at(words: Words, index: int, guess: bool) -> tuple[Part | None, int]:
    """One name with its level; with `guess` also one that the list does not have. And where it ends."""
    word, level, start = words.at(index), "", index
    if not words.free(index):
        return None, index
    following = _behind(words, index)
    if word in CITY_WORDS and (words.at(following) not in STOP or exact_length(words, following)):
        if not _is_in_name(words, index, following):
            level, start = CITY_WORDS[word], following
    elif word in DISTRICT_WORDS:
        level, start = DISTRICT, following
    elif word in PROVINCE_WORDS:
        level, start = PROVINCE, following
    elif word in VILLAGE_WORDS and not exact_length(words, index):
        level, start = "village", following
    length = exact_length(words, start)
    if length:
        return _kind_behind(words, _known(words, start, length, level), start + length)
    if not guess and not level:
        return None, index
    return _unknown(words, start, level)


def _is_in_name(words: Words, index: int, following: int) -> bool:
    """ "kota gajah" and "kota bumi" are names of their own: there is no city Gajah."""
    length = exact_length(words, following)
    return exact_length(words, index) > 1 and not (length and _known(words, following, length, "").has(CITY))


def _behind(words: Words, index: int) -> int:
    """The word behind this one and its point: "kab. malang"."""
    return index + 2 if words.at(index + 1) == "." else index + 1


def _kind_behind(words: Words, part: Part, end: int) -> tuple[Part, int]:
    """ "malang kota", "bandung (kab)", "bogor yang kota": unless the word begins the next name."""
    index = end
    while words.at(index) in ("(", ",", "-", "yg", "yang"):
        index += 1
    kind = CITY_WORDS.get(words.at(index), "")
    areas = tuple(area for area in part.areas if kind and area.type == kind)
    if part.level or not areas:
        return part, end
    following = _behind(words, index)
    length = exact_length(words, following)
    if length and not _known(words, following, length, "").is_wide:
        return part, end
    return Part(areas[0].name, kind, areas), following + (words.at(following) == ")")


def _known(words: Words, start: int, length: int, level: str) -> Part:
    known = gazetteer()
    name = known.canonical(" ".join(word for word in words.items[start : start + length] if word != "-"))
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
        if end > start and exact_length(words, end, alone=True):
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
            return _kind_behind(words, Part(areas[0].name, kept, tuple(areas)), stop)
    return Part(" ".join(words.items[start:end]).title(), level, ()), end


def _may_name(word: str) -> bool:
    return word.isalpha() and word not in STOP and word not in STREET and len(word) < 30


def exact_length(words: Words, start: int, alone: bool = False) -> int:
    """How many words from here are a name of the list, the longest one; 0 where none are. `alone`:
    nothing says that a place follows, so only cities and what cannot be anything else count."""
    known = gazetteer()
    for length in range(LONGEST, 0, -1):
        piece = words.items[start : start + length]
        if len(piece) < length or any(not words.free(start + offset) for offset in range(length)):
            continue
        if not piece[0].isalpha() or not piece[-1].isalpha() or (length == 1 and piece[0] in STOP):
            continue
        name = " ".join(word for word in piece if word != "-")
        if any(not word.isalpha() for word in name.split()) or not known.is_known(name):
            continue
        if any(word == "-" and piece[at - 1] != piece[at + 1] for at, word in enumerate(piece)):
            continue  # "bau-bau" is a name, "bandung-barat" may be two
        if not alone or _stands_alone(length, name):
            return length
    return 0


def _stands_alone(length: int, name: str) -> bool:
    known = gazetteer()
    canonical = known.canonical(name)
    if name in EVERYDAY and not (name in SURE_ENOUGH and length == 1):
        return False
    if canonical in GROUPS or canonical in SEATS or canonical in known.prefixes:
        return True
    areas = known.find(name)
    if any(area.kind in (PROVINCE, CITY) for area in areas):
        return True
    last = canonical.rpartition(" ")[2]
    return length > 1 and last in DIRECTIONS


# --- where a place lies --------------------------------------------------------------------------


def joined(smaller: Part, larger: Part, marked: bool) -> tuple[Part, Part] | None:
    """Both, where the second name may say where the first one lies; None where it is a second place.
    `marked`: something says that a place follows, so "ke kuta lombok" is no "A B"."""
    inside = lies_in(smaller, larger)
    if inside:
        return inside
    name = plain(smaller.name)
    quarter = SEATS.get(name, "")[3:4] == "7"  # of a kota: people give Bintaro to the neighbour, too
    known = smaller.areas or name in GROUPS or (name in SEATS and not quarter)
    if not larger.areas and plain(larger.name) not in GROUPS:
        fits = bool(larger.level) or not smaller.has(CITY)
    elif smaller.level in ("village", DISTRICT) or not known:
        fits = larger.level != "village"
    elif marked and smaller.is_only(DISTRICT) and (larger.has(CITY) or larger.is_wide):
        return Part(smaller.name, "village"), larger  # of another kecamatan's name
    else:
        fits = False
    return (smaller, larger) if fits else None


def lies_in(smaller: Part, larger: Part) -> tuple[Part, Part] | None:
    """Both, with only those areas of each name of which one lies in the other; None where none does."""
    find, name = gazetteer().find, plain(larger.name)
    outer = larger.areas if larger.level else (*larger.areas, *find(name))
    # "lembang bandung": what is Bandung Barat now was Bandung once
    parted = () if larger.level else [area for side in DIRECTIONS for area in find(f"{name} {side}")]
    regions = REGIONS.get(name, ()) if larger.level in ("", PROVINCE) else ()
    unlisted = (SEATS.get(plain(smaller.name), ""), *REGIONS.get(plain(smaller.name), ()))
    for areas in (smaller.areas, () if smaller.level else find(smaller.name)):
        codes = [area.code for area in areas] or unlisted
        around = _around(codes, outer, bool(areas)) or _around(codes, parted, bool(areas))
        wide = [] if around else [code for code in regions if any(_is_in(one, code) for one in codes)]
        if not around and not wide:
            continue
        bounds = [one.code for one in around] or wide
        kept = tuple(area for area in areas if any(_is_in(area.code, code, bool(around)) for code in bounds))
        level = smaller.level or (kept[0].type if len(kept) == 1 < len(areas) else "")  # "banjar kalsel"
        inner = Part(kept[0].name if kept else smaller.name, level, kept)
        if wide:
            return inner, Part(larger.name, PROVINCE)
        return inner, Part(around[0].name, larger.level, tuple(dict.fromkeys(around)))
    return None


def _around(codes: Iterable[str], outer: Iterable[Area], strictly: bool) -> list[Area]:
    """Those in which one of the codes lies; a code that is a city's own lies in it where not `strictly`."""
    return [
        one
        for one in outer
        if one.kind != DISTRICT and any(_is_in(code, one.code, strictly) for code in codes)
    ]


def _is_in(code: str, other: str, strictly: bool = False) -> bool:
    return code.startswith(f"{other}.") or (code == other and not strictly)
