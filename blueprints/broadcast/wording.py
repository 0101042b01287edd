"""The words of broadcasts: statuses with their colour, reasons."""

from flask_babel import lazy_gettext as _l

from blueprints.broadcast import bp
from cloudchat.messages import sentence

STATUSES = {
    "draft": (_l("Draft"), "", "file-text"),
    "scheduled": (_l("Scheduled"), "blue", "clock"),
    "running": (_l("Sending"), "accent", "send"),
    "paused": (_l("Paused"), "amber", "player-pause"),
    "completed": (_l("Finished"), "green", "check"),
    "cancelled": (_l("Cancelled"), "", "x"),
}
RECIPIENT_STATUSES = {
    "queued": (_l("Waiting"), "", "clock"),
    "sent": (_l("Sent"), "blue", "check"),
    "delivered": (_l("Delivered"), "blue", "checks"),
    "read": (_l("Read"), "green", "checks"),
    "replied": (_l("Replied"), "green", "message"),
    "failed": (_l("Failed"), "red", "alert-triangle"),
    "unknown": (_l("Unknown outcome"), "amber", "help"),
    "cancelled": (_l("Cancelled"), "", "x"),
}


@bp.app_template_filter()
def broadcast_status(status: str) -> tuple[str, str, str]:
    return _plain(STATUSES, status)


@bp.app_template_filter()
def recipient_status(status: str) -> tuple[str, str, str]:
    return _plain(RECIPIENT_STATUSES, status)


def _plain(table: dict, status: str) -> tuple[str, str, str]:
    words, kind, icon = table.get(status, (status, "", "help"))
    return str(words), kind, icon


@bp.app_template_filter()
def broadcast_reason(reason: dict | None) -> tuple[str, str]:
    """(our sentence, the provider's own words) for why it paused or failed."""
    if not reason:
        return "", ""
    inner = reason.get("reason") or {}
    own = sentence(reason.get("code", ""), reason.get("message", ""))
    return own, inner.get("details") or inner.get("message") or reason.get("details") or ""
