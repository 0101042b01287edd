"""What providers call. The signature is checked on the raw bytes before anything is parsed."""

import hashlib
import hmac

from flask import Response, request

from blueprints.webhooks import bp
from blueprints.webhooks.doors import check_same, raw_body, route_of
from cloudchat import config
from cloudchat.channels import get as channel_for
from cloudchat.channels import meta
from cloudchat.channels.meta_signature import handshake, is_signed
from cloudchat.errors import AppError, BadSignature, Forbidden
from cloudchat.services import devices, intake
from cloudchat.web import public


@bp.get("/webhooks/meta")
@public("Meta's handshake, checked by the verify token")
def verify_meta():
    answer = handshake(request.args, config.active().meta_verify_token)
    if answer is None:
        raise Forbidden()
    return Response(answer, mimetype="text/plain")


@bp.post("/webhooks/meta")
@public("Meta's events, checked by their signature")
def receive_meta():
    raw = raw_body()
    settings = config.active()
    if not settings.meta_app_secret or not is_signed(
        raw, request.headers.get("X-Hub-Signature-256"), settings.meta_app_secret
    ):
        raise BadSignature()
    try:
        kind, events = meta.split(raw)
    except ValueError:
        raise AppError(code="bad_request") from None
    intake.receive(kind, events)
    return Response("", mimetype="text/plain")


@bp.post("/webhooks/telegram/<public_key>")
@public("Telegram's updates, checked by the secret that it was given for this bot")
def receive_telegram(public_key: str):
    raw = raw_body()
    route = route_of("telegram", public_key)
    given = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
    check_same(given, devices.webhook_secret(route, "webhook_secret"))
    return _take("telegram", raw, route)


@bp.post("/webhooks/wa-device/<public_key>")
@public("a WhatsApp gateway's events, checked by their signature with this device's key")
def receive_wa_device(public_key: str):
    raw = raw_body()
    route = route_of("wa_device", public_key)
    if request.headers.get("X-Webhook-Hmac-Algorithm") != "sha512":
        raise BadSignature()
    key = devices.webhook_secret(route, "webhook_key")
    wanted = hmac.new(key.encode(), raw, hashlib.sha512).hexdigest() if key else ""
    check_same(request.headers.get("X-Webhook-Hmac"), wanted)
    return _take("wa_device", raw, route)


def _take(kind: str, raw: bytes, route: devices.Route) -> Response:
    try:
        events = channel_for(kind).split(raw)
    except ValueError:
        raise AppError(code="bad_request") from None
    intake.receive(kind, events, route)
    return Response("", mimetype="text/plain")
