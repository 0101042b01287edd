"""A customer's own program: takes what our outgoing webhooks send, and keeps it.

`{url}/hooks/<name>` is an address to be told; `/_control/hooks/<name>` says what arrived there, and
with which statuses to answer next (then 200 again).
"""

from dataclasses import dataclass, field

from flask import Blueprint, Response, jsonify, request
from werkzeug.datastructures import Headers

from cloudchat.simulators.provider import Boxes, Provider, World

MOST_KEPT = 1000


@dataclass
class Box:
    """What came to one address, as (headers, body), and the statuses still to be answered."""

    statuses: list[int] = field(default_factory=list)
    calls: list[tuple[Headers, bytes]] = field(default_factory=list)


def create(world: World) -> Provider:
    state = Boxes(Box)
    bp = Blueprint("hooks", __name__)

    @bp.post("/hooks/<name>")
    def take(name: str):
        box = state.box(name)
        with state.lock:
            box.calls = [*box.calls, (Headers(request.headers), request.get_data())][-MOST_KEPT:]
            status = box.statuses.pop(0) if box.statuses else 200
        world.changes.tell()
        return Response("ok", status, {"Location": "http://169.254.169.254/"})

    @bp.get("/_control/hooks/<name>")
    def show(name: str):
        calls = [{"headers": dict(headers), "body": body.decode()} for headers, body in state.box(name).calls]
        return jsonify(calls=calls)

    @bp.put("/_control/hooks/<name>")
    def answer(name: str):
        state.box(name).statuses = [int(status) for status in request.get_json()["statuses"]]
        return jsonify(ok=True)

    return Provider(name="hooks", blueprints=[bp], reset=state.reset, state=state)
