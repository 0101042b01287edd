"""What it costs to send something: for customers in a chat, for agents, for programs. Every question is
a row of the log, however it ended."""

from dataclasses import dataclass, field

from cloudchat.clients.rajaongkir import COURIERS, DISTRICT, SEARCH, Place, RajaOngkirError, Rate
from cloudchat.errors import Conflict, Invalid, TooMany, Unavailable
from cloudchat.extensions import db
from cloudchat.models import OngkirLog, OngkirSettings
from cloudchat.services.ongkir import accounts
from cloudchat.services.ongkir.lookups import SECONDS, Lookup, known_city
from cloudchat.services.ongkir.targets import is_vague, target

HEAVIEST = 150_000  # grams
LONGEST_NAME = 200
OF_THE_KEY = {"no_key": "ongkir_no_key", "invalid": "ongkir_invalid", "legacy": "ongkir_legacy"}


@dataclass(frozen=True)
class City:
    """A city of the step-by-step lists, as `/cities` gave it out."""

    id: int
    label: str
    row: dict = field(compare=False)


@dataclass(frozen=True)
class Asked:
    """A question. A place is a name, a city of the lists, or the provider's id with its label."""

    origin: str | Place | City | None
    destination: str | Place | City
    weight: int
    couriers: tuple[str, ...] = ()


@dataclass
class Quote:
    """How it ended: ok, no_service, place_unknown, no_origin, or the word of what was wrong."""

    status: str
    rates: list[Rate] = field(default_factory=list)
    origin: str = ""
    destination: str = ""
    weight: int = 0
    hits: int = 0


def ask(asked: Asked, source: str, conversation_id: int | None = None, seconds: float = SECONDS) -> Quote:
    """Find the price; logs it and commits. Never raises for what the provider does."""
    settings = accounts.get()
    couriers = [code for code in asked.couriers if code in COURIERS] or list(settings.enabled_couriers)
    quote = Quote("ok", weight=asked.weight)
    lookup = Lookup(settings, seconds)
    try:
        origin = _place(lookup, asked.origin) if asked.origin else _default_origin(lookup, settings)
        quote.origin = _shown(asked.origin, origin) if asked.origin else own_origin(settings)
        if origin is None:
            raise RajaOngkirError("place_unknown" if asked.origin else "no_origin")
        destination = _place(lookup, asked.destination)
        quote.destination = _shown(asked.destination, destination)
        if destination is None:
            raise RajaOngkirError("place_unknown")
        quote.rates = lookup.costs(origin, destination, asked.weight, couriers)
        quote.status = "ok" if quote.rates else "no_service"
    except RajaOngkirError as error:
        quote.status = error.kind
    quote.hits = lookup.hits
    _log(asked, quote, couriers, source, conversation_id)
    db.session.commit()
    return quote


def by_id(number: int, family: str | None = None, label: str = "") -> Place | City:
    """A place by an id: of the lists where it was given out there, else of the search."""
    city = known_city(number) if family in (None, "city") else None
    if city is not None:
        return City(number, city["name"], city)
    return Place(family if family == DISTRICT else SEARCH, number, label or f"#{number}")


def _place(lookup: Lookup, wanted: str | Place | City) -> Place | None:
    if isinstance(wanted, City):
        return lookup.city_place(wanted.row)
    return lookup.place(target(wanted)) if isinstance(wanted, str) else wanted


def _shown(wanted: str | Place | City | None, found: Place | None) -> str:
    """What the place is called to people: as they said it, else as the provider labels it."""
    if isinstance(wanted, str):
        return wanted
    return (wanted or found).label if (wanted or found) else ""


def own_origin(settings: OngkirSettings) -> str:
    """Where the organization sends from, as it is shown; "" where none is chosen."""
    return settings.default_origin_city_name or (settings.origin_label or "").removeprefix("-, ")


def _default_origin(lookup: Lookup, settings: OngkirSettings) -> Place | None:
    """The organization's own place in the search family, looked up once and kept."""
    if settings.origin_id:
        return Place(SEARCH, settings.origin_id, settings.origin_label or "")
    name = settings.default_origin_city_name
    city = known_city(settings.default_origin_city_id) or ({"name": name} if name else None)
    if city is None:
        return None
    found = lookup.place(target(name)) if name and not is_vague(name) else lookup.city_place(city)
    if found is not None and found.family == SEARCH and settings in db.session:
        settings.origin_id, settings.origin_label = found.id, found.label
    return found


def _log(asked: Asked, quote: Quote, couriers: list[str], source: str, conversation_id: int | None) -> None:
    cheapest = quote.rates[0] if quote.rates else None
    db.session.add(
        OngkirLog(
            conversation_id=conversation_id,
            origin=quote.origin[:255] or None,
            destination=(quote.destination or _shown(asked.destination, None))[:255] or None,
            weight=asked.weight,
            courier=":".join(couriers)[:120],
            cost=cheapest.cost if cheapest else None,
            api_response={"rates": [rate.__dict__ for rate in quote.rates[:50]]} if quote.rates else None,
            status=quote.status,
            source=source,
            hits=quote.hits,
        )
    )


def check(asked: Asked) -> None:
    """Refuse what no provider need be asked. Raises Invalid."""
    errors: dict[str, list[str]] = {}
    if not 1 <= asked.weight <= HEAVIEST:
        errors["weight"] = ["ongkir_weight_invalid"]
    if any(code not in COURIERS for code in asked.couriers):
        errors["couriers"] = ["ongkir_courier_unknown"]
    for name, place in (("origin", asked.origin), ("destination", asked.destination)):
        if isinstance(place, str):
            found = target(place)
            if not place.strip() or len(place) > LONGEST_NAME:
                errors[name] = ["required" if not place.strip() else "too_long"]
            elif found.area is None and not found.words:
                errors[name] = ["ongkir_place_vague"]
    if errors:
        raise Invalid("ongkir", fields=errors)


def raise_for(quote: Quote) -> None:
    """The refusal that belongs to a quote which did not work out. Raises AppErrors."""
    if quote.status in ("ok", "no_service"):
        return
    if quote.status == "place_unknown":
        name = "destination" if quote.destination else "origin"
        raise Invalid("ongkir", code="ongkir_place_unknown", fields={name: ["ongkir_place_unknown"]})
    if quote.status == "no_origin":
        raise Invalid("ongkir", code="ongkir_no_origin", fields={"origin": ["ongkir_no_origin"]})
    raise_kind(quote.status)


def raise_kind(kind: str) -> None:
    """The same for any call to the provider."""
    if kind == "quota_exceeded":
        raise TooMany(
            "ongkir", code="ongkir_quota_exceeded", retry_after=round(accounts.seconds_to_midnight())
        )
    if kind in OF_THE_KEY:
        raise Conflict("ongkir", code=OF_THE_KEY[kind])
    raise Unavailable("ongkir", code="ongkir_unavailable")
