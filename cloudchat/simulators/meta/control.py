"""Control API of everything that Meta's products share. JSON in, JSON out; nonsense gives 422.

GET /_control/meta/app -> the options: {app_id, app_secret, verify_token, webhook_url, hold, lanes:
    number | customer, timeout, retry_base, retry_cap, escape_slashes}
PATCH /_control/meta/app {any of them} -> the options. hold: webhooks wait until it is false again;
    lanes: first tries in order per business number, or (faster) only per customer of it;
    retry_base: seconds before the second try, doubled each time up to retry_cap
POST /_control/meta/handshake {url?, verify_token?} -> {ok, status?, answer?, error?}
GET /_control/meta/webhooks ?limit=100&after= -> {items: [delivery]}, newest first
GET /_control/meta/webhooks/{id} -> the delivery with its body
POST /_control/meta/webhooks {payload | body | body_base64, signature?, secret?, url?,
    content_type?} -> {id, at, ms, status, answer | error}: posts exactly that, once, now.
    signature: valid missing wrong truncated sha1 uppercase reserialized
POST /_control/meta/webhooks/{id}/resend -> delivery: the same bytes again
POST /_control/meta/webhooks/flush -> {ok}: all that waits (delay, back-off) becomes due
GET /_control/meta/webhooks/idle ?timeout=5 -> {idle}: waits until nothing is queued or under way
GET /_control/meta/faults -> {items: [fault]}
POST /_control/meta/faults {kind, times?: 1 | null, code?: 131000, http?, status?: 502,
    seconds?: 30, edge?: "messages" | "media" | "" | "*", node?, to?} -> fault
    kind: error(code, http) status(status) hang(seconds) close reset: before it takes effect (hang
    accepts afterwards); hang_after close_after truncate cut error_after: the message is accepted,
    but the answer late, missing, broken or HTTP 500
DELETE /_control/meta/faults or /_control/meta/faults/{id} -> {ok}
GET /_control/meta/requests ?after=&limit=500 -> {items: [{seq, at, method, path, status, code?,
    fault?, ms}]}: Graph calls, oldest first; status null: the connection was dropped
POST /_control/reset -> {ok}: every simulator as freshly started

delivery: {id, kind, lane, url, state, created, due, attempts: [{at, ms, status, answer |
    error}], signature, body?}; state: waiting sending retrying delivered failed skipped
"""

import base64
import time

from flask import Blueprint, jsonify, request

from cloudchat.simulators.meta.signing import encode
from cloudchat.simulators.provider import World, set_options


def json_body() -> dict:
    """The JSON object of a control call; ValueError (422) for anything else."""
    body = request.get_json(silent=True, force=True) if request.get_data(cache=True) else {}
    if not isinstance(body, dict):
        raise ValueError("a JSON object is expected")
    return body


def control_blueprint(world: World, meta) -> Blueprint:
    """The routes below /_control/meta."""
    control = Blueprint("meta_control", __name__, url_prefix="/_control/meta")
    _options(control, world, meta)
    _webhooks(control, meta)
    fault_routes(control, meta.faults)
    return control


def _options(control: Blueprint, world: World, meta) -> None:
    @control.get("/app")
    def app_options():
        return jsonify(vars(meta.webhooks.options))

    @control.patch("/app")
    def change_app_options():
        body = json_body()
        if body.get("lanes", "number") not in ("number", "customer"):
            raise ValueError("lanes must be number or customer")
        set_options(meta.webhooks.options, body)
        meta.webhooks.wake()
        world.changes.tell()
        return jsonify(vars(meta.webhooks.options))

    @control.post("/handshake")
    def handshake():
        body = json_body()
        return jsonify(meta.webhooks.handshake(body.get("url"), body.get("verify_token")))

    @control.get("/requests")
    def requests():
        after = request.args.get("after", 0, type=int)
        limit = request.args.get("limit", 500, type=int)
        items = [entry for entry in list(meta.graph.requests) if entry["seq"] > after]
        return jsonify(items=items[:limit])


def _webhooks(control: Blueprint, meta) -> None:
    webhooks = meta.webhooks

    @control.get("/webhooks")
    def webhook_log():
        after = request.args.get("after", 0, type=int)
        limit = request.args.get("limit", 100, type=int)
        return jsonify(items=[delivery.view() for delivery in webhooks.log(limit, after)])

    @control.get("/webhooks/<int:delivery_id>")
    def one_webhook(delivery_id):
        return jsonify(webhooks.get(delivery_id).view(full=True))

    @control.post("/webhooks")
    def post_raw():
        body = json_body()
        delivery = webhooks.post_now(
            _raw_bytes(body, webhooks.options.escape_slashes),
            lane="raw",
            kind="raw",
            url=body.get("url"),
            signature=body.get("signature", "valid"),
            secret=body.get("secret"),
            content_type=body.get("content_type", "application/json"),
            retry=False,
        )
        return jsonify(id=delivery.id, **delivery.attempts[-1])

    @control.post("/webhooks/<int:delivery_id>/resend")
    def resend(delivery_id):
        return jsonify(webhooks.resend(delivery_id).view())

    @control.post("/webhooks/flush")
    def flush():
        webhooks.flush()
        return jsonify(ok=True)

    @control.get("/webhooks/idle")
    def idle():
        end = time.time() + request.args.get("timeout", 5, type=float)
        while not webhooks.idle() and time.time() < end:
            time.sleep(0.01)
        return jsonify(idle=webhooks.idle())


def fault_routes(control: Blueprint, faults) -> None:
    """Listing, adding and removing the rules of one provider's faults."""

    @control.get("/faults")
    def list_faults():
        return jsonify(items=faults.list())

    @control.post("/faults")
    def add_fault():
        return jsonify(faults.add(**json_body()))

    @control.delete("/faults", defaults={"fault_id": None})
    @control.delete("/faults/<int:fault_id>")
    def remove_fault(fault_id):
        faults.clear(fault_id)
        return jsonify(ok=True)


def _raw_bytes(body: dict, escape_slashes: bool) -> bytes:
    if "body_base64" in body:
        return base64.b64decode(body["body_base64"])
    if "body" in body:
        return str(body["body"]).encode("utf-8", "surrogatepass")
    return encode(body.get("payload"), escape_slashes)
