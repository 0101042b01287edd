"""Updates: what customers do becomes a webhook call of its own, in order for each bot."""

import secrets
import time
from collections.abc import Callable

from cloudchat.simulators.meta.webhooks import Deliverer, Delivery
from cloudchat.simulators.phone.pages import account_of
from cloudchat.simulators.phone.state import Message
from cloudchat.simulators.telegram.state import Bot, Bots


class Updates:
    """Builds updates from short descriptions and sends them on their way."""

    def __init__(self, bots: Bots, deliverer: Deliverer):
        self._bots = bots
        self._deliverer = deliverer

    def write(self, spec: dict) -> tuple[Message, list[Delivery]]:
        """A customer writes, taps a button, or changes an earlier message (`edit`: its id)."""
        bot, person_id = account_of(self._bots, spec), str(spec.get("from") or "")
        if not person_id.lstrip("-").isdigit():
            raise ValueError("from must be the number of a Telegram user")
        person = self._bots.person(bot.id, person_id, spec.get("name"))
        kind = str(spec.get("type", "text"))
        if kind == "button":
            message, name, body = self._tap(bot, person_id, spec)
        elif spec.get("edit"):
            message, name, body = self._edit(bot, person_id, spec)
        else:
            message, name, body = self._new(bot, person_id, kind, spec)
        person.last_inbound_at = time.time()
        update = {"update_id": int(spec.get("update_id") or bot.next_update()), name: body}
        deliveries = [self._deliver(bot, name, update, spec) for _ in range(int(spec.get("copies", 1)))]
        message.delivery = deliveries[0]
        self._bots.changed()
        return message, deliveries

    def _new(self, bot: Bot, person_id: str, kind: str, spec: dict) -> tuple[Message, str, dict]:
        message = self._bots.add(
            Message(
                id=f"{person_id}:{spec.get('message_id') or bot.next_message(person_id)}",
                seq=self._bots.next_seq(),
                account_id=bot.id,
                person_id=person_id,
                source="customer",
                kind=kind,
                text=str(spec.get("text") or spec.get("caption") or ""),
                file=self._bots.file_for(kind, spec),
                location={"latitude": -6.1754, "longitude": 106.8272} if kind == "location" else None,
                reply_to=spec.get("reply_to"),
            )
        )
        return message, "message", self.body(message)

    def _edit(self, bot: Bot, person_id: str, spec: dict) -> tuple[Message, str, dict]:
        message = self._bots.find(bot.id, str(spec["edit"]))
        if message is None or message.source != "customer":
            raise ValueError("edit must be the id of a message of the customer's")
        message.text, message.edited = str(spec.get("text", "")), True
        at = int(spec.get("edit_date") or time.time())
        return message, "edited_message", {**self.body(message), "edit_date": at}

    def _tap(self, bot: Bot, person_id: str, spec: dict) -> tuple[Message, str, dict]:
        target = self._bots.find(bot.id, str(spec.get("reply_to", "")))
        if target is None or target.source != "api":
            raise ValueError("reply_to must be the id of a message of the bot's")
        button = next((b for b in target.buttons if b["id"] == spec.get("button_id")), None)
        if button is None:
            raise ValueError("button_id must be that of one of its buttons")
        query_id = secrets.token_hex(8)
        bot._answered[query_id] = False
        keyboard = [[{"text": b["title"], "callback_data": b["id"]}] for b in target.buttons]
        body = {
            "id": query_id,
            "from": self._user(bot, person_id),
            "chat_instance": "1",
            "message": {**self.body(target), "reply_markup": {"inline_keyboard": keyboard}},
            "data": button["id"],
        }
        # Telegram shows nothing in the thread for a tap; the phone page marks what was tapped.
        target.reactions = [f"✓ {button['title']}"]
        return target, "callback_query", body

    def body(self, message: Message) -> dict:
        """A message in Telegram's own shape."""
        bot = self._bots.accounts[message.account_id]
        ours = message.source != "customer"
        body = {
            "message_id": int(message.id.rpartition(":")[2]),
            "from": self._bot(bot) if ours else self._user(bot, message.person_id),
            "chat": {
                "id": int(message.person_id),
                "type": "private",
                "first_name": self._bots.person(bot.id, message.person_id).name,
            },
            "date": int(message.at),
        }
        if message.reply_to and (target := self._bots.find(bot.id, message.reply_to)):
            number = int(target.id.rpartition(":")[2])
            body["reply_to_message"] = {"message_id": number, "chat": body["chat"], "date": int(target.at)}
        return body | _CONTENT.get(message.kind, _unsupported)(self, message)

    def _user(self, bot: Bot, person_id: str) -> dict:
        first, _, last = self._bots.person(bot.id, person_id).name.partition(" ")
        return {"id": int(person_id), "is_bot": False, "first_name": first, "last_name": last} | {
            "language_code": "id"
        }

    @staticmethod
    def _bot(bot: Bot) -> dict:
        return {"id": int(bot.id), "is_bot": True, "first_name": bot.name, "username": bot.username}

    # --- delivery ------------------------------------------------------------------------------

    def _deliver(self, bot: Bot, kind: str, update: dict, spec: dict) -> Delivery:
        headers = headers_of(bot, spec.get("secret"))
        more = {"headers": headers, "kind": f"telegram {kind}", "lane": f"telegram:{bot.id}"}
        more["retry"] = bool(spec.get("retry", True))
        if spec.get("parallel"):
            more["lane"] += f"#{secrets.token_hex(4)}"

        def payload() -> dict | None:
            if bot.webhook_url:
                return update if not bot.allowed_updates or kind in bot.allowed_updates else None
            bot._waiting.append((kind, update))
            return None

        # The address is read when the update is due, as a new webhook may have been set by then.
        return self._deliverer.post(payload, url=bot.webhook_url or "http://127.0.0.1:9/", **more)

    def flush(self, bot: Bot) -> None:
        """A webhook was set: all that waited goes there."""
        while bot._waiting:
            kind, update = bot._waiting.popleft()
            self._deliver(bot, kind, update, {})


def headers_of(bot: Bot, secret: str | None = None) -> Callable[[bytes], dict[str, str]]:
    """Telegram's header, with the secret that `setWebhook` named, or a wrong one."""

    def headers(_body: bytes) -> dict[str, str]:
        value = bot.webhook_secret if secret is None else secret
        return {"X-Telegram-Bot-Api-Secret-Token": value} if value else {}

    return headers


# --- content -----------------------------------------------------------------------------------


def _text(_updates: Updates, message: Message) -> dict:
    return {"text": message.text}


def _photo(updates: Updates, message: Message) -> dict:
    count = updates._bots.behaviour.photo_sizes
    sizes = [
        {
            "file_id": message.file.id if number == count else f"small{number}{message.file.id}",
            "file_unique_id": f"u{number}{message.file.id[:8]}",
            "width": 90 * number,
            "height": 90 * number,
            "file_size": len(message.file.content),
        }
        for number in range(1, count + 1)
    ]
    return {"photo": sizes} | ({"caption": message.text} if message.text else {})


def _file(key: str) -> Callable[[Updates, Message], dict]:
    def content(_updates: Updates, message: Message) -> dict:
        body = {
            "file_id": message.file.id,
            "file_unique_id": message.file.id[:8],
            "mime_type": message.file.mime,
            "file_size": len(message.file.content),
        }
        if key in ("document", "video", "audio"):
            body["file_name"] = message.file.filename
        if key == "sticker":
            body |= {"emoji": "👍", "is_animated": False, "is_video": False, "width": 512, "height": 512}
        return {key: body} | ({"caption": message.text} if message.text and key != "sticker" else {})

    return content


def _location(_updates: Updates, message: Message) -> dict:
    return {"location": message.location}


def _contact(_updates: Updates, message: Message) -> dict:
    return {"contact": {"phone_number": "6281234567899", "first_name": "Rina", "user_id": 5000000009}}


def _unsupported(_updates: Updates, message: Message) -> dict:
    return {"poll": {"id": "1", "question": "Suka?", "options": [], "total_voter_count": 0}}


_CONTENT: dict[str, Callable[[Updates, Message], dict]] = {
    "text": _text,
    "image": _photo,
    "document": _file("document"),
    "audio": _file("voice"),
    "video": _file("video"),
    "sticker": _file("sticker"),
    "location": _location,
    "contact": _contact,
}
