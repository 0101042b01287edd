"""What each type of device asks for, and how its settings have to look."""

import re
from dataclasses import dataclass

from cloudchat.errors import Invalid
from cloudchat.services import secrets, webchat_settings


@dataclass(frozen=True)
class DeviceFields:
    """What one device type asks for: the account that routes webhooks, plain and secret fields."""

    account: str | None
    plain: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()


FIELDS = {
    "wa_official": DeviceFields(
        "phone_number_id", ("phone_number_id", "waba_id", "messages_per_second"), ("access_token",)
    ),
    "wa_device": DeviceFields("session", ("session",), ("api_key", "webhook_key")),
    "telegram": DeviceFields("bot_token", ("messages_per_second",), ("bot_token",)),
    "messenger": DeviceFields(
        "page_id", ("page_id", "human_agent", "messages_per_second"), ("page_access_token",)
    ),
    "webchat": DeviceFields(None, ("color", "welcome", "ask_name", "allowed_origins")),
}
OPTIONAL = {"waba_id", "messages_per_second", "webhook_key", "human_agent"}
OPTIONAL |= {"color", "welcome", "ask_name", "allowed_origins"}
# Secrets that we make ourselves and give to the provider, where the admin names none.
MADE_SECRETS = {"telegram": ("webhook_secret",), "wa_device": ("webhook_key",)}
_META_ID = re.compile(r"[0-9]{1,32}")
MAX_SECRET = 2000
SLOWEST, FASTEST = 0.1, 1000.0  # messages a second
# How a setting has to look, and what is said where it does not.
FORMS = {
    "phone_number_id": (_META_ID, "digits_needed"),
    "waba_id": (_META_ID, "digits_needed"),
    "page_id": (_META_ID, "digits_needed"),
    "bot_token": (re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}"), "bot_token_form"),
    "session": (re.compile(r"[A-Za-z0-9_-]{1,54}"), "session_form"),
}


def check_new(kind: str, name: str, config: dict) -> None:
    """Raises Invalid with the fields that are missing or wrong."""
    fields = of(kind)
    errors = {"name": ["required"]} if not name.strip() or len(name.strip()) > 255 else {}
    errors |= {
        f"config.{key}": ["required"]
        for key in (*fields.plain, *fields.secret)
        if key not in OPTIONAL and not str(config.get(key) or "").strip()
    }
    errors = config_errors(kind, config) | errors
    if errors:
        raise Invalid("device", fields=errors)


def new_secrets(kind: str, config: dict) -> dict[str, str]:
    """The secrets of a new device: those given, and made ones where none is."""
    given = {key: value for key, value in chosen(config, of(kind).secret).items() if value}
    return {name: secrets.random_token() for name in MADE_SECRETS.get(kind, ())} | given


def account_of(fields: DeviceFields, config: dict) -> str:
    """What names the account at its provider; of a bot's token, the part that stays when it is renewed."""
    value = str(config.get(fields.account or "") or "").strip()
    return value.partition(":")[0] if fields.account == "bot_token" else value


def of(kind: str) -> DeviceFields:
    if kind not in FIELDS:
        raise Invalid("type", fields={"type": ["unsupported"]})
    return FIELDS[kind]


def config_errors(kind: str, config: dict) -> dict[str, list[str]]:
    if kind == "webchat":
        return webchat_settings.config_errors(config)
    errors = {
        f"config.{name}": [FORMS[name][1]]
        for name in FORMS
        if config.get(name) and not FORMS[name][0].fullmatch(str(config[name]).strip())
    }
    if not _is_pace(config.get("messages_per_second")):
        errors["config.messages_per_second"] = ["pace_invalid"]
    for name in of(kind).secret:
        value = config.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > MAX_SECRET):
            errors[f"config.{name}"] = ["invalid"]
    return errors


def _is_pace(value) -> bool:
    """Nothing (the usual pace), or a number of messages a second that we keep to."""
    if value in (None, ""):
        return True
    try:
        return not isinstance(value, bool) and SLOWEST <= float(value) <= FASTEST
    except (TypeError, ValueError):
        return False


def chosen(config: dict, names: tuple[str, ...]) -> dict:
    found = {key: config[key] for key in names if config.get(key) is not None}
    return {key: value.strip() if isinstance(value, str) else value for key, value in found.items()}
