"""What providers call. The signature is checked on the raw bytes before anything is parsed."""

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from blueprints.webhooks import bp
from cloudchat import config
from cloudchat.channels import get as channel_for
from cloudchat.channels.meta_signature import handshake, is_signed
from cloudchat.errors import AppError, BadSignature, Forbidden, PayloadTooLarge
from cloudchat.services import intake
from cloudchat.web import public

MAX_BODY = 3 * 1024 * 1024


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
    raw = _body()
    settings = config.active()
    if not settings.meta_app_secret or not is_signed(
        raw, request.headers.get("X-Hub-Signature-256"), settings.meta_app_secret
    ):
        raise BadSignature()
    try:
        events = channel_for("wa_official").split(raw)
    except ValueError:
        raise AppError(code="bad_request") from None
    intake.receive("wa_official", events)
    return Response("", mimetype="text/plain")


def _body() -> bytes:
    """The raw bytes, at most 3 MiB of them; compressed bodies are not taken."""
    request.max_content_length = MAX_BODY
    if request.headers.get("Content-Encoding", "identity") != "identity":
        error = AppError(code="unsupported_media_type")
        error.status = 415
        raise error
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise PayloadTooLarge() from None
