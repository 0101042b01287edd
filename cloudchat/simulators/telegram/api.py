"""The Bot API's methods: /telegram/bot<token>/<method>, and the files of messages."""

import json
import re
import time
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, request

from cloudchat.simulators.meta.faults import Faults
from cloudchat.simulators.phone.state import Message
from cloudchat.simulators.telegram.state import Bot, Bots
from cloudchat.simulators.telegram.updates import Updates

CODES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: can't use getUpdates method while webhook is active",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
}
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_FILES = {
    "sendPhoto": ("photo", "image", 10),
    "sendDocument": ("document", "document", 50),
    "sendAudio": ("audio", "audio", 50),
    "sendVoice": ("voice", "audio", 50),
    "sendVideo": ("video", "video", 50),
    "sendSticker": ("sticker", "sticker", 1),
}
_PORTS = {443, 80, 88, 8443}


class BotError(Exception):
    """A refusal in the Bot API's own shape."""

    def __init__(self, code: int, description: str = "", retry_after: float | None = None):
        self.code = code
        self.description = description or CODES.get(code, "Bad Request")
        self.retry_after = max(1, int(retry_after or 1)) if code == 429 else None
        if self.retry_after:
            self.description = f"Too Many Requests: retry after {self.retry_after}"
        super().__init__(self.description)

    def answer(self) -> Response:
        body = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after:
            body["parameters"] = {"retry_after": self.retry_after}
        answer = jsonify(body)
        answer.status_code = self.code
        return answer


class Api:
    """The routes that a bot's program calls."""

    def __init__(self, bots: Bots, updates: Updates, faults: Faults):
        self._bots = bots
        self._updates = updates
        self._faults = faults
        self._methods = {
            "getme": self._get_me,
            "setwebhook": self._set_webhook,
            "getwebhookinfo": self._webhook_info,
            "deletewebhook": self._delete_webhook,
            "sendmessage": self._send_message,
            "sendlocation": self._send_location,
            "sendchataction": self._chat_action,
            "answercallbackquery": self._answer_tap,
            "editmessagereplymarkup": self._edit_keyboard,
            "getfile": self._get_file,
        } | {name.lower(): self._sender_of(name) for name in _FILES}

    def blueprint(self) -> Blueprint:
        api = Blueprint("telegram_api", __name__, url_prefix="/telegram")
        api.add_url_rule("/bot<token>/<method>", "method", self._serve, methods=["GET", "POST"])
        api.add_url_rule("/file/bot<token>/<path:path>", "file", self._file)
        return api

    def _serve(self, token: str, method: str) -> Response:
        try:
            bot = self._bots.by_token(token)
            if bot is None or bot.revoked:
                raise BotError(401 if ":" in token else 404)
            function = self._methods.get(method.lower())
            if function is None:
                raise BotError(404)
            body = _body()
            rule = self._faults.take(bot.id, method, str(body.get("chat_id", "")))
            if rule is None:
                return _good(function(bot, body))
            connection = request.environ["simulators.connection"]
            return self._faults.run(rule, connection, lambda: _good(function(bot, body)))
        except BotError as error:
            return error.answer()

    # --- the bot -------------------------------------------------------------------------------

    def _get_me(self, bot: Bot, _body: dict) -> dict:
        return {"id": int(bot.id), "is_bot": True, "first_name": bot.name, "username": bot.username}

    def _set_webhook(self, bot: Bot, body: dict) -> bool:
        url, secret = str(body.get("url", "")), str(body.get("secret_token", ""))
        parts = urlsplit(url)
        near = parts.hostname in ("localhost", "127.0.0.1") and not self._bots.behaviour.https_only
        if url and parts.scheme != "https" and not near:
            raise BotError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if url and not near and (parts.port or 443) not in _PORTS:
            raise BotError(400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443")
        if secret and not _SECRET.fullmatch(secret):
            raise BotError(400, "Bad Request: secret token contains unallowed characters")
        bot.webhook_url, bot.webhook_secret = url, secret
        bot.allowed_updates = list(body.get("allowed_updates") or [])
        self._updates.flush(bot)
        self._bots.changed()
        return True

    def _webhook_info(self, bot: Bot, _body: dict) -> dict:
        info = {"url": bot.webhook_url, "has_custom_certificate": False}
        info["pending_update_count"] = len(bot._waiting)
        if bot.last_error_at:
            info |= {"last_error_date": bot.last_error_at, "last_error_message": bot.last_error}
        return info

    def _delete_webhook(self, bot: Bot, _body: dict) -> bool:
        bot.webhook_url = bot.webhook_secret = ""
        self._bots.changed()
        return True

    # --- sending -------------------------------------------------------------------------------

    def _send_message(self, bot: Bot, body: dict) -> dict:
        text = str(body.get("text", ""))
        if not text.strip():
            raise BotError(400, "Bad Request: message text is empty")
        if _units(text) > 4096:
            raise BotError(400, "Bad Request: message is too long")
        return self._keep(bot, body, "text", text)

    def _send_location(self, bot: Bot, body: dict) -> dict:
        place = {key: float(body.get(key, 0)) for key in ("latitude", "longitude")}
        return self._keep(bot, body, "location", "", location=place)

    def _sender_of(self, method: str):
        field, kind, megabytes = _FILES[method]

        def send(bot: Bot, body: dict) -> dict:
            upload = request.files.get(field)
            if upload is None:
                raise BotError(400, f"Bad Request: there is no {field} in the request")
            content = upload.read()
            if len(content) > megabytes * 1024 * 1024:
                raise BotError(413)
            caption = str(body.get("caption", ""))
            if _units(caption) > 1024:
                raise BotError(400, "Bad Request: message caption is too long")
            file = self._bots.keep_file(content, upload.mimetype, upload.filename)
            return self._keep(bot, body, kind, caption, file=file)

        return send

    def _keep(self, bot: Bot, body: dict, kind: str, text: str, **content) -> dict:
        chat = str(body.get("chat_id", ""))
        person = self._bots.people.get((bot.id, chat))
        if person is None:
            raise BotError(400, "Bad Request: chat not found")
        if person.blocked:
            raise BotError(403)
        if not person.last_inbound_at:
            raise BotError(403, "Forbidden: bot can't initiate conversation with a user")
        self._check_rate(bot)
        message = Message(
            id=f"{chat}:{bot.next_message(chat)}",
            seq=self._bots.next_seq(),
            account_id=bot.id,
            person_id=chat,
            source="api",
            kind=kind,
            text=text,
            buttons=_buttons(body.get("reply_markup")),
            reply_to=_replied(chat, body.get("reply_parameters")),
            request=body,
            **content,
        )
        person.typing_until = 0.0
        self._bots.add(message)
        return self._updates.body(message)

    def _check_rate(self, bot: Bot) -> None:
        bucket = bot._all
        bucket.per_second = bucket.capacity = self._bots.behaviour.per_second
        if not bucket.take():
            raise BotError(429, retry_after=1)

    def _chat_action(self, bot: Bot, body: dict) -> bool:
        self._bots.person(bot.id, str(body.get("chat_id", ""))).typing_until = time.time() + 5
        self._bots.changed()
        return True

    def _answer_tap(self, bot: Bot, body: dict) -> bool:
        query_id = str(body.get("callback_query_id", ""))
        if query_id not in bot._answered:
            raise BotError(400, "Bad Request: query is too old or query ID is invalid")
        if _units(str(body.get("text", ""))) > 200:
            raise BotError(400, "Bad Request: text is too long")
        bot._answered[query_id] = True
        return True

    def _edit_keyboard(self, bot: Bot, body: dict) -> dict:
        chat, number = str(body.get("chat_id", "")), str(body.get("message_id", ""))
        message = self._bots.find(bot.id, f"{chat}:{number}")
        if message is None or message.source != "api":
            raise BotError(400, "Bad Request: message to edit not found")
        fresh = _buttons(body.get("reply_markup"))
        if fresh == message.buttons:
            raise BotError(400, "Bad Request: message is not modified")
        message.buttons = fresh
        self._bots.changed()
        return self._updates.body(message)

    # --- files ---------------------------------------------------------------------------------

    def _get_file(self, _bot: Bot, body: dict) -> dict:
        file = self._bots.files.get(str(body.get("file_id", "")))
        if file is None:
            raise BotError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(file.content) > 20 * 1024 * 1024:
            raise BotError(400, "Bad Request: file is too big")
        return {
            "file_id": file.id,
            "file_unique_id": file.id[:8],
            "file_size": len(file.content),
            "file_path": f"files/{file.id}",
        }

    def _file(self, token: str, path: str) -> Response:
        bot, file = self._bots.by_token(token), self._bots.files.get(path.rpartition("/")[2])
        if bot is None or bot.revoked or file is None:
            return BotError(404).answer()
        return Response(file.content, mimetype="application/octet-stream")


def _body() -> dict:
    if request.mimetype == "application/json":
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise BotError(400, "Bad Request: can't parse JSON object")
        return body
    fields = {**request.args.to_dict(), **request.form.to_dict()}
    for name in ("reply_markup", "reply_parameters", "allowed_updates"):
        if name in fields:
            fields[name] = json.loads(fields[name])
    return fields


def _buttons(markup) -> list[dict]:
    """The buttons of an inline keyboard, within Telegram's limits."""
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    found = [button for row in rows or () for button in row]
    if len(found) > 100:
        raise BotError(400, "Bad Request: REPLY_MARKUP_TOO_LONG")
    for button in found:
        if not str(button.get("text", "")).strip():
            raise BotError(400, "Bad Request: can't parse inline keyboard button: Text is empty")
        if not 1 <= len(str(button.get("callback_data", "")).encode()) <= 64:
            raise BotError(400, "Bad Request: BUTTON_DATA_INVALID")
    return [{"id": button["callback_data"], "title": button["text"]} for button in found]


def _replied(chat: str, parameters) -> str | None:
    number = parameters.get("message_id") if isinstance(parameters, dict) else None
    return f"{chat}:{number}" if number else None


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _good(result) -> Response:
    return jsonify(ok=True, result=result)
