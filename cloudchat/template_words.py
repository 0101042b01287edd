"""Meta's words for a template as people read them; pages and admin screens share these."""

from flask_babel import lazy_gettext as _l

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
