"""From the name of a place to one place, or to the choices that have to be asked: pure."""

import re
from dataclasses import dataclass

from cloudchat.services.ongkir.places import (
    CITY,
    DISTRICT,
    GROUPS,
    PROVINCE,
    SEATS,
    Area,
    gazetteer,
    plain,
)

MOST_CHOICES = 5
_TYPE = re.compile(r"^(kota|kabupaten|kab)\.?\s+", re.I)


@dataclass(frozen=True)
class Target:
    """One `area`; or `choices`, names of which the customer means one; or `words` for the provider's own
    search, within a city where one was named."""

    name: str
    area: Area | None = None
    choices: tuple[str, ...] = ()
    words: str = ""
    city: str = ""


def target(name: str) -> Target:
    """What a name stands for. Never a guess: Bandung is a kota and a kabupaten."""
    name = " ".join(name.split())[:120]
    if re.fullmatch(r"[0-9]{5}", name):
        return Target(name, words=name)
    smaller, _, larger = (part.strip() for part in name.partition(","))
    if larger:
        return _within(name, smaller, larger)
    return _alone(name)


def _within(name: str, smaller: str, larger: str) -> Target:
    cities = cities_of(larger)
    found = [
        area
        for area in gazetteer().find(_TYPE.sub("", smaller))
        if area.kind == DISTRICT and any(area.code.startswith(f"{city.code}.") for city in cities)
    ]
    if found:
        return Target(name, area=found[0])
    return Target(name, words=smaller, city=cities[0].name if cities else larger)


def cities_of(name: str) -> list[Area]:
    """The kota and kabupaten of a name, one of them where its kind is said."""
    said = _TYPE.match(name)
    areas = [area for area in gazetteer().find(_TYPE.sub("", name)) if area.kind == CITY]
    if said:
        wanted = "KOTA" if said[1].lower() == "kota" else "KABUPATEN"
        areas = [area for area in areas if area.type == wanted] or areas
    return sorted(areas, key=lambda area: area.type != "KOTA")


def _alone(name: str) -> Target:
    known = gazetteer()
    cities = cities_of(name)
    if len(cities) == 1:
        return Target(name, area=cities[0])
    if cities:
        return Target(name, choices=tuple(area.title for area in cities[:MOST_CHOICES]))
    key = known.canonical(name)
    codes = GROUPS.get(key) or tuple(area.code for area in known.find(key) if area.kind == PROVINCE)
    if codes:
        return Target(name, choices=_cities_inside(codes))
    if key in GROUPS:
        return Target(name, choices=())
    districts = [*known.find(key), *known.prefixes.get(key, ())]
    if key in SEATS:
        districts += known.find(f"kota {key}")
        inside = [area for area in districts if area.code.startswith(SEATS[key])]
        own = (key, f"kota {key}")  # Kuta before Kuta Utara; Sigli is the kecamatan Kota Sigli
        districts = [area for area in inside if plain(area.name) in own] or inside
        if not districts:
            return Target(name, words=name, city=known.by_code[SEATS[key]].name)
    if len(districts) == 1:
        return Target(name, area=districts[0])
    if districts:
        return Target(name, choices=tuple(title_of(area) for area in districts[:MOST_CHOICES]))
    return Target(name, words=name)


def _cities_inside(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Some of the cities of a province or an island, kota first."""
    known = gazetteer()
    found = []
    for code in codes:
        found += [known.by_code[code]] if "." in code and code in known.by_code else known.inside(code, CITY)
    found.sort(key=lambda area: (area.type != "KOTA", area.code))
    return tuple(area.title for area in found[:MOST_CHOICES])


def title_of(area: Area) -> str:
    """A kecamatan with its city, a city with its kind."""
    parent = gazetteer().parent(area)
    return f"{area.name}, {parent.name}" if area.kind == DISTRICT and parent else area.title


def is_vague(name: str) -> bool:
    """Must the customer say more? True also for "Jawa", of which nothing is offered."""
    found = target(name)
    return found.area is None and not found.words


def search_words(area: Area) -> list[str]:
    """What the provider's search is asked for this place, best first. A city that has a twin is found by
    a kecamatan of its own, since the provider's names leave "Kota" and "Kabupaten" out."""
    known = gazetteer()
    if area.kind == DISTRICT:
        return [area.name]
    inside = sorted(known.inside(area.code, DISTRICT), key=lambda one: one.code)
    unique = [one.name for one in inside if len(known.find(one.name)) == 1] or [one.name for one in inside]
    twins = [one for one in known.find(area.name) if one.kind == CITY]
    return unique[:1] if len(twins) > 1 else [area.name, *unique[:1]]


def matches(area: Area, city: str, district: str) -> bool:
    """Is a place of the provider's (its names of city and kecamatan) this one, or inside it?"""
    known = gazetteer()
    if area.kind == DISTRICT:
        parent = known.parent(area)
        return bare(district) == bare(area.name) and bare(city) == bare(parent.name)
    if bare(city) != bare(area.name):
        return False
    twins = [one for one in known.find(area.name) if one.kind == CITY]
    return len(twins) < 2 or any(
        bare(one.name) == bare(district) for one in known.inside(area.code, DISTRICT)
    )


def bare(name: str) -> str:
    """Letters only, without the kind of a city."""
    name = re.sub(r"^(kota|kabupaten|kab|adm|administrasi|kec|kecamatan)\b\.?\s*", "", plain(name))
    return re.sub(r"[^a-z0-9]", "", name.removeprefix("administrasi "))
