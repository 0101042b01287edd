"""Bots as an admin keeps them: names, texts, thresholds, and the devices that they answer on."""

from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotDevice, ChatbotQa, Device
from cloudchat.models.bots import RETURNS
from cloudchat.services import audit, organizations
from cloudchat.tenancy import current_organization_id

MOST_BOTS = 200
MOST_WORDS = 50
LONGEST_WORD = 40
LONGEST_TEXT = 2000
LONGEST_NAME = 255
TEXTS = ("outside_hours_message", "greeting", "fallback_message", "escalation_message")
NUMBERS = {
    "answer_threshold": (0, 100),
    "suggest_threshold": (0, 100),
    "escalate_below": (0, 100),
    "misses_before_human": (0, 20),
}
SWITCHES = ("is_active", "schedule_enabled", "asks_rating")
FIELDS = ("name", "timezone", "returns", "escalation_words", *TEXTS, *NUMBERS, *SWITCHES)


def get(bot_id: int, lock: bool = False) -> Chatbot:
    """Raises NotFound."""
    found = db.session.scalar(
        select(Chatbot).where(Chatbot.id == bot_id).with_for_update(of=Chatbot)
        if lock
        else select(Chatbot).where(Chatbot.id == bot_id)
    )
    if found is None:
        raise NotFound("bot")
    return found


def page(after_id: int = 0, limit: int = 50) -> list[Chatbot]:
    """Bots in the order in which they were made; one more than the limit where there are more."""
    statement = select(Chatbot).where(Chatbot.id > after_id).order_by(Chatbot.id).limit(limit + 1)
    return list(db.session.scalars(statement))


def devices_of(bot_ids: list[int]) -> dict[int, list[Device]]:
    """The devices of each bot by name, in one query."""
    found: dict[int, list[Device]] = {bot_id: [] for bot_id in bot_ids}
    rows = db.session.execute(
        select(ChatbotDevice.bot_id, Device)
        .join(Device, Device.id == ChatbotDevice.device_id)
        .where(ChatbotDevice.bot_id.in_(bot_ids), Device.deleted_at.is_(None))
        .order_by(Device.name, Device.id)
    )
    for bot_id, device in rows:
        found[bot_id].append(device)
    return found


def pair_counts(bot_ids: list[int]) -> dict[int, int]:
    """How many pairs each bot has, in one query."""
    rows = db.session.execute(
        select(ChatbotQa.bot_id, func.count()).where(ChatbotQa.bot_id.in_(bot_ids)).group_by(ChatbotQa.bot_id)
    )
    return dict.fromkeys(bot_ids, 0) | {bot_id: count for bot_id, count in rows}


def taken_devices(bot_id: int | None = None) -> dict[int, str]:
    """Devices that another bot answers on: its name by device."""
    rows = db.session.execute(
        select(ChatbotDevice.device_id, Chatbot.name)
        .join(Chatbot, Chatbot.id == ChatbotDevice.bot_id)
        .where(ChatbotDevice.bot_id != (bot_id or 0))
    )
    return {device_id: name for device_id, name in rows}


def create(values: dict[str, Any]) -> Chatbot:
    """A new bot from some of `FIELDS` and `device_ids`. Raises Invalid, Conflict."""
    bot = Chatbot(timezone=organizations.get(current_organization_id()).timezone)
    if db.session.scalar(select(func.count()).select_from(Chatbot)) >= MOST_BOTS:
        raise Invalid("bot", fields={"name": ["too_many_bots"]})
    _apply(bot, {"name": "", **values})
    db.session.add(bot)
    db.session.flush()
    return _saved(bot, "bot.created", values)


def change(bot_id: int, values: dict[str, Any]) -> Chatbot:
    """Change the named fields. Raises Invalid, Conflict, NotFound."""
    bot = get(bot_id, lock=True)
    _apply(bot, values)
    return _saved(bot, "bot.changed", values)


def _saved(bot: Chatbot, action: str, values: dict) -> Chatbot:
    db.session.flush()
    if values.get("device_ids") is not None:
        _set_devices(bot, list(dict.fromkeys(values["device_ids"])))
    audit.record(action, bot, name=bot.name, fields=sorted(values))
    db.session.commit()
    return bot


def remove(bot_id: int) -> None:
    """Delete a bot with its pairs, hours and figures; conversations stay."""
    bot = get(bot_id, lock=True)
    audit.record("bot.deleted", bot, name=bot.name)
    db.session.execute(delete(Chatbot).where(Chatbot.id == bot.id))
    db.session.commit()


def _set_devices(bot: Chatbot, wanted: list[int]) -> None:
    known = set(
        db.session.scalars(select(Device.id).where(Device.id.in_(wanted), Device.deleted_at.is_(None)))
    )
    if known != set(wanted):
        raise Invalid("bot", fields={"device_ids": ["unknown_device"]})
    db.session.execute(
        delete(ChatbotDevice).where(ChatbotDevice.bot_id == bot.id, ChatbotDevice.device_id.not_in(wanted))
    )
    for device_id in sorted(wanted):
        db.session.execute(
            insert(ChatbotDevice)
            .values(organization_id=bot.organization_id, device_id=device_id, bot_id=bot.id)
            .on_conflict_do_nothing()
        )
    others = select(ChatbotDevice.device_id).where(
        ChatbotDevice.device_id.in_(wanted), ChatbotDevice.bot_id != bot.id
    )
    if db.session.scalar(others.limit(1)):
        raise Conflict("device_has_bot", code="device_has_bot", fields={"device_ids": ["device_has_bot"]})


def _apply(bot: Chatbot, values: dict[str, Any]) -> None:
    errors: dict[str, list[str]] = {}
    for name in FIELDS:
        if name not in values or (values[name] is None and name not in TEXTS):
            continue
        try:
            setattr(bot, name, _checked(name, values[name]))
        except ValueError as error:
            errors[name] = [str(error)]
    if "answer_threshold" in values or "suggest_threshold" in values:
        answer = bot.answer_threshold if bot.answer_threshold is not None else 75
        # Above the answer there is nothing to ask back about
        if bot.suggest_threshold is not None and bot.suggest_threshold > answer:
            if "suggest_threshold" in values:
                errors.setdefault("suggest_threshold", ["suggest_above_answer"])
            bot.suggest_threshold = min(bot.suggest_threshold, answer)
    if errors:
        db.session.expunge(bot) if bot in db.session.new else db.session.rollback()
        raise Invalid("bot", fields=errors)


def _checked(name: str, value: Any) -> Any:
    """The value as it is kept. Raises ValueError with the machine word of what is wrong."""
    if name in TEXTS:
        return _text(name, value)
    if name in NUMBERS:
        return _number(name, value)
    if name in SWITCHES:
        return bool(value)
    if name == "escalation_words":
        return _words(value)
    if name == "returns" and value not in RETURNS:
        raise ValueError("unknown")
    if name == "timezone" and str(value) not in available_timezones():
        raise ValueError("timezone_unknown")
    if name == "name":
        value = str(value).strip()
        if not value or len(value) > LONGEST_NAME:
            raise ValueError("too_long" if value else "required")
    return value


def _text(name: str, value: str | None) -> str | None:
    value = str(value or "").strip()
    if len(value) > LONGEST_TEXT:
        raise ValueError("too_long")
    if not value and name in ("fallback_message", "escalation_message"):
        raise ValueError("required")
    return value or None


def _number(name: str, value: int) -> int:
    lowest, highest = NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise ValueError("score_invalid" if highest == 100 else "misses_invalid")
    return value


def _words(words: list[str]) -> list[str]:
    """Words or short phrases, once each, in lower case."""
    cleaned = [" ".join(str(word).lower().split()) for word in words]
    cleaned = list(dict.fromkeys(word for word in cleaned if word))
    if len(cleaned) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in cleaned):
        raise ValueError("escalation_words_invalid")
    return cleaned
