"""What a provider says about an account, in words for people."""

import re
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

LABELS = {
    "name": _l("Name at the provider"),
    "verified_name": _l("Name at the provider"),
    "username": _l("User name"),
    "display_phone_number": _l("Phone number"),
    "phone": _l("Phone number"),
    "quality_rating": _l("Quality"),
    "whatsapp_business_manager_messaging_limit": _l("Customers a day that it may write to first"),
    "state": _l("State of the session"),
    "webhook": _l("Webhook address"),
    "waiting_updates": _l("Messages that wait at the provider"),
    "last_webhook_error": _l("Last trouble with the webhook"),
    "page_id": _l("Page ID"),
    "id": _l("Number at the provider"),
}
VALUES = {
    "GREEN": _l("Good quality"),
    "YELLOW": _l("Medium quality"),
    "RED": _l("Low quality"),
    "UNKNOWN": _l("Not rated yet"),
    "WORKING": _l("Linked"),
    "SCAN_QR_CODE": _l("Waits for the code to be scanned"),
    "STARTING": _l("Starting"),
    "STOPPED": _l("Stopped"),
    "FAILED": _l("Failed"),
}
_TIER = re.compile(r"TIER_([0-9]+)(K?)")


def in_words(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Pairs of label and value, in the order in which people look for them."""
    known = [key for key in LABELS if isinstance(facts.get(key), str | int | float)]
    return [(str(LABELS[key]), _value(facts[key])) for key in known]


def _value(value: str | int | float) -> str:
    text = str(value)
    if tier := _TIER.fullmatch(text):
        return f"{int(tier[1]) * (1000 if tier[2] else 1):,}".replace(",", ".")
    if text == "TIER_UNLIMITED":
        return _("without limit")
    return str(VALUES.get(text, text))
