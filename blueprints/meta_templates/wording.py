"""Meta's words as people read them."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from blueprints.meta_templates import bp

# status → (words, colour)
STATUSES = {
    "APPROVED": (_l("Approved"), "green"),
    "PENDING": (_l("In review"), "amber"),
    "SUBMITTING": (_l("Being sent to Meta"), "amber"),
    "IN_APPEAL": (_l("In appeal"), "amber"),
    "REJECTED": (_l("Refused"), "red"),
    "PAUSED": (_l("Paused"), "amber"),
    "DISABLED": (_l("Disabled"), "red"),
    "LIMIT_EXCEEDED": (_l("Over the limit"), "red"),
    "PENDING_DELETION": (_l("Being deleted"), ""),
    "DELETED": (_l("No longer at Meta"), ""),
    "ARCHIVED": (_l("Archived"), ""),
    "DRAFT": (_l("Draft"), "blue"),
}
QUALITIES = {
    "GREEN": (_l("Good quality"), "green"),
    "YELLOW": (_l("Medium quality"), "amber"),
    "RED": (_l("Low quality"), "red"),
}
CATEGORIES = {
    "UTILITY": _l("Utility"),
    "MARKETING": _l("Marketing"),
    "AUTHENTICATION": _l("Authentication"),
}
REASONS = {
    "ABUSIVE_CONTENT": _l("Meta finds the content abusive."),
    "INCORRECT_CATEGORY": _l("The category does not fit the content."),
    "INVALID_FORMAT": _l("The format does not follow Meta's rules."),
    "PROMOTIONAL": _l("Meta takes the text for an advertisement."),
    "SCAM": _l("Meta takes the text for a scam."),
    "TAG_CONTENT_MISMATCH": _l("Language or category do not fit the content."),
}
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
