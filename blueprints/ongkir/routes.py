"""The shipping cost API. Pages are in pages.py."""

from spectree import Response as Answers

from blueprints.ongkir import bp
from blueprints.ongkir.schemas import CitiesQuery, CostBody, ParseBody, PlaceBody, SearchQuery, SettingsBody
from cloudchat.clients.rajaongkir import COURIERS, RajaOngkirError
from cloudchat.models import OngkirSettings
from cloudchat.services.ongkir import accounts, quotes, wording
from cloudchat.services.ongkir.lookups import Lookup
from cloudchat.services.ongkir.parsing import parse
from cloudchat.services.ongkir.targets import is_vague
from cloudchat.services.presenting import iso
from cloudchat.web import api, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_409", "HTTP_422", "HTTP_429", "HTTP_503")


def settings_json(row: OngkirSettings) -> dict:
    """The settings without the key: only whether there is one, and how it ends."""
    return {
        "has_api_key": bool(row.rajaongkir_api_key),
        "api_key_hint": f"••••{row.key_hint}" if row.key_hint else None,
        "api_status": row.api_status,
        "api_message": row.api_message or None,
        "last_verified_at": iso(row.last_verified_at),
        **{name: getattr(row, name) for name in accounts.FIELDS},
        "origin": {"id": row.origin_id, "label": row.origin_label} if row.origin_id else None,
        "couriers": [{"code": code, "name": name} for code, name in COURIERS.items()],
    }


def usage_json(row: OngkirSettings) -> dict:
    found = accounts.usage(row)
    return {**found, "last_checked_at": iso(found["last_checked_at"])}


@bp.get("/api/app/ongkir/settings")
@requires("manager")
@api.validate(resp=OK, tags=["ongkir"])
def show_settings():
    return settings_json(accounts.get())


@bp.put("/api/app/ongkir/settings")
@requires("admin")
@api.validate(json=SettingsBody, resp=OK, tags=["ongkir"])
def change_settings(json: SettingsBody):
    values = json.model_dump(exclude_unset=True)
    if "rajaongkir_api_key" in values:
        values["api_key"] = values.pop("rajaongkir_api_key")
    return settings_json(accounts.save(values))


@bp.post("/api/app/ongkir/verify")
@requires("admin")
@api.validate(resp=OK, tags=["ongkir"])
def verify():
    """Ask the provider about the key; `outcome` is ok, or what is wrong with it."""
    row = accounts.get()
    if not row.rajaongkir_api_key:
        quotes.raise_kind("no_key")
    outcome = Lookup(row, force=True).check_key()
    if outcome in ("unavailable", "refused", "no_service"):
        quotes.raise_kind("unavailable")
    return {"outcome": outcome, **settings_json(accounts.get())}


@bp.get("/api/app/ongkir/usage")
@requires("manager")
@api.validate(resp=OK, tags=["ongkir"])
def show_usage():
    return usage_json(accounts.get())


@bp.get("/api/app/ongkir/provinces")
@requires("agent")
@api.validate(resp=OK, tags=["ongkir"])
def list_provinces():
    return _listed(lambda lookup: lookup.provinces())


@bp.get("/api/app/ongkir/cities")
@requires("agent")
@api.validate(query=CitiesQuery, resp=OK, tags=["ongkir"])
def list_cities(query: CitiesQuery):
    return _listed(lambda lookup: lookup.cities(query.province_id))


@bp.get("/api/app/ongkir/destinations")
@requires("agent")
@api.validate(query=SearchQuery, resp=OK, tags=["ongkir"])
def list_destinations(query: SearchQuery):
    """Places by the provider's own search, down to the village."""
    return _listed(lambda lookup: [{"id": one.id, "label": one.label} for one in lookup.search(query.q)[:50]])


def _listed(ask) -> dict:
    try:
        return {"items": ask(Lookup(accounts.get())), "next_cursor": None}
    except RajaOngkirError as error:
        quotes.raise_kind(error.kind)


@bp.post("/api/app/ongkir/cost")
@requires("agent")
@api.validate(json=CostBody, resp=OK, tags=["ongkir"])
def cost(json: CostBody):
    """What sending something costs, cheapest first."""
    asked = quotes.Asked(
        _place(json.origin), _place(json.destination), json.weight, tuple(dict.fromkeys(json.couriers))
    )
    quotes.check(asked)
    quote = quotes.ask(asked, "desk")
    quotes.raise_for(quote)
    return {
        "items": [
            {**rate.__dict__, "cost_text": wording.rupiah(rate.cost), "etd_text": wording.duration(rate.etd)}
            for rate in quote.rates
        ],
        "next_cursor": None,
        "origin": quote.origin,
        "destination": quote.destination,
        "weight": quote.weight,
        "from_cache": quote.hits == 0,
        "text": wording.answer(quote.rates, quote.origin, quote.destination, quote.weight)
        if quote.rates
        else None,
    }


def _place(given: PlaceBody | str | None):
    if isinstance(given, PlaceBody):
        return quotes.by_id(given.id, given.family, given.label)
    return given.strip() if given is not None else None


@bp.post("/api/app/ongkir/parse")
@requires("agent")
@api.validate(json=ParseBody, resp=OK, tags=["ongkir"])
def parse_text(json: ParseBody):
    """What a customer's sentence asks for; `missing` counts on the organization's own origin."""
    found = parse(json.text)
    row = accounts.get()
    has_origin = bool(row.origin_id or row.default_origin_city_name or row.default_origin_city_id)
    return {
        "is_ongkir_question": found.is_ongkir_question,
        "origin": found.origin.upper() if found.origin else None,
        "destination": found.destination.upper() if found.destination else None,
        "weight_grams": found.weight_grams,
        "couriers": found.couriers,
        "missing": found.missing(has_origin) if found.is_ongkir_question else [],
        "ambiguous": [
            name
            for name in ("origin", "destination")
            if getattr(found, name) and is_vague(getattr(found, name))
        ],
    }
