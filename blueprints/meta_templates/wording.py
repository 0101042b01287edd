"""Meta's words as people read them."""

from flask_babel import gettext as _

from blueprints.meta_templates import bp
from cloudchat.template_words import CATEGORIES, QUALITIES, REASONS, STATUSES

LANGUAGES = ("id", "en", "en_US", "en_GB", "ms", "zh_CN", "ar", "ja", "ko")


@bp.app_template_filter()
def template_status(status: str) -> tuple[str, str]:
    words, kind = STATUSES.get(status, (status, ""))
    return str(words), kind


@bp.app_template_filter()
def template_quality(quality: str | None) -> tuple[str, str] | None:
    found = QUALITIES.get(quality or "")
    return (str(found[0]), found[1]) if found else None


@bp.app_template_filter()
def template_category(category: str) -> str:
    return str(CATEGORIES.get(category, category))


@bp.app_template_filter()
def template_reason(reason: str | None) -> str:
    return str(REASONS.get(reason or "", reason or ""))


def status_options() -> list[tuple[str, str]]:
    return [("", _("All statuses")), *((key, str(words)) for key, (words, _kind) in STATUSES.items())]


def categories() -> list[tuple[str, str]]:
    """Those that the builder can make; authentication texts are written by Meta."""
    return [
        ("UTILITY", _("Utility: about an order, a payment, an appointment")),
        ("MARKETING", _("Marketing: offers, news, invitations")),
    ]


def languages() -> tuple[str, ...]:
    return LANGUAGES
