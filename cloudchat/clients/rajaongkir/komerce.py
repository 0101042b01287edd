"""The API that is alive (rajaongkir.komerce.id)."""

from typing import Any

from cloudchat.clients.rajaongkir.rows import (
    DISTRICT,
    SEARCH,
    Place,
    Rate,
    error_kind,
    named,
    place_of,
    rate_of,
)
from cloudchat.clients.rajaongkir.transport import RajaOngkirError, Transport


class Komerce:
    """The API that is alive: form bodies, a `meta` envelope, one host for every plan."""

    families = (SEARCH, DISTRICT)

    def __init__(self, transport: Transport):
        self._transport = transport

    def provinces(self) -> list[dict]:
        return named(self._get("/destination/province"))

    def cities(self, province_id: int) -> list[dict]:
        return named(self._get(f"/destination/city/{province_id}"))

    def districts(self, city_id: int) -> list[dict]:
        return named(self._get(f"/destination/district/{city_id}"))

    def search(self, words: str, limit: int = 100) -> list[Place]:
        """Places of the search family; none where the provider knows none."""
        params = {"search": words, "limit": limit, "offset": 0}
        rows = self._get("/destination/domestic-destination", params=params)
        return [place for place in map(place_of, rows) if place]

    def cost(self, origin: Place, destination: Place, weight: int, couriers: list[str]) -> list[Rate]:
        """Every service, cheapest first. Both places must be of one family."""
        if origin.family != destination.family or origin.family not in self.families:
            raise ValueError("places of two families")
        step = "district/" if origin.family == DISTRICT else ""
        form = {
            "origin": origin.id,
            "destination": destination.id,
            "weight": weight,
            "courier": ":".join(couriers),
            "price": "lowest",
        }
        rows = self._data("POST", f"/calculate/{step}domestic-cost", data=form)
        return sorted((rate for rate in map(rate_of, rows) if rate), key=lambda rate: rate.cost)

    def _get(self, path: str, **request: Any) -> list:
        try:
            return self._data("GET", path, **request)
        except RajaOngkirError as error:
            if error.kind == "no_service":
                return []
            raise

    def _data(self, method: str, path: str, **request: Any) -> list:
        status, body = self._transport.call(method, "/api/v1" + path, **request)
        body = body if isinstance(body, dict) else {}
        meta = body.get("meta") if isinstance(body.get("meta"), dict) else {}
        code = meta.get("code") if isinstance(meta.get("code"), int) else status
        if status >= 400 or code >= 400 or meta.get("status") not in ("success", None):
            raise RajaOngkirError(
                error_kind(status, code, str(meta.get("message") or body.get("message") or "")), status
            )
        data = body.get("data")
        return data if isinstance(data, list) else []
