"""What each kind of device asks an admin for, in words; which fields there are says the service."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField
from wtforms.validators import Optional, Regexp
from wtforms.widgets import ColorInput, PasswordInput

from admin.forms import ScreenForm, at_most, needed, stripped, text_field
from cloudchat.services.device_fields import FIELDS, OPTIONAL
from cloudchat.services.webchat_settings import DEFAULT_COLOR


@dataclass(frozen=True)
class FieldText:
    """How a field is called and where its value is found."""

    label: Any
    help: Any = ""


@dataclass(frozen=True)
class TypeText:
    """How a kind of device is offered."""

    name: Any
    text: Any


TYPES = {
    "wa_official": TypeText(
        _l("WhatsApp"), _l("A number on Meta's WhatsApp Cloud API, with templates and receipts.")
    ),
    "wa_device": TypeText(
        _l("WhatsApp device"), _l("A phone's WhatsApp, linked by scanning a code with it.")
    ),
    "telegram": TypeText(_l("Telegram"), _l("A Telegram bot that your customers write to.")),
    "messenger": TypeText(_l("Messenger"), _l("The messages of a Facebook page.")),
    "webchat": TypeText(_l("Web chat"), _l("A chat page of your own, and a widget for your website.")),
}

TEXTS = {
    "phone_number_id": FieldText(
        _l("Phone number ID"), _l("In Meta's app dashboard under WhatsApp, API setup. Digits only.")
    ),
    "waba_id": FieldText(
        _l("WhatsApp Business Account ID"), _l("On the same page. Templates belong to this account.")
    ),
    "messages_per_second": FieldText(_l("Messages a second")),
    "access_token": FieldText(
        _l("Access token"), _l("A permanent token of a system user in Meta's business settings.")
    ),
    "session": FieldText(_l("Session"), _l("The session's name on your WhatsApp gateway.")),
    "api_key": FieldText(_l("API key"), _l("The key that your WhatsApp gateway expects.")),
    "webhook_key": FieldText(
        _l("Webhook key"),
        _l("The key with which your gateway signs what it sends to us. Empty: we make one and tell it."),
    ),
    "bot_token": FieldText(_l("Bot token"), _l("From BotFather in Telegram, after /newbot.")),
    "page_id": FieldText(_l("Page ID"), _l("On the Facebook page under About, page transparency.")),
    "page_access_token": FieldText(
        _l("Page access token"), _l("From Meta's app dashboard under Messenger, settings.")
    ),
    "human_agent": FieldText(
        _l("Answers up to 7 days"),
        _l("Only with Meta's Human Agent permission: agents may answer for 7 days instead of 24 hours."),
    ),
    "color": FieldText(_l("Colour"), _l("Of the chat's header and of the customer's own bubbles.")),
    "welcome": FieldText(_l("Welcome text"), _l("The first words that a visitor reads.")),
    "ask_name": FieldText(
        _l("Ask for the visitor's name first"), _l("Otherwise visitors start without a name.")
    ),
    "allowed_origins": FieldText(
        _l("Websites that may show the widget"),
        _l("One address a line, such as https://www.example.com. Empty: every website."),
    ),
}
PACES = {
    "wa_official": _l(
        "Empty: 80, what Meta allows a number. It allows up to 1,000 after its own upgrade of the "
        "number, and 20 where the number is also used in the WhatsApp Business app."
    ),
    "telegram": _l("Empty: 25. Telegram allows a bot about 30 a second."),
    "messenger": _l("Empty: 100. Meta allows a page 300 texts a second, and 10 with sound or video."),
}
LONG = {"welcome", "allowed_origins"}
SWITCHES = {"ask_name", "human_agent"}


def offered_types() -> list[tuple[str, TypeText]]:
    """The kinds of device that this version connects, in the order in which they are offered."""
    return [(kind, TYPES[kind]) for kind in TYPES if kind in FIELDS]


def form_class(kind: str, is_new: bool) -> type[ScreenForm]:
    """The form of one kind of device: its name, its settings, its secrets (which are never shown)."""
    members: dict[str, Any] = {"name": text_field(_l("Name"), needed(), at_most(255))}
    fields = FIELDS[kind]
    for key in fields.plain:
        members[key] = _plain(key, PACES.get(kind, "") if key == "messages_per_second" else "")
    for key in fields.secret:
        members[key] = _secret(key, is_new)
    if not is_new:
        members["is_active"] = BooleanField(
            _l("Active"), description=_l("Switched off, it neither receives nor sends.")
        )
    return type(f"{kind}Form", (ScreenForm,), {"account_field": fields.account or "name", **members})


def _plain(key: str, about: Any = ""):
    text = TEXTS.get(key, FieldText(key))
    if key in SWITCHES:
        return BooleanField(text.label, description=text.help)
    if key == "color":
        words = _l("Choose a colour such as #0d9488.")
        return text_field(
            text.label,
            Optional(),
            Regexp(r"^#[0-9a-fA-F]{6}$", message=words),
            widget=ColorInput(),
            default=DEFAULT_COLOR,
            description=text.help,
        )
    checks = [at_most(2000 if key in LONG else 255)]
    if key not in OPTIONAL:
        checks.insert(0, needed())
    return text_field(text.label, *checks, area=key in LONG, description=about or text.help)


def _secret(key: str, is_new: bool):
    text = TEXTS.get(key, FieldText(key))
    return PasswordField(
        text.label,
        [needed(), at_most(2000)] if is_new and key not in OPTIONAL else [Optional(), at_most(2000)],
        filters=[stripped],
        widget=PasswordInput(hide_value=True),
        description=text.help if is_new else _l("Kept secret. Leave empty to keep the present one."),
    )
