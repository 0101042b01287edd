"""Asking the provider, and remembering what it said. No transaction is open while we wait for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat import config
from cloudchat.clients import rajaongkir
from cloudchat.clients.rajaongkir import COURIERS, Place, RajaOngkirError, Rate
from cloudchat.extensions import db, now
from cloudchat.models import OngkirCache, OngkirSettings
from cloudchat.services.ongkir import accounts
from cloudchat.services.ongkir.places import Area
from cloudchat.services.ongkir.targets import Target, bare, matches, search_words
from cloudchat.tenancy import current_organization_id

PLACES_KEPT = timedelta(days=30)
COSTS_KEPT = timedelta(hours=24)
SECONDS = 8.0  # for one question with all its calls


class Lookup:
    """The calls of one question. Raises RajaOngkirError; `hits` says what it cost."""

    def __init__(self, settings: OngkirSettings, seconds: float = SECONDS, force: bool = False):
        self._settings, self._sealed, self._force = settings, settings.rajaongkir_api_key, force
        self._client, self._transport = rajaongkir.client(
            config.active().rajaongkir_url, accounts.key_of(settings), seconds
        )

    @property
    def hits(self) -> int:
        return self._transport.hits

    def provinces(self) -> list[dict]:
        return self._kept("provinces", "", PLACES_KEPT, self._client.provinces)

    def cities(self, province_id: int) -> list[dict]:
        return self._kept("cities", str(province_id), PLACES_KEPT, lambda: self._client.cities(province_id))

    def search(self, words: str) -> list[Place]:
        words = " ".join(words.upper().split())[:100]
        rows = self._kept(
            "search",
            words,
            PLACES_KEPT,
            lambda: [rajaongkir.as_json(one) for one in self._client.search(words)],
        )
        return [rajaongkir.place_from(row) for row in rows]

    def costs(self, origin: Place, destination: Place, weight: int, couriers: list[str]) -> list[Rate]:
        """All services, cheapest first; none where no courier goes there."""
        wanted = [code for code in COURIERS if code in couriers]  # one order: one key

        def fetch() -> list[dict]:
            try:
                found = self._client.cost(origin, destination, weight, wanted)
            except RajaOngkirError as error:
                if error.kind != "no_service":
                    raise
                found = []
            return [rate.__dict__ for rate in found]

        key = f"{origin.family}:{origin.id}:{destination.family}:{destination.id}:{weight}:{':'.join(wanted)}"
        return [Rate(**row) for row in self._kept("cost", key, COSTS_KEPT, fetch)]

    def check_key(self) -> str:
        """Ask for something cheap, past the cache: "ok" or the word of what is wrong."""
        try:
            rows = self._ask(self._client.provinces)
        except RajaOngkirError as error:
            return error.kind
        _keep("provinces", "", rows, PLACES_KEPT)
        db.session.commit()
        return "ok"

    def place(self, target: Target) -> Place | None:
        """The provider's place for a name that was understood; None where it has none."""
        if target.area is not None:
            return self._place_of(target.area)
        rows = self.search(target.words) if target.words else []
        inside = [row for row in rows if not target.city or bare(row.city) == bare(target.city)]
        if not inside and target.city:
            return self._within_city(target)
        return (inside or rows or [None])[0]

    def city_place(self, city: dict) -> Place | None:
        """The search family's place for a city of the step-by-step lists. Kota and Kabupaten of one name
        differ there by nothing but the postcode."""
        rows = self.search(city["name"])
        inside = [row for row in rows if bare(row.city) == bare(city["name"])]
        start = str(city.get("zip_code") or "")[:3]
        near = [row for row in inside if start and row.zip_code.startswith(start)]
        return (near or inside or rows or [None])[0]

    def _within_city(self, target: Target) -> Place | None:
        """A village that the provider does not know by this name: its city then."""
        rows = [row for row in self.search(target.city) if bare(row.city) == bare(target.city)]
        return rows[0] if rows else None

    def _place_of(self, area: Area) -> Place | None:
        for words in search_words(area):
            for row in self.search(words):
                if matches(area, row.city, row.district):
                    return row
        return None

    # --- the cache -------------------------------------------------------------------------------

    def _kept(self, kind: str, key: str, kept_for: timedelta, fetch: Callable[[], list]) -> list[Any]:
        known = db.session.scalar(
            select(OngkirCache.data).where(
                OngkirCache.kind == kind, OngkirCache.key == key, OngkirCache.expires_at > now()
            )
        )
        if known is not None:
            return known["items"]
        rows = self._ask(fetch)
        _keep(kind, key, rows, kept_for)
        db.session.commit()
        return rows

    def _ask(self, fetch: Callable[[], list]) -> list:
        refused = None if self._force else accounts.refusal(self._settings)
        if refused or not self._sealed:
            raise RajaOngkirError(refused or "no_key")
        db.session.commit()  # whoever waits for a provider holds no connection
        before, outcome = self._transport.hits, "ok"
        try:
            return fetch()
        except RajaOngkirError as error:
            outcome = error.kind
            raise
        finally:
            accounts.count(self._transport.hits - before)
            accounts.note(self._sealed, outcome, self._transport.daily_limit)
            db.session.commit()
            if self._settings in db.session:
                db.session.refresh(self._settings)


def _keep(kind: str, key: str, rows: list, kept_for: timedelta) -> None:
    values = {"data": {"items": rows}, "expires_at": now() + kept_for}
    db.session.execute(
        insert(OngkirCache)
        .values(organization_id=current_organization_id(), kind=kind, key=key, **values)
        .on_conflict_do_update(index_elements=["organization_id", "kind", "key"], set_=values)
    )


def known_city(number: int | None) -> dict | None:
    """A city of the lists that were given out; ids of the other family are not among them."""
    if number is None:
        return None
    for data in db.session.scalars(select(OngkirCache.data).where(OngkirCache.kind == "cities")):
        for city in data["items"]:
            if city["id"] == number:
                return city
    return None


def drop_old() -> None:
    """Forget what is out of date."""
    db.session.execute(delete(OngkirCache).where(OngkirCache.expires_at < now()))
    db.session.commit()
