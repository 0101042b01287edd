"""The closed API's shape, which some people run a bridge for."""

from typing import Any

from cloudchat.clients.rajaongkir.rows import LEGACY, Place, Rate, error_kind, named, rate_of
from cloudchat.clients.rajaongkir.transport import RajaOngkirError, Transport


class Legacy:
    """The closed API's shape: a `rajaongkir` envelope, ids as text, city to city only."""

    families = (LEGACY,)

    def __init__(self, transport: Transport):
        self._transport = transport

    def provinces(self) -> list[dict]:
        rows = self._results("GET", "/province")
        return named([{"id": row.get("province_id"), "name": row.get("province")} for row in rows])

    def cities(self, province_id: int) -> list[dict]:
        rows = self._results("GET", "/city", params={"province": province_id})
        return named(
            [
                {
                    "id": row.get("city_id"),
                    "name": f"{row.get('type') or ''} {row.get('city_name') or ''}".strip().upper(),
                    "zip_code": row.get("postal_code"),
                }
                for row in rows
            ]
        )

    def districts(self, city_id: int) -> list[dict]:
        return []

    def search(self, words: str, limit: int = 100) -> list[Place]:
        rows = self._results("GET", "/city")
        wanted = words.upper()
        places = [
            Place(
                LEGACY,
                int(row["city_id"]),
                f"{row.get('type', '')} {row['city_name']}, {row.get('province', '')}".strip().upper(),
                city=str(row["city_name"]).upper(),
                province=str(row.get("province", "")).upper(),
                zip_code=str(row.get("postal_code", "")),
            )
            for row in rows
            if str(row.get("city_id", "")).isdigit() and row.get("city_name")
        ]
        return [place for place in places if wanted in place.label or wanted == place.zip_code][:limit]

    def cost(self, origin: Place, destination: Place, weight: int, couriers: list[str]) -> list[Rate]:
        if {origin.family, destination.family} != {LEGACY}:
            raise ValueError("places of two families")
        form = {"origin": origin.id, "destination": destination.id, "weight": weight}
        found: list[Rate] = []
        for row in self._results("POST", "/cost", data={**form, "courier": ":".join(couriers)}):
            for service in row.get("costs") or []:
                for price in service.get("cost") or []:
                    flat = {**row, **service, "cost": price.get("value"), "etd": price.get("etd")}
                    found.append(rate_of(flat))
        if not any(found):
            raise RajaOngkirError("no_service")
        return sorted((rate for rate in found if rate), key=lambda rate: rate.cost)

    def _results(self, method: str, path: str, **request: Any) -> list[dict]:
        status, body = self._transport.call(method, path, **request)
        body = body if isinstance(body, dict) else {}
        inner = body.get("rajaongkir") if isinstance(body.get("rajaongkir"), dict) else {}
        state = inner.get("status") if isinstance(inner.get("status"), dict) else {}
        code = state.get("code") if isinstance(state.get("code"), int) else status
        if status >= 400 or code >= 400:
            raise RajaOngkirError(
                error_kind(status, code, str(state.get("description") or body.get("message") or "")), status
            )
        results = inner.get("results")
        rows = results if isinstance(results, list) else [results]  # one id asked for: an object
        return [row for row in rows if isinstance(row, dict)]
