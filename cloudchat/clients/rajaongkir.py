"""RajaOngkir: shipping costs inside Indonesia, by a key that belongs to the organization.

Two dialects behind one client. `Komerce` is what is alive (rajaongkir.komerce.id); `Legacy` speaks the
shape of the closed hosts (a path of `/starter`, `/basic` or the pro host's `/api`), which some people run
a bridge for. A place carries the family of its id, since an id of the one means another place, or
nothing, in the other. The key goes into a header and nowhere else.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import structlog

log = structlog.get_logger(__name__)

SEARCH, DISTRICT, LEGACY = "search", "district", "legacy"  # families of ids
MAX_ANSWER = 2 * 1024 * 1024
CALL_SECONDS = 4.0
PAUSE = 0.25  # before the one repetition
BREAK_AFTER = 5  # failures in a row
BREAK_SECONDS = 20.0
_NO_PROXY = dict.fromkeys(("all://localhost", "all://127.0.0.1"))

COURIERS = {
    "jne": "JNE",
    "pos": "POS Indonesia",
    "tiki": "TIKI",
    "jnt": "J&T Express",
    "sicepat": "SiCepat",
    "anteraja": "AnterAja",
    "ninja": "Ninja Xpress",
    "lion": "Lion Parcel",
    "ide": "ID Express",
    "sap": "SAP Express",
    "wahana": "Wahana",
    "rex": "REX",
    "ncs": "NCS",
    "rpx": "RPX",
    "sentral": "Sentral Cargo",
    "star": "Star Cargo",
    "dse": "21 Express",
}


class RajaOngkirError(Exception):
    """What went wrong, as a word: invalid, legacy, quota_exceeded, no_service, unavailable, refused.
    It never holds what was sent."""

    def __init__(self, kind: str, status: int | None = None):
        super().__init__(kind)
        self.kind, self.status = kind, status


@dataclass(frozen=True)
class Place:
    """A place as the provider names it. Names are upper case, without "KOTA" or "KABUPATEN"."""

    family: str
    id: int
    label: str
    city: str = ""
    district: str = ""
    province: str = ""
    zip_code: str = ""


@dataclass(frozen=True)
class Rate:
    """What one service of a courier costs, in whole rupiah."""

    courier: str
    courier_name: str
    service: str
    description: str
    cost: int
    etd: str


class Breaker:
    """Lets nothing through for a while after several failures in a row: nobody waits for what is down."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self._lock = clock, threading.Lock()
        self._failures: dict[str, int] = {}
        self._open_until: dict[str, float] = {}

    def check(self, host: str) -> None:
        with self._lock:
            if self._clock() < self._open_until.get(host, 0.0):
                raise RajaOngkirError("unavailable")

    def failed(self, host: str) -> None:
        with self._lock:
            self._failures[host] = self._failures.get(host, 0) + 1
            if self._failures[host] >= BREAK_AFTER:
                # One more failure after the pause opens it again
                self._open_until[host] = self._clock() + BREAK_SECONDS
                self._failures[host] = BREAK_AFTER - 1

    def worked(self, host: str) -> None:
        with self._lock:
            self._failures.pop(host, None)
            self._open_until.pop(host, None)

    def reset(self) -> None:
        with self._lock:
            self._failures.clear()
            self._open_until.clear()


breaker = Breaker()


class Transport:
    """Calls with one key until `deadline` (monotonic seconds); counts what reached the provider."""

    def __init__(self, base: str, key: str, deadline: float):
        self.base, self._key, self._deadline = base, key, deadline
        self.hits = 0
        self.daily_limit: int | None = None

    def call(self, method: str, path: str, **request: Any) -> Any:
        """The answer's JSON. Tried twice where the provider is in trouble; every call only reads."""
        breaker.check(self.base)
        for is_last in (False, True):
            left = self._deadline - time.monotonic()
            if left <= 0.05:
                raise RajaOngkirError("unavailable")
            try:
                answer = self._once(method, path, min(left, CALL_SECONDS), request)
            except (httpx.HTTPError, ValueError) as error:
                log.info("rajaongkir_failed", path=path, reason=type(error).__name__)
                answer = None
            if answer is not None and answer[0] < 500:
                breaker.worked(self.base)
                return answer
            breaker.failed(self.base)
            if not is_last:
                time.sleep(min(PAUSE, max(0.0, self._deadline - time.monotonic())))
        raise RajaOngkirError("unavailable", answer[0] if answer else None)

    def _once(self, method: str, path: str, seconds: float, request: dict) -> tuple[int, Any]:
        timeout = httpx.Timeout(seconds, connect=min(2.0, seconds))
        body, ends = bytearray(), time.monotonic() + seconds
        with (
            httpx.Client(timeout=timeout, mounts=_NO_PROXY, follow_redirects=False) as client,
            client.stream(
                method,
                self.base + path,
                headers={"key": self._key, "Accept": "application/json", "Accept-Encoding": "identity"},
                **request,
            ) as answer,
        ):
            self.hits += 1
            limit = answer.headers.get("X-RateLimit-Limit", "")
            if limit.isdigit() and len(limit) < 8:
                self.daily_limit = int(limit)
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER or time.monotonic() > ends:
                    raise ValueError("too much, or too slow")
        if answer.status_code >= 500:
            return answer.status_code, None
        return answer.status_code, httpx.Response(200, content=bytes(body)).json()


class Komerce:
    """The API that is alive: form bodies, a `meta` envelope, one host for every plan."""

    families = (SEARCH, DISTRICT)

    def __init__(self, transport: Transport):
        self._transport = transport

    def provinces(self) -> list[dict]:
        return _named(self._get("/destination/province"))

    def cities(self, province_id: int) -> list[dict]:
        return _named(self._get(f"/destination/city/{province_id}"))

    def districts(self, city_id: int) -> list[dict]:
        return _named(self._get(f"/destination/district/{city_id}"))

    def search(self, words: str, limit: int = 100) -> list[Place]:
        """Places of the search family; none where the provider knows none."""
        params = {"search": words, "limit": limit, "offset": 0}
        rows = self._get("/destination/domestic-destination", params=params)
        return [place for place in map(_place, rows) if place]

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
        return sorted((rate for rate in map(_rate, rows) if rate), key=lambda rate: rate.cost)

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
                _kind(status, code, str(meta.get("message") or body.get("message") or "")), status
            )
        data = body.get("data")
        return data if isinstance(data, list) else []


class Legacy:
    """The closed API's shape: a `rajaongkir` envelope, ids as text, city to city only."""

    families = (LEGACY,)

    def __init__(self, transport: Transport):
        self._transport = transport

    def provinces(self) -> list[dict]:
        rows = self._results("GET", "/province")
        return _named([{"id": row.get("province_id"), "name": row.get("province")} for row in rows])

    def cities(self, province_id: int) -> list[dict]:
        rows = self._results("GET", "/city", params={"province": province_id})
        return _named(
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
                    found.append(_rate(flat))
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
                _kind(status, code, str(state.get("description") or body.get("message") or "")), status
            )
        results = inner.get("results")
        rows = results if isinstance(results, list) else [results]  # one id asked for: an object
        return [row for row in rows if isinstance(row, dict)]


def client(url: str, key: str, seconds: float) -> tuple[Komerce | Legacy, Transport]:
    """The dialect that this address speaks, and its counter. All calls together may take `seconds`."""
    transport = Transport(url.rstrip("/").removesuffix("/api/v1"), key, time.monotonic() + seconds)
    path = httpx.URL(transport.base).path.rstrip("/")
    is_legacy = path.endswith(("/starter", "/basic")) or path == "/api" or path.endswith("/pro/api")
    return (Legacy if is_legacy else Komerce)(transport), transport


def _kind(status: int, code: int, message: str) -> str:
    """Which of our words an error is: the status alone does not tell (a bad key is a 400)."""
    said = message.lower()
    if 410 in (status, code) or "sudah tidak aktif" in said:
        return "legacy"
    if 429 in (status, code) or "daily limit" in said or "quota" in said or "limit exceeded" in said:
        return "quota_exceeded"
    if "key" in said or {401, 403} & {status, code}:
        return "invalid"
    if "not found" in said or 404 in (status, code):
        return "no_service"
    return "refused"


def _named(rows: list) -> list[dict]:
    """id and name of each, whatever else a row holds."""
    found = []
    for row in rows:
        number = _number(row.get("id")) if isinstance(row, dict) else None
        if number is not None and row.get("name"):
            entry = {"id": number, "name": str(row["name"])[:255]}
            found.append(entry | ({"zip_code": str(row["zip_code"])} if row.get("zip_code") else {}))
    return found


def _place(row: Any) -> Place | None:
    number = _number(row.get("id")) if isinstance(row, dict) else None
    if number is None:
        return None
    parts = [str(row.get(name) or "").upper() for name in ("city_name", "district_name", "province_name")]
    label = str(row.get("label") or ", ".join(part for part in (parts[1], parts[0], parts[2]) if part))
    return Place(SEARCH, number, label[:255], *parts, zip_code=str(row.get("zip_code") or ""))


def _rate(row: Any) -> Rate | None:
    cost = _number(row.get("cost")) if isinstance(row, dict) else None
    if cost is None or cost <= 0 or not row.get("code"):
        return None
    code = str(row["code"]).lower().replace("&", "n")[:20]
    named = {name: str(row.get(name) or "")[:120] for name in ("name", "service", "description", "etd")}
    return Rate(code, named["name"], named["service"], named["description"], cost, named["etd"])


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        return int(value)
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if whole and abs(value) < 1e12 else None


def as_json(place: Place) -> dict:
    return {**place.__dict__}


def place_from(data: dict) -> Place:
    return replace(Place("", 0, ""), **data)
