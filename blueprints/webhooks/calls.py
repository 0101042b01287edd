"""What a provider's call is: genuine or not, for whom, and which events are in it.

The routes and the short way (`lane.py`) call these alike. The signature is checked on the raw bytes
before anything is parsed.
"""

import hashlib
import hmac
from collections.abc import Mapping

from cloudchat import config
from cloudchat.channels import get as channel_for
from cloudchat.channels import meta as meta_channel
from cloudchat.channels.meta_signature import is_signed
from cloudchat.errors import AppError, BadSignature, NotFound
from cloudchat.services import devices, intake


def meta(raw: bytes, headers: Mapping[str, str]) -> None:
    """WhatsApp's and Messenger's events, for any device."""
    secret = config.active().meta_app_secret
    if not secret or not is_signed(raw, headers.get("X-Hub-Signature-256"), secret):
        raise BadSignature()
    try:
        kind, events = meta_channel.split(raw)
    except ValueError:
        raise AppError(code="bad_request") from None
    intake.receive(kind, events)


def telegram(raw: bytes, headers: Mapping[str, str], public_key: str) -> None:
    """One bot's updates, with the secret that Telegram was given for it."""
    route = _route_of("telegram", public_key)
    given = headers.get("X-Telegram-Bot-Api-Secret-Token")
    _check_same(given, devices.webhook_secret(route, "webhook_secret"))
    _take("telegram", raw, route)


def wa_device(raw: bytes, headers: Mapping[str, str], public_key: str) -> None:
    """A WhatsApp gateway's events, signed with this device's key."""
    route = _route_of("wa_device", public_key)
    if headers.get("X-Webhook-Hmac-Algorithm") != "sha512":
        raise BadSignature()
    key = devices.webhook_secret(route, "webhook_key")
    wanted = hmac.new(key.encode(), raw, hashlib.sha512).hexdigest() if key else ""
    _check_same(headers.get("X-Webhook-Hmac"), wanted)
    _take("wa_device", raw, route)


def _route_of(kind: str, public_key: str) -> devices.Route:
    """The device that the address names. Raises NotFound: a provider then calls again later."""
    route = devices.by_public_key(kind, public_key)
    if route is None:
        raise NotFound("device")
    return route


def _check_same(given: str | None, wanted: str) -> None:
    """Raises BadSignature unless both are the same and there is something to compare."""
    if not wanted or not given or not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        raise BadSignature()


def _take(kind: str, raw: bytes, route: devices.Route) -> None:
    try:
        events = channel_for(kind).split(raw)
    except ValueError:
        raise AppError(code="bad_request") from None
    intake.receive(kind, events, route)
