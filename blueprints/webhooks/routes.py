"""What providers call. `lane.py` answers the plain calls before Flask sees them; the rest comes here."""

from flask import Response, request

from blueprints.webhooks import bp, calls
from blueprints.webhooks.doors import raw_body
from cloudchat import config
from cloudchat.channels.meta_signature import handshake
from cloudchat.errors import Forbidden
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
    calls.meta(raw_body(), request.headers)
    return Response("", mimetype="text/plain")


@bp.post("/webhooks/telegram/<public_key>")
@public("Telegram's updates, checked by the secret that it was given for this bot")
def receive_telegram(public_key: str):
    calls.telegram(raw_body(), request.headers, public_key)
    return Response("", mimetype="text/plain")


@bp.post("/webhooks/wa-device/<public_key>")
@public("a WhatsApp gateway's events, checked by their signature with this device's key")
def receive_wa_device(public_key: str):
    calls.wa_device(raw_body(), request.headers, public_key)
    return Response("", mimetype="text/plain")
