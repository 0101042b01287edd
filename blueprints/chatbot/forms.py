"""The forms of a bot: what they send, and errors beside their fields."""

from zoneinfo import available_timezones

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from blueprints.chatbot import bp
from cloudchat.errors import AppError
from cloudchat.fields import LARGEST_ID
from cloudchat.messages import sentence
from cloudchat.services.bot_settings import NUMBERS, SWITCHES, TEXTS

INDONESIAN_ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")


def errors_of(error: AppError) -> dict[str, list[str]]:
    """Sentences for people, by field."""
    return {name: [sentence(item, item) for item in items] for name, items in error.fields.items()}


@bp.app_template_filter()
def error_sentence(word: str) -> str:
    """The sentence of a machine word."""
    return sentence(word, word)


def read_bot(form: MultiDict) -> dict:
    """The settings form as the service takes it: a switch that is missing is off."""
    values: dict = {name: form.get(name, "") for name in ("name", "timezone", "returns", *TEXTS)}
    values |= {name: name in form for name in SWITCHES if name != "schedule_enabled"}
    values |= {name: _number(form.get(name, "")) for name in NUMBERS}
    words = form.get("escalation_words", "").replace("\n", ",")
    values["escalation_words"] = [word for word in words.split(",") if word.strip()]
    ids = [item for item in form.getlist("device_ids") if item.isascii() and item.isdigit()]
    values["device_ids"] = [int(item) for item in ids if len(item) < 11 and int(item) <= LARGEST_ID]
    return values


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def read_pair(form: MultiDict) -> dict:
    return {
        "question": form.get("question", ""),
        "alternatives": form.get("alternatives", "").splitlines(),
        "answer": form.get("answer", ""),
        "is_active": "is_active" in form,
    }


def timezone_options(present: str | None) -> list[tuple[str, str]]:
    """The three zones of Indonesia by their own names, then all others by theirs."""
    own = [
        ("Asia/Jakarta", _("Western Indonesia Time (WIB), Asia/Jakarta")),
        ("Asia/Makassar", _("Central Indonesia Time (WITA), Asia/Makassar")),
        ("Asia/Jayapura", _("Eastern Indonesia Time (WIT), Asia/Jayapura")),
    ]
    others = sorted(zone for zone in available_timezones() if "/" in zone or zone in ("UTC", present))
    return own + [(zone, zone) for zone in others if zone not in INDONESIAN_ZONES]
