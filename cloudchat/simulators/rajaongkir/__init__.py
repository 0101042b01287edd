"""RajaOngkir as Komerce runs it, with its traps: forms only, errors as 400 in a `meta` envelope, a daily
quota by key, the closed hosts' 410.

RAJAONGKIR_URL is `{url}/rajaongkir`; `{url}/rajaongkir/starter` is a closed one. Any key of 8 characters
or more is good, but those that begin with "salah". `/_control/rajaongkir` sets quota and faults:

    PUT {"quota": 3}                              calls a day for each key
    POST /_control/rajaongkir/faults {"kind": "status", "status": 502, "times": 2}
                                                  status, slow (seconds), close, html, daily_limit
"""

import threading
from dataclasses import dataclass, field
from functools import cached_property

from flask import Blueprint, Response, jsonify, request

from cloudchat.simulators import provider
from cloudchat.simulators.provider import Provider
from cloudchat.simulators.rajaongkir.world import COURIERS, World, rates

KINDS = ("status", "slow", "close", "html", "daily_limit")
GONE = (
    "Endpoint API ini sudah tidak aktif. Silakan migrasi ke platform baru dan lakukan renewal package di "
    "https://collaborator.komerce.id."
)
HEAVIEST = 30_000_000


@dataclass
class Fault:
    """What happens to the next calls instead of, or before, an answer."""

    kind: str
    times: int = 1
    status: int = 502
    seconds: float = 10.0


@dataclass
class State:
    """What was asked, what is left of each key's day, and the faults to come."""

    quota: int = 100
    used: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[dict] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def world(self) -> World:
        return World()

    def reset(self) -> None:
        with self.lock:
            self.quota, self.used, self.faults, self.calls = 100, {}, [], []

    def fault(self) -> Fault | None:
        with self.lock:
            if not self.faults:
                return None
            first = self.faults[0]
            first.times -= 1
            if first.times <= 0:
                self.faults.pop(0)
            return first

    def spend(self, key: str) -> bool:
        """One call more of this key; False where its day is used up."""
        with self.lock:
            self.used[key] = self.used.get(key, 0) + 1
            return self.used[key] <= self.quota


def create(world: provider.World) -> Provider:
    state = State()
    bp = Blueprint("rajaongkir", __name__)
    _api(bp, state, world)
    _control(bp, state)
    bp.add_url_rule(
        "/rajaongkir/<any(starter, basic, api):_plan>/<path:_rest>", "gone", _gone, methods=["GET", "POST"]
    )
    return Provider(name="rajaongkir", blueprints=[bp], reset=state.reset, state=state)


def _gone(_plan: str, _rest: str):
    return jsonify(success=False, code=410, message=GONE), 410


def _api(bp: Blueprint, state: State, world: provider.World) -> None:
    def route(path: str, method: str, answer) -> None:
        def view(**parts):
            return _stopped(state, world) or answer(state, **parts)

        bp.add_url_rule(f"/rajaongkir/api/v1{path}", path, view, methods=[method])

    route("/destination/province", "GET", lambda s: _data("Success Get Province", s.world.provinces()))
    route(
        "/destination/city/<int:number>",
        "GET",
        lambda s, number: _data("Success Get City", s.world.cities_of(number)),
    )
    route(
        "/destination/district/<int:number>",
        "GET",
        lambda s, number: _data("Success Get District", s.world.districts_of(number)),
    )
    route("/destination/domestic-destination", "GET", _search)
    route("/calculate/domestic-cost", "POST", lambda s: _cost(s, s.world.search_ids))
    route("/calculate/district/domestic-cost", "POST", lambda s: _cost(s, s.world.district_ids))


def _stopped(state: State, world: provider.World) -> Response | None:
    """What keeps a call from its answer: a fault, a bad key, a used-up day."""
    key = request.headers.get("key", "")
    with state.lock:
        state.calls = [
            *state.calls[-499:],
            {"path": request.path, "form": request.form.to_dict(), "args": request.args.to_dict()},
        ]
    fault = state.fault()
    if fault is not None and fault.kind == "slow":
        world.stopping.wait(fault.seconds)
    elif fault is not None and fault.kind == "close":
        request.environ["simulators.connection"].drop()
        return Response("")
    elif fault is not None and fault.kind == "html":
        return Response("<html><h1>Bad gateway</h1></html>", 200)
    elif fault is not None and fault.kind == "status":
        return Response("<html><h1>Bad gateway</h1></html>", fault.status)
    if not key:
        return _error(400, "API key is required", "failed")
    if len(key) < 8 or key.startswith("salah"):
        return _error(400, "Invalid Api key, key not found", "failed")
    if not state.spend(key) or (fault is not None and fault.kind == "daily_limit"):
        return _error(429, "You have reached your daily limit, please upgrade your package", "error")
    return None


def _search(state: State) -> Response:
    words = request.args.get("search", "").strip()
    if not words:
        return _error(422, "Parameter Missing", "error")
    found = state.world.search(words)
    offset, limit = (request.args.get(name, default, int) for name, default in (("offset", 0), ("limit", 10)))
    page = found[max(offset, 0) :][: max(limit, 1)]
    if not page:
        return _error(404, "Domestic Destinations Data not found", "error")
    return _data("Success Get Domestic Destinations", page)


def _cost(state: State, ids: dict[int, str]) -> Response:
    """Only forms are read; an id of the other family is unknown."""
    values = [request.form.get(name, "") for name in ("origin", "destination", "weight", "courier")]
    if not all(values):
        return _error(400, "Missing Params", "error")
    couriers = values[3].split(":")
    if any(code not in COURIERS for code in couriers):
        return _error(422, "Invalid Courier", "error")
    ends = [ids.get(int(value)) if value.isdigit() else None for value in values[:2]]
    weight = int(values[2]) if values[2].isdigit() else 0
    if None in ends or not 0 < weight <= HEAVIEST:
        return _error(400, "Calculate Domestic Shipping Cost not found", "error")
    found = rates(*ends, weight, couriers)
    price = request.form.get("price", "")
    if price:
        found.sort(key=lambda row: row["cost"], reverse=price == "highest")
    return _data("Success Calculate Domestic Shipping cost", found)


def _control(bp: Blueprint, state: State) -> None:
    @bp.get("/_control/rajaongkir")
    def show_rajaongkir():
        return jsonify(quota=state.quota, used=sum(state.used.values()), calls=state.calls)

    @bp.put("/_control/rajaongkir")
    def set_rajaongkir():
        state.quota = int(request.get_json().get("quota", state.quota))
        return jsonify(quota=state.quota)

    @bp.post("/_control/rajaongkir/faults")
    def add_rajaongkir_fault():
        fault = Fault("")
        provider.set_options(fault, request.get_json())
        if fault.kind not in KINDS:
            raise ValueError(f"kind must be one of {list(KINDS)}")
        with state.lock:
            state.faults.append(fault)
        return jsonify(ok=True), 201


def _data(message: str, rows: list) -> Response:
    return jsonify(meta={"message": message, "code": 200, "status": "success"}, data=rows)


def _error(code: int, message: str, status: str) -> Response:
    answer = jsonify(meta={"message": message, "code": code, "status": status}, data=None)
    answer.status_code = code
    return answer
