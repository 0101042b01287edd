"""A push service: takes what is pushed to a browser and keeps it, sealed as it came.

`{url}/push/send/<name>` is the endpoint of a browser; `/_control/push` says what arrived there and what
to answer from now on.
"""

from dataclasses import dataclass, field

from flask import Blueprint, Response, jsonify, request

from cloudchat.simulators.provider import Boxes, Provider, World

MOST_KEPT = 1000
LARGEST = 4096  # bytes, as real push services have it


@dataclass
class Box:
    """What came for one browser, and the status that it is answered with."""

    status: int = 201
    location: str = ""
    pushes: list[dict] = field(default_factory=list)


def create(world: World) -> Provider:
    state = Boxes(Box)
    bp = Blueprint("push", __name__)

    @bp.post("/push/send/<name>")
    def send(name: str):
        return _taken(state.box(name), world)

    @bp.get("/_control/push/<name>")
    def show(name: str):
        return jsonify(pushes=state.box(name).pushes)

    @bp.put("/_control/push/<name>")
    def answer(name: str):
        box = state.box(name)
        box.status = int(request.get_json().get("status", 201))
        box.location = str(request.get_json().get("location", ""))
        return jsonify(ok=True)

    return Provider(
        name="push",
        blueprints=[bp],
        reset=state.reset,
        state=state,
    )


def _taken(box: Box, world: World) -> Response:
    body = request.get_data()
    wanted = ("Authorization", "TTL", "Content-Encoding")
    if any(name not in request.headers for name in wanted) or not body or len(body) > LARGEST:
        return Response("a push needs VAPID, a TTL and at most 4096 sealed bytes", 400)
    if box.status < 300:
        kept = {"body": body.hex(), "headers": {name.lower(): value for name, value in request.headers}}
        box.pushes = [*box.pushes, kept][-MOST_KEPT:]
        world.changes.tell()
    answer = Response("", box.status)
    if box.location:
        answer.headers["Location"] = box.location
    return answer
