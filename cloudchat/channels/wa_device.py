"""A phone's own WhatsApp, linked to a gateway with WAHA's interface: one device per session.

The gateway is not Meta's: it needs the phone to stay linked, and sends no faster than a person would.
"""

import base64
import re
from typing import Any
from urllib.parse import quote, urlsplit

from cloudchat.channels import http, payload, wa_device_inbound
from cloudchat.channels.base import (
    Adapter,
    Capabilities,
    Connection,
    DeviceAccount,
    Link,
    Media,
    OutboundMessage,
    Parsed,
    RawEvent,
    SendResult,
)
from cloudchat.channels.outgoing import coordinates, filled, fitting, opened, refusal
from cloudchat.errors import ProviderError

_MB = 1024 * 1024
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,54}")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
EVENTS = ["message.any", "message.ack", "session.status"]
EVENTS += ["message.edited", "message.revoked", "message.reaction"]
CAPABILITIES = Capabilities(
    text_length=4096,
    media={"image": 16 * _MB, "document": 25 * _MB, "audio": 16 * _MB, "video": 16 * _MB},
    media_types={
        "image": frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
        "audio": frozenset({"audio/ogg"}),
        "video": frozenset({"video/mp4"}),
    },
    captionless=frozenset({"audio"}),
    receipts=True,
)
_PATHS = {"image": "sendImage", "document": "sendFile", "audio": "sendVoice", "video": "sendVideo"}


class WaDevice(Adapter):
    """The adapter. `gateway_url` is the host."""

    type = "wa_device"
    capabilities = CAPABILITIES

    def __init__(self, gateway_url: str, timeout: float = 30.0):
        self._gateway = gateway_url.rstrip("/")
        self._timeouts = http.timeouts(timeout)

    def split(self, raw: bytes) -> list[RawEvent]:
        """The events of a verified body. Raises ValueError only if it is no JSON object."""
        return wa_device_inbound.split(raw)

    def parse(self, event: RawEvent) -> list[Parsed]:
        """The meaning of one stored event; an empty list where there is nothing to do."""
        return wa_device_inbound.parse(event)

    # --- the session ---------------------------------------------------------------------------

    def check(self, device: DeviceAccount) -> dict:
        """The session's state and the linked phone. Raises ProviderError."""
        state, facts = self._state(device)
        status = wa_device_inbound.STATES.get(state, "disconnected")
        problem = None if status == "connected" else _problem(status, state)
        return {"state": state, **facts, "_status": status, "_error": problem}

    def connect(self, device: DeviceAccount, webhook_url: str | None) -> Connection:
        """Make or bring up to date the session, and start it. Raises ProviderError."""
        name = self._session(device)
        config: dict[str, Any] = {"metadata": {"device.id": str(device.id)}}
        if webhook_url:
            retries = {"policy": "exponential", "delaySeconds": 2, "attempts": 15}
            hook = {"url": webhook_url, "events": EVENTS, "retries": retries}
            if key := device.secrets.get("webhook_key"):
                hook["hmac"] = {"key": key}
            config["webhooks"] = [hook]
        try:
            self._call(device, "PUT", f"sessions/{name}", json={"name": name, "config": config})
        except ProviderError as error:
            if error.code != "session_unknown":
                raise
            wanted = {"name": name, "config": config, "start": True}
            self._call(device, "POST", "sessions", json=wanted)
        self._start(device)
        link = self.link(device, with_picture=False)
        problem = None if link.status == "connected" else _problem(link.status, link.state)
        return Connection(link.status, link.facts, problem)

    def _start(self, device: DeviceAccount) -> None:
        """Start the session; one that has failed begins anew. A running one is left alone."""
        try:
            self._call(device, "POST", f"sessions/{self._session(device)}/start")
        except ProviderError as error:
            if error.code not in ("phone_not_linked", "gateway_422"):  # it runs already, say some versions
                raise
        if self._state(device)[0] == "FAILED":
            self._call(device, "POST", f"sessions/{self._session(device)}/restart")

    def disconnect(self, device: DeviceAccount) -> None:
        """Unlink the phone. Raises ProviderError."""
        self._call(device, "POST", f"sessions/{self._session(device)}/logout")

    def link(self, device: DeviceAccount, *, with_picture: bool = True) -> Link:
        """How the linking of the phone stands, with the code to scan. Raises ProviderError."""
        state, facts = self._state(device)
        status = wa_device_inbound.STATES.get(state, "needs_reauth")  # STARTING: wait for the code
        picture = self._code(device) if with_picture and state == "SCAN_QR_CODE" else None
        return Link(state, status, picture, facts)

    def _state(self, device: DeviceAccount) -> tuple[str, dict]:
        found = self._call(device, "GET", f"sessions/{self._session(device)}")
        who = payload.as_dict(found.get("me"))
        number = (payload.ident(who.get("id")) or "").partition("@")[0].partition(":")[0]
        facts = {"name": payload.as_text(who.get("pushName"), 255), "phone": f"+{number}" if number else None}
        state = payload.as_text(found.get("status"), 40) or "STOPPED"
        return state, {key: value for key, value in facts.items() if value}

    def _code(self, device: DeviceAccount) -> bytes | None:
        """The picture of the code; none in the moment between two."""
        url = f"{self._gateway}/api/{self._session(device)}/auth/qr"
        headers = {**self._key(device), "Accept": "image/png"}
        answer = http.call("GET", url, repeatable=True, headers=headers, timeout=self._timeouts)
        body = answer.body if answer.status == 200 else b""
        return body if body.startswith(b"\x89PNG") else None

    # --- messages ------------------------------------------------------------------------------

    def send(self, device: DeviceAccount, message: OutboundMessage) -> SendResult:
        """Send one message. Raises ProviderError."""
        if not message.to:
            raise refusal("no_recipient", "The message has no recipient.")
        body: dict[str, Any] = {"session": self._session(device), "chatId": chat_id(message.to)}
        if message.reply_to_external_id:
            body["reply_to"] = message.reply_to_external_id
        path, content = _content(message)
        answer = self._call(device, "POST", path, repeatable=False, json={**body, **content})
        external_id = _sent_id(answer)
        if external_id is None:
            raise http.unreadable(repeatable=False)
        return SendResult(external_id)

    def mark_read(self, device: DeviceAccount, external_id: str, external_user_id: str = "") -> None:
        """Give the customer the blue ticks. Raises ProviderError."""
        if external_user_id:
            body = {"session": self._session(device), "chatId": chat_id(external_user_id)}
            self._call(device, "POST", "sendSeen", json={**body, "messageIds": [external_id]})

    def fetch_media(self, device: DeviceAccount, media: Media, limit: int) -> tuple[bytes, str]:
        """Content and MIME type of a received file. Raises ProviderError.

        Of the address only the path counts: the gateway may know itself by another name, and nobody
        may have us call another host, least of all with the key.
        """
        path = urlsplit(media.url or "").path
        if not path.startswith("/api/files/") or ".." in path:
            raise refusal("bad_media_url", "The file's address is not one of the gateway's.")
        url, headers = f"{self._gateway}{quote(path, safe='/%')}", self._key(device)
        answer = http.call("GET", url, repeatable=True, limit=limit, headers=headers, timeout=self._timeouts)
        if answer.status in (404, 410):
            raise refusal("media_gone", "The gateway no longer has this file.")
        if answer.status != 200:
            raise _error(answer, repeatable=True)
        mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return answer.body, mime or media.mime or "application/octet-stream"

    def _call(
        self, device: DeviceAccount, method: str, path: str, *, repeatable: bool = True, **request: Any
    ) -> dict:
        """The object in a successful answer. Raises ProviderError for all others."""
        url = f"{self._gateway}/api/{path}"
        headers = self._key(device)
        answer = http.call(
            method, url, repeatable=repeatable, headers=headers, timeout=self._timeouts, **request
        )
        if not 200 <= answer.status < 300:
            raise _error(answer, repeatable=repeatable)
        if not answer.body.strip() or answer.body.strip() == b"true":
            return {}
        try:
            return payload.load_object(answer.body)
        except ValueError:
            raise http.unreadable(repeatable=repeatable) from None

    @staticmethod
    def _key(device: DeviceAccount) -> dict[str, str]:
        key = device.secrets.get("api_key") or ""
        if not _PRINTABLE.fullmatch(key):
            raise ProviderError(
                "The device has no usable API key.", code="no_token", permanent=True, reauth=True
            )
        return {"X-Api-Key": key}

    @staticmethod
    def _session(device: DeviceAccount) -> str:
        if not _SESSION.fullmatch(device.external_account):
            raise refusal("bad_id", "The session's name is not one of the gateway's.")
        return device.external_account


def chat_id(user: str) -> str:
    """The gateway's name of a person's chat."""
    return user if "@" in user else f"{user.removeprefix('+')}@c.us"


def _content(message: OutboundMessage) -> tuple[str, dict]:
    """(path, its own fields) of a message. Raises ProviderError."""
    if message.kind == "text":
        return "sendText", {"text": filled("text", message.text, CAPABILITIES.text_length)}
    if message.kind == "location":
        latitude, longitude = coordinates(message)
        title = str((message.location or {}).get("name") or "")
        return "sendLocation", {"latitude": latitude, "longitude": longitude, "title": title}
    if message.kind not in _PATHS:
        raise refusal("unsupported_kind", f"A linked phone cannot send messages of kind {message.kind}.")
    with opened(message, CAPABILITIES) as (name, file, mime):
        data = base64.b64encode(file.read()).decode()
    content: dict[str, Any] = {"file": {"mimetype": mime, "filename": name, "data": data}}
    if message.text:
        if message.kind in CAPABILITIES.captionless:
            raise refusal("no_caption", f"WhatsApp takes no caption with {message.kind}.")
        content["caption"] = fitting("caption", message.text, CAPABILITIES.caption_length)
    return _PATHS[message.kind], content


def _sent_id(answer: dict) -> str | None:
    """The message's id, whose shape differs by the gateway's engine."""
    found = answer.get("id")
    if isinstance(found, dict):
        found = found.get("_serialized")
    return payload.ident(found) or payload.ident(payload.as_dict(answer.get("key")).get("id"))


def _problem(status: str, state: str) -> dict:
    code = "scan_needed" if status == "needs_reauth" else "phone_not_linked"
    return {"code": code, "message": state, "details": ""}


def _error(answer: http.Answer, *, repeatable: bool) -> ProviderError:
    """The ProviderError for an answer that is not the one hoped for."""
    try:
        body = payload.load_object(answer.body)
    except ValueError:
        body = {}
    words = body.get("message")
    words = ", ".join(map(str, words[:5])) if isinstance(words, list) else payload.as_text(words, 500)
    told = words or f"The gateway answered with HTTP {answer.status}."
    if answer.status in (401, 403):
        return ProviderError(told, code="token_refused", permanent=True, reauth=True)
    if answer.status == 404:
        return ProviderError(told, code="session_unknown", permanent=True, blocked=True)
    if answer.status == 422 and re.search(r"session|status|WORKING", told, re.I):
        return ProviderError(told, code="phone_not_linked", permanent=False, everyone=True, retry_after=30.0)
    if answer.status == 429 or answer.status >= 500:
        refused = answer.status == 429
        return ProviderError(
            told,
            code=f"http_{answer.status}",
            permanent=False,
            everyone=True,
            unknown_outcome=not repeatable and not refused,
        )
    return ProviderError(told, code=f"gateway_{answer.status}", permanent=True)
