"""WhatsApp Cloud API: Meta's own way into WhatsApp, one device per phone number."""

import os
import re
import time
from io import BytesIO
from typing import IO, Any

import httpx

from cloudchat.channels import http, meta_errors, meta_hosts, payload, whatsapp_inbound, whatsapp_outbound
from cloudchat.channels.base import (
    Adapter,
    Connection,
    DeviceAccount,
    Media,
    OutboundMessage,
    Parsed,
    RawEvent,
    SendResult,
)
from cloudchat.channels.whatsapp_outbound import CAPABILITIES, MEDIA_KINDS, refusal
from cloudchat.errors import ProviderError

_SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TOKEN = re.compile(r"[\x21-\x7e]+")
SAMPLE_SECONDS = 3600  # an uploaded file lives for 30 days
_PHONE_FIELDS = (
    "display_phone_number,verified_name,quality_rating,throughput,whatsapp_business_manager_messaging_limit"
)


class WhatsAppCloud(Adapter):
    """The adapter. `graph_url` is the host, `version` the part of the path behind it."""

    type = "wa_official"
    capabilities = CAPABILITIES

    def __init__(self, graph_url: str, version: str, timeout: float = 20.0):
        self._graph = httpx.URL(graph_url)
        self._base = f"{graph_url.rstrip('/')}/{version}"
        self._timeouts = http.timeouts(timeout)
        self._samples: dict[tuple[str, str, str], tuple[float, str]] = {}

    def split(self, raw: bytes) -> list[RawEvent]:
        """The events of a verified body. Raises ValueError only if it is no JSON object."""
        return whatsapp_inbound.split(raw)

    def parse(self, event: RawEvent) -> list[Parsed]:
        """The meaning of one stored event; an empty list where there is nothing to do."""
        return whatsapp_inbound.parse(event)

    def send(self, device: DeviceAccount, message: OutboundMessage) -> SendResult:
        """Send one message; a file is uploaded first. Raises ProviderError."""
        body = whatsapp_outbound.build(message)
        if message.kind in MEDIA_KINDS:
            body[message.kind]["id"] = self._upload(device, message, message.kind)
        for kind, media in whatsapp_outbound.open_media(body):
            take = self._upload_sample if message.media_url else self._upload
            media["id"] = take(device, message, kind)
        answer = self._call(device, "POST", device.external_account, "messages", repeatable=False, json=body)
        external_id = payload.ident(_first(answer, "messages").get("id"))
        if external_id is None:
            raise meta_errors.unreadable(repeatable=False)
        recipient = payload.ident(_first(answer, "contacts").get("wa_id"))
        return SendResult(external_id, external_user_id=recipient)

    def mark_read(self, device: DeviceAccount, external_id: str, external_user_id: str = "") -> None:
        """Give the customer the blue ticks. Raises ProviderError."""
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": external_id}
        self._call(device, "POST", device.external_account, "messages", repeatable=True, json=body)

    def check(self, device: DeviceAccount) -> dict:
        """Number, verified name, quality and limits, in Meta's words. Raises ProviderError."""
        fields = {"fields": _PHONE_FIELDS}
        return self._call(device, "GET", device.external_account, params=fields)

    def connect(self, device: DeviceAccount, webhook_url: str | None) -> Connection:
        """Look at the number and, where its WABA is known, subscribe to that. Raises ProviderError."""
        told = self.check(device)
        if device.config.get("waba_id"):
            self.subscribe(device)
        names = {"name": told.get("verified_name"), "phone": told.get("display_phone_number")}
        return Connection(facts={key: value for key, value in names.items() if value})

    def subscribe(self, device: DeviceAccount) -> None:
        """Have Meta send the webhooks of the device's WABA to our app. Raises ProviderError."""
        self._call(device, "POST", str(device.config.get("waba_id") or ""), "subscribed_apps")

    def fetch_media(self, device: DeviceAccount, media: Media, limit: int) -> tuple[bytes, str]:
        """Content and MIME type of a received file. Raises ProviderError.

        The address that Meta gives lives for five minutes, so an expired one is asked for again once.
        """
        answer = self._download(device, self._address(device, media, limit), limit)
        if answer.status == 404 and media.external_id:
            answer = self._download(device, self._address(device, media, limit), limit)
        if answer.status in (404, 410):
            raise refusal("media_gone", "WhatsApp no longer has this file.")
        if answer.status != 200:
            raise meta_errors.from_answer(answer, repeatable=True)
        mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return answer.body, mime or media.mime or "application/octet-stream"

    def _address(self, device: DeviceAccount, media: Media, limit: int) -> str:
        if not media.external_id:
            return media.url or ""
        number = {"phone_number_id": device.external_account}
        found = self._call(device, "GET", media.external_id, params=number)
        size = found.get("file_size")
        if isinstance(size, int) and size > limit:
            raise refusal("too_large", f"The file has {size} bytes; {limit} are allowed.")
        return str(found.get("url") or "")

    def _download(self, device: DeviceAccount, address: str, limit: int) -> http.Answer:
        url = meta_hosts.allowed(address, self._graph)
        headers = self._authorization(device)
        return http.call("GET", url, repeatable=True, limit=limit, headers=headers, timeout=self._timeouts)

    def _upload(self, device: DeviceAccount, message: OutboundMessage, kind: str) -> str:
        """The id of the uploaded file. Nothing has reached the customer yet, so it may be repeated."""
        mime = _fitting(kind, message.media_mime)
        try:
            with open(message.media_path or "", "rb") as file:
                size, most = os.fstat(file.fileno()).st_size, CAPABILITIES.media[kind]
                if not 0 < size <= most:
                    told = f"The file has {size} bytes; WhatsApp takes 1 to {most}."
                    raise refusal("bad_size", told)
                name = payload.clean_text(message.media_filename or "file")
                return self._post_file(device, (name, file, mime))
        except OSError:
            raise refusal("file_missing", "The file is no longer there.") from None

    def _upload_sample(self, device: DeviceAccount, message: OutboundMessage, kind: str) -> str:
        """The id of a template's own sample, which Meta keeps under an address, uploaded to be sent. Many
        messages of one template follow each other, so it is remembered for a while."""
        key = device.external_account, kind, message.media_url or ""
        kept = self._samples.get(key)
        if kept and kept[0] > time.monotonic():
            return kept[1]
        made = self._post_sample(device, message, kind)
        if len(self._samples) > 1000:
            self._samples.clear()
        self._samples[key] = time.monotonic() + SAMPLE_SECONDS, made
        return made

    def _post_sample(self, device: DeviceAccount, message: OutboundMessage, kind: str) -> str:
        url, most = meta_hosts.allowed(message.media_url or "", self._graph), CAPABILITIES.media[kind]
        answer = http.call("GET", url, repeatable=True, limit=most, timeout=self._timeouts)
        if answer.status in (401, 403, 404, 410):
            raise refusal("sample_gone", "Meta no longer gives the template's sample.")
        if answer.status != 200:
            raise meta_errors.not_graph(answer, repeatable=True)
        mime = _fitting(kind, answer.headers.get("Content-Type"))
        return self._post_file(device, (message.media_filename or kind, BytesIO(answer.body), mime))

    def _post_file(self, device: DeviceAccount, file: tuple[str, IO[bytes], str]) -> str:
        answer = self._call(
            device,
            "POST",
            device.external_account,
            "media",
            data={"messaging_product": "whatsapp", "type": file[2]},
            files={"file": file},
        )
        media_id = payload.ident(answer.get("id"))
        if media_id is None:
            raise meta_errors.unreadable(repeatable=True)
        return media_id

    def _call(
        self,
        device: DeviceAccount,
        method: str,
        *path: str,
        repeatable: bool = True,
        **request: Any,
    ) -> dict:
        """The object in Graph's successful answer. Raises ProviderError for all others."""
        if not all(_SEGMENT.fullmatch(segment) for segment in path):
            raise refusal("bad_id", "The account or file id is not one of Meta's.")
        answer = http.call(
            method,
            "/".join((self._base, *path)),
            repeatable=repeatable,
            headers=self._authorization(device),
            timeout=self._timeouts,
            **request,
        )
        body = meta_errors.json_of(answer)
        if not 200 <= answer.status < 300 or body is None or "error" in body:
            raise meta_errors.from_answer(answer, repeatable=repeatable)
        return body

    def _authorization(self, device: DeviceAccount) -> dict[str, str]:
        token = device.secrets.get("access_token") or ""
        if not _TOKEN.fullmatch(token):
            raise ProviderError(
                "The device has no usable access token.",
                code="no_token",
                permanent=True,
                reauth=True,
            )
        return {"Authorization": f"Bearer {token}"}


def _fitting(kind: str, mime: str | None) -> str:
    """The type, if WhatsApp takes it as this kind. Raises ProviderError."""
    known = (mime or "").lower()
    if known.partition(";")[0].strip() not in CAPABILITIES.media_types[kind]:
        raise refusal("bad_media_type", f"WhatsApp takes no {known or 'such file'} as {kind}.")
    return known


def _first(answer: dict, key: str) -> dict:
    return next(iter(payload.dicts(answer.get(key))), {})
