"""What the provider's rows become: places, rates, and the kind of an error."""

from dataclasses import dataclass, replace
from typing import Any

SEARCH, DISTRICT, LEGACY = "search", "district", "legacy"  # families of ids
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


def error_kind(status: int, code: int, message: str) -> str:
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


def named(rows: list) -> list[dict]:
    """id and name of each, whatever else a row holds."""
    found = []
    for row in rows:
        number = _number(row.get("id")) if isinstance(row, dict) else None
        if number is not None and row.get("name"):
            entry = {"id": number, "name": str(row["name"])[:255]}
            found.append(entry | ({"zip_code": str(row["zip_code"])} if row.get("zip_code") else {}))
    return found


def place_of(row: Any) -> Place | None:
    number = _number(row.get("id")) if isinstance(row, dict) else None
    if number is None:
        return None
    parts = [str(row.get(name) or "").upper() for name in ("city_name", "district_name", "province_name")]
    label = str(row.get("label") or ", ".join(part for part in (parts[1], parts[0], parts[2]) if part))
    return Place(SEARCH, number, label[:255], *parts, zip_code=str(row.get("zip_code") or ""))


def rate_of(row: Any) -> Rate | None:
    cost = _number(row.get("cost")) if isinstance(row, dict) else None
    if cost is None or cost <= 0 or not row.get("code"):
        return None
    code = str(row["code"]).lower().replace("&", "n")[:20]
    words = {name: str(row.get(name) or "")[:120] for name in ("name", "service", "description", "etd")}
    return Rate(code, words["name"], words["service"], words["description"], cost, words["etd"])


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        return int(value)
    whole = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if whole and abs(value) < 1e12 else None


def as_json(place: Place) -> dict:
    return {**place.__dict__}


def place_from(data: dict) -> Place:
    return replace(Place("", 0, ""), **data)
