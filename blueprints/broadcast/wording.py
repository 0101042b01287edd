"""The words of broadcasts: statuses with their colour, reasons."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from blueprints.broadcast import bp
from cloudchat.messages import sentence
from cloudchat.web import me

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
    "unknown": (_l("Unknown outcome"), "amber", "help-circle"),
    "cancelled": (_l("Cancelled"), "", "x"),
}


# What Meta's refusals mean to whoever reads the list
REASONS = {
    "131026": _l("The number is not on WhatsApp, or cannot get this message."),
    "131042": _l("Meta cannot charge for the messages: look at the payment in the Business Manager."),
    "131047": _l("The customer has not written within 24 hours, so only a template can be sent."),
    "131048": _l("Meta limits this number, because too many people reported its messages."),
    "131049": _l("Meta holds this back to spare the customer too many offers. Try again after a day."),
    "131050": _l("The customer wants no offers from this business."),
    "131064": _l("The messaging limit of this account is used up for the moment."),
    "130472": _l("Meta holds this back: the number takes part in an experiment of Meta's."),
}


def reason_of(error: dict | None) -> str:
    """Why a recipient failed, in a sentence."""
    if not error:
        return ""
    code = str(error.get("code") or "")
    known = REASONS.get(code)
    return str(known) if known else sentence(code, error.get("message") or code)


@bp.app_template_filter()
def broadcast_status(status: str) -> tuple[str, str, str]:
    return _plain(STATUSES, status)


@bp.app_template_filter()
def recipient_status(status: str) -> tuple[str, str, str]:
    return _plain(RECIPIENT_STATUSES, status)


def _plain(table: dict, status: str) -> tuple[str, str, str]:
    words, kind, icon = table.get(status, (status, "", "help-circle"))
    return str(words), kind, icon


@bp.app_template_filter()
def broadcast_reason(reason: dict | None) -> tuple[str, str]:
    """(our sentence, the provider's own words) for why it paused or failed."""
    if not reason:
        return "", ""
    inner = reason.get("reason") or {}
    own = reason_of(inner if str(inner.get("code")) in REASONS else reason)
    return own, inner.get("details") or inner.get("message") or reason.get("details") or ""


@bp.app_template_filter()
def duration_words(seconds: float) -> str:
    """45 seconds, 12 minutes, 3 hours: rounded up, for something that is still to come."""
    if seconds < 90:
        return ngettext("%(num)d second", "%(num)d seconds", max(1, round(seconds)))
    if seconds < 90 * 60:
        return ngettext("%(num)d minute", "%(num)d minutes", -(-seconds // 60))
    return ngettext("%(num)d hour", "%(num)d hours", -(-seconds // 3600))


@bp.app_template_filter()
def local_input(moment: datetime) -> str:
    """As a field for date and time takes it, by the organization's clock."""
    return moment.astimezone(ZoneInfo(me().timezone)).strftime("%Y-%m-%dT%H:%M")
