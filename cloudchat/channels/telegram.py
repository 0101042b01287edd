"""Telegram's Bot API: one device per bot. The token is part of every address, so none is ever logged."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from cloudchat.channels import http, payload, telegram_errors, telegram_inbound
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
from cloudchat.channels.outgoing import choices, coordinates, filled, fitting, opened, refusal
from cloudchat.errors import ProviderError

_MB = 1024 * 1024
TOKEN = re.compile(r"([0-9]{1,20}):[A-Za-z0-9_-]{1,200}")
_FILE_PATH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]{0,500}")
_METHODS = {
    "image": ("sendPhoto", "photo"),
    "document": ("sendDocument", "document"),
    "audio": ("sendAudio", "audio"),
    "video": ("sendVideo", "video"),
    "sticker": ("sendSticker", "sticker"),
}
# Only these are shown as what they are; whatever else goes as a document.
CAPABILITIES = Capabilities(
    text_length=4096,
    buttons=100,
    button_title=64,
    button_id=64,
    menu_text_length=4096,
    media={"image": 10 * _MB, "document": 50 * _MB, "audio": 50 * _MB, "video": 50 * _MB, "sticker": 512_000},
    media_types={
        "image": frozenset({"image/jpeg", "image/png"}),
        "audio": frozenset({"audio/mpeg", "audio/mp4", "audio/ogg", "audio/aac"}),
        "video": frozenset({"video/mp4"}),
        "sticker": frozenset({"image/webp"}),
    },
    caption_length=1024,
    captionless=frozenset({"sticker"}),
)
MAX_DOWNLOAD = 20 * _MB


class Telegram(Adapter):
    """The adapter. `api_url` is the host."""

    type = "telegram"
    capabilities = CAPABILITIES

    def __init__(self, api_url: str, timeout: float = 20.0):
        self._api = api_url.rstrip("/")
        self._timeouts = http.timeouts(timeout)

    def split(self, raw: bytes) -> list[RawEvent]:
        """The events of a verified body. Raises ValueError only if it is no JSON object."""
        return telegram_inbound.split(raw)

    def parse(self, event: RawEvent) -> list[Parsed]:
        """The meaning of one stored event; an empty list where there is nothing to do."""
        return telegram_inbound.parse(event)

    # --- the account ---------------------------------------------------------------------------

    def check(self, device: DeviceAccount) -> dict:
        """The bot's name, and how its webhook fares. Raises ProviderError."""
        bot = self._bot(device)
        hook = payload.as_dict(self._call(device, "getWebhookInfo"))
        facts = {"name": bot.get("first_name"), "username": bot.get("username"), "webhook": hook.get("url")}
        waiting, failed_at = hook.get("pending_update_count"), hook.get("last_error_date")
        if isinstance(waiting, int) and waiting:
            facts["waiting_updates"] = waiting
        if isinstance(failed_at, int) and 0 < failed_at < 2**40:
            moment = datetime.fromtimestamp(failed_at, UTC).isoformat(timespec="seconds")
            facts["last_webhook_error"] = f"{hook.get('last_error_message') or ''} ({moment})"
        return {key: value for key, value in facts.items() if value}

    def connect(self, device: DeviceAccount, webhook_url: str | None) -> Connection:
        """Look at the token, then have updates sent to `webhook_url`. Raises ProviderError."""
        bot = self._bot(device)
        if webhook_url:
            wanted = {
                "url": webhook_url,
                "secret_token": device.secrets.get("webhook_secret") or "",
                "allowed_updates": list(telegram_inbound.UPDATES),
                "max_connections": 40,
                "drop_pending_updates": False,
            }
            self._call(device, "setWebhook", json=wanted)
        facts = {"name": bot.get("first_name"), "username": bot.get("username")}
        return Connection(facts={key: value for key, value in facts.items() if isinstance(value, str)})

    def disconnect(self, device: DeviceAccount) -> None:
        """Take the webhook away. Raises ProviderError."""
        self._call(device, "deleteWebhook", json={"drop_pending_updates": False})

    def _bot(self, device: DeviceAccount) -> dict:
        bot = payload.as_dict(self._call(device, "getMe"))
        if payload.ident(bot.get("id")) is None:
            raise http.unreadable(repeatable=True)
        return bot

    # --- messages ------------------------------------------------------------------------------

    def send(self, device: DeviceAccount, message: OutboundMessage) -> SendResult:
        """Send one message. Raises ProviderError."""
        if not message.to:
            raise refusal("no_recipient", "The message has no recipient.")
        body: dict[str, Any] = {"chat_id": int(message.to) if _is_number(message.to) else message.to}
        if replied := _number_in_chat(message):
            body["reply_parameters"] = {"message_id": replied, "allow_sending_without_reply": True}
        if message.kind in _METHODS:
            sent = self._send_file(device, message, body)
        else:
            method, content = _content(message)
            sent = self._call(device, method, repeatable=False, json={**body, **content})
        message_id = payload.ident(payload.as_dict(sent).get("message_id"))
        if message_id is None:
            raise http.unreadable(repeatable=False)
        return SendResult(telegram_inbound.message_key(message.to, message_id))

    def _send_file(self, device: DeviceAccount, message: OutboundMessage, body: dict) -> Any:
        method, field = _METHODS[message.kind]
        with opened(message, CAPABILITIES) as (name, file, mime):
            if message.kind == "audio" and mime.partition(";")[0] == "audio/ogg":
                method, field = "sendVoice", "voice"
            if message.text:
                if message.kind in CAPABILITIES.captionless:
                    raise refusal("no_caption", f"Telegram takes no caption with {message.kind}.")
                body["caption"] = fitting("caption", message.text, CAPABILITIES.caption_length)
            # Multipart knows texts only: Telegram reads objects in them as JSON.
            form = {
                key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()
            }
            files = {field: (name, file, mime)}
            return self._call(device, method, repeatable=False, data=form, files=files)

    def acknowledge(self, device: DeviceAccount, details: dict) -> None:
        """End the waiting sign on a tapped button, and take the keyboard away. Raises ProviderError."""
        self._call(device, "answerCallbackQuery", json={"callback_query_id": details["query_id"]})
        if details.get("message_id") and _is_number(str(details["message_id"])):
            place = {"chat_id": int(details["chat_id"]), "message_id": int(details["message_id"])}
            empty = {**place, "reply_markup": {"inline_keyboard": []}}
            self._call(device, "editMessageReplyMarkup", json=empty)

    def fetch_media(self, device: DeviceAccount, media: Media, limit: int) -> tuple[bytes, str]:
        """Content and MIME type of a received file. Raises ProviderError."""
        found = payload.as_dict(self._call(device, "getFile", json={"file_id": media.external_id}))
        size, path = found.get("file_size"), found.get("file_path")
        if isinstance(size, int) and size > min(limit, MAX_DOWNLOAD):
            raise refusal("too_large", f"The file has {size} bytes; {min(limit, MAX_DOWNLOAD)} are allowed.")
        if not isinstance(path, str) or not _FILE_PATH.fullmatch(path):
            raise refusal("bad_media_url", "The file's address cannot be read.")
        url = f"{self._api}/file/bot{self._token(device)}/{path}"
        answer = http.call("GET", url, repeatable=True, limit=limit, timeout=self._timeouts)
        if answer.status == 404:
            raise refusal("media_gone", "Telegram no longer has this file.")
        if answer.status != 200:
            raise telegram_errors.from_answer(answer, _json(answer), repeatable=True)
        mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return answer.body, media.mime or mime or "application/octet-stream"

    def _call(self, device: DeviceAccount, method: str, *, repeatable: bool = True, **request: Any) -> Any:
        """The `result` of a call that went well. Raises ProviderError for all others."""
        answer = http.call(
            "POST",
            f"{self._api}/bot{self._token(device)}/{method}",
            repeatable=repeatable,
            timeout=self._timeouts,
            **request,
        )
        body = _json(answer)
        if answer.status != 200 or body is None or body.get("ok") is not True:
            raise telegram_errors.from_answer(answer, body, repeatable=repeatable)
        return body.get("result")

    @staticmethod
    def _token(device: DeviceAccount) -> str:
        token = device.secrets.get("bot_token") or ""
        if not TOKEN.fullmatch(token):
            raise ProviderError(
                "The device has no usable token.", code="no_token", permanent=True, reauth=True
            )
        return token


def _content(message: OutboundMessage) -> tuple[str, dict]:
    """(method, its own parameters) of a message without a file. Raises ProviderError."""
    if message.kind == "text":
        return "sendMessage", {"text": filled("text", message.text, CAPABILITIES.text_length)}
    if message.kind == "buttons":
        lines = [[{"text": title, "callback_data": name}] for name, title in choices(message, CAPABILITIES)]
        text = "\n\n".join(part for part in (message.header, message.text, message.footer) if part)
        text = filled("text", text, CAPABILITIES.menu_text_length)
        return "sendMessage", {"text": text, "reply_markup": {"inline_keyboard": lines}}
    if message.kind == "location":
        latitude, longitude = coordinates(message)
        return "sendLocation", {"latitude": latitude, "longitude": longitude}
    raise refusal("unsupported_kind", f"Telegram cannot send messages of kind {message.kind}.")


def _number_in_chat(message: OutboundMessage) -> int | None:
    """The number of the message that is answered, if it is one of this chat."""
    chat, _, number = (message.reply_to_external_id or "").rpartition(":")
    return int(number) if chat == message.to and _is_number(number) else None


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19


def _json(answer: http.Answer) -> dict | None:
    try:
        return payload.load_object(answer.body)
    except ValueError:
        return None
