"""RajaOngkir: shipping costs inside Indonesia, by a key that belongs to the organization.

Two dialects behind one client. `Komerce` is what is alive (rajaongkir.komerce.id); `Legacy` speaks the
shape of the closed hosts (a path of `/starter`, `/basic` or the pro host's `/api`), which some people run
a bridge for. A place carries the family of its id, since an id of the one means another place, or
nothing, in the other. The key goes into a header and nowhere else.
"""

import time

import httpx

from cloudchat.clients.rajaongkir.komerce import Komerce
from cloudchat.clients.rajaongkir.legacy import Legacy
from cloudchat.clients.rajaongkir.rows import (
    COURIERS,
    DISTRICT,
    LEGACY,
    SEARCH,
    Place,
    Rate,
    as_json,
    place_from,
)
from cloudchat.clients.rajaongkir.transport import (
    BREAK_AFTER,
    BREAK_SECONDS,
    Breaker,
    RajaOngkirError,
    Transport,
    breaker,
)

__all__ = [
    "BREAK_AFTER",
    "BREAK_SECONDS",
    "COURIERS",
    "DISTRICT",
    "LEGACY",
    "SEARCH",
    "Breaker",
    "Komerce",
    "Legacy",
    "Place",
    "RajaOngkirError",
    "Rate",
    "Transport",
    "as_json",
    "breaker",
    "client",
    "place_from",
]


def client(url: str, key: str, seconds: float) -> tuple[Komerce | Legacy, Transport]:
    """The dialect that this address speaks, and its counter. All calls together may take `seconds`."""
    transport = Transport(url.rstrip("/").removesuffix("/api/v1"), key, time.monotonic() + seconds)
    path = httpx.URL(transport.base).path.rstrip("/")
    is_legacy = path.endswith(("/starter", "/basic")) or path == "/api" or path.endswith("/pro/api")
    return (Legacy if is_legacy else Komerce)(transport), transport
