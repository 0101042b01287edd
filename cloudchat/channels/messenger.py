"""Messenger: the messages of a Facebook page, one device per page."""

import json
import re
from datetime import timedelta
from typing import Any

import httpx

from cloudchat.channels import http, messenger_errors, messenger_inbound, meta_errors, meta_hosts, payload
from cloudchat.channels.base import (
    Adapter,
    Capabilities,
    Connection,
    DeviceAccount,
    Media,
    OutboundMessage,
    Parsed,
    RawEvent,
    SendResult,
)
from cloudchat.channels.outgoing import choices, coordinates, filled, opened, refusal
from cloudchat.errors import ProviderError

_MB = 1024 * 1024
_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
OWN_REFERENCE = "cloudchat:"  # as `services/receipts.py: reference` makes them
SUBSCRIBED = (
    "messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,message_reactions,"
    "messaging_referrals"
)
_KINDS = {"image": "image", "document": "file", "audio": "audio", "video": "video"}
CAPABILITIES = Capabilities(
    text_length=2000,
    buttons=13,
    button_title=20,
    button_id=1000,
    menu_text_length=2000,
    media={"image": 8 * _MB, "document": 25 * _MB, "audio": 25 * _MB, "video": 25 * _MB},
    media_types={
        "image": frozenset({"image/jpeg", "image/png", "image/gif"}),
        "audio": frozenset({"audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/wav"}),
        "video": frozenset({"video/mp4"}),
    },
    captionless=frozenset(_KINDS),  # text and file are two messages there
    window=timedelta(hours=23, minutes=55),  # Meta's 24 hours less a margin
    human_window=timedelta(days=6, hours=23, minutes=55),
    receipts=True,
)


class Messenger(Adapter):
    """The adapter. `graph_url` is the host, `version` the part of the path behind it."""

    type = "messenger"
    capabilities = CAPABILITIES

    def __init__(self, graph_url: str, version: str, app_id: str, timeout: float = 20.0):
        self._graph = httpx.URL(graph_url)
        self._base = f"{graph_url.rstrip('/')}/{version}"
        self._app_id = app_id
        self._timeouts = http.timeouts(timeout)

    def split(self, raw: bytes) -> list[RawEvent]:
        """The events of a verified body. Raises ValueError only if it is no JSON object."""
        return messenger_inbound.split(payload.load_object(raw))

    def parse(self, event: RawEvent) -> list[Parsed]:
        """The meaning of one stored event; an empty list where there is nothing to do."""
        return messenger_inbound.parse(event, self._app_id, OWN_REFERENCE)

    # --- the page ------------------------------------------------------------------------------

    def check(self, device: DeviceAccount) -> dict:
        """The page's name, in Meta's words. Raises ProviderError."""
        told = self._call(device, "GET", device.external_account, params={"fields": "id,name"})
        return {"name": payload.as_text(told.get("name"), 255) or "", "page_id": device.external_account}

    def connect(self, device: DeviceAccount, webhook_url: str | None) -> Connection:
        """Subscribe our app to the page: its webhooks go to the app's one address. Raises ProviderError."""
        told = self._call(
            device,
            "POST",
            device.external_account,
            "subscribed_apps",
            params={"subscribed_fields": SUBSCRIBED},
        )
        if told.get("success") is False:
            raise refusal("not_subscribed", "The page did not take the subscription.")
        name = self.check(device).get("name")
        return Connection(facts={"name": name} if name else {})

    def disconnect(self, device: DeviceAccount) -> None:
        """Take the subscription back. Raises ProviderError."""
        self._call(device, "DELETE", device.external_account, "subscribed_apps")

    def profile(self, device: DeviceAccount, external_user_id: str) -> str | None:
        """The customer's name; not everybody's may be known. Raises ProviderError."""
        told = self._call(device, "GET", external_user_id, params={"fields": "first_name,last_name"})
        parts = [payload.as_text(told.get(key), 128) for key in ("first_name", "last_name")]
        return " ".join(part for part in parts if part) or None

    # --- messages ------------------------------------------------------------------------------

    def send(self, device: DeviceAccount, message: OutboundMessage) -> SendResult:
        """Send one message; a file is uploaded first. Raises ProviderError."""
        if not message.to:
            raise refusal("no_recipient", "The message has no recipient.")
        content = self._content(device, message)
        content["metadata"] = message.reference
        body: dict[str, Any] = {"recipient": {"id": message.to}, "message": content}
        if message.late and message.by_human and device.config.get("human_agent"):
            body |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        else:
            body["messaging_type"] = "RESPONSE"
        answered = message.reply_to_external_id
        if answered and not answered.startswith(("postback:", "reaction:")):
            body["reply_to"] = {"mid": answered}
        answer = self._call(device, "POST", device.external_account, "messages", repeatable=False, json=body)
        external_id = payload.ident(answer.get("message_id"))
        if external_id is None:
            raise http.unreadable(repeatable=False)
        return SendResult(external_id)

    def _content(self, device: DeviceAccount, message: OutboundMessage) -> dict[str, Any]:
        """What stands under `message`. Raises ProviderError."""
        if message.kind == "text":
            return {"text": filled("text", message.text, CAPABILITIES.text_length)}
        if message.kind == "buttons":
            replies = [
                {"content_type": "text", "title": title, "payload": name}
                for name, title in choices(message, CAPABILITIES)
            ]
            text = "\n\n".join(part for part in (message.header, message.text, message.footer) if part)
            return {"text": filled("text", text, CAPABILITIES.menu_text_length), "quick_replies": replies}
        if message.kind == "location":  # Messenger has no such message: a map to open stands for it
            latitude, longitude = coordinates(message)
            name = str((message.location or {}).get("name") or "")[:200]
            link = f"https://www.google.com/maps?q={latitude},{longitude}"
            return {"text": f"{name}\n{link}".strip()}
        if message.kind in _KINDS:
            if message.text:
                raise refusal("no_caption", "Messenger takes no text together with a file.")
            attachment_id = self._upload(device, message)
            kind = _KINDS[message.kind]
            return {"attachment": {"type": kind, "payload": {"attachment_id": attachment_id}}}
        raise refusal("unsupported_kind", f"Messenger cannot send messages of kind {message.kind}.")

    def _upload(self, device: DeviceAccount, message: OutboundMessage) -> str:
        """The id of the uploaded file. Nothing has reached the customer yet, so it may be repeated."""
        attachment = {"type": _KINDS[message.kind], "payload": {"is_reusable": False}}
        with opened(message, CAPABILITIES) as file:
            answer = self._call(
                device,
                "POST",
                device.external_account,
                "message_attachments",
                data={"message": json.dumps({"attachment": attachment})},
                files={"filedata": file},
            )
        attachment_id = payload.ident(answer.get("attachment_id"))
        if attachment_id is None:
            raise http.unreadable(repeatable=True)
        return attachment_id

    def mark_read(self, device: DeviceAccount, external_id: str, external_user_id: str = "") -> None:
        """Show the customer that the page has seen it. Raises ProviderError."""
        if external_user_id:
            body = {"recipient": {"id": external_user_id}, "sender_action": "mark_seen"}
            self._call(device, "POST", device.external_account, "messages", json=body)

    def fetch_media(self, device: DeviceAccount, media: Media, limit: int) -> tuple[bytes, str]:
        """Content and MIME type of a received file. The address is a secret by itself: no token goes
        along. Raises ProviderError."""
        url = meta_hosts.allowed(media.url or "", self._graph)
        answer = http.call("GET", url, repeatable=True, limit=limit, timeout=self._timeouts)
        if answer.status in (403, 404, 410):
            raise refusal("media_gone", "Messenger no longer has this file.")
        if answer.status != 200:
            raise meta_errors.not_graph(answer, repeatable=True)
        mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return answer.body, mime or media.mime or "application/octet-stream"

    def _call(
        self, device: DeviceAccount, method: str, *path: str, repeatable: bool = True, **request: Any
    ) -> dict:
        """The object in Graph's successful answer. Raises ProviderError for all others."""
        if not all(_SEGMENT.fullmatch(segment) for segment in path):
            raise refusal("bad_id", "The page's or customer's id is not one of Meta's.")
        token = device.secrets.get("page_access_token") or ""
        if not _TOKEN.fullmatch(token):
            told = "The device has no usable access token."
            raise ProviderError(told, code="no_token", permanent=True, reauth=True)
        answer = http.call(
            method,
            "/".join((self._base, *path)),
            repeatable=repeatable,
            headers={"Authorization": f"Bearer {token}"},
            timeout=self._timeouts,
            **request,
        )
        body = meta_errors.json_of(answer)
        if not 200 <= answer.status < 300 or body is None or "error" in body:
            raise messenger_errors.from_answer(answer, repeatable=repeatable)
        return body
