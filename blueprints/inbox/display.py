"""How the inbox shows things: times, sizes, kinds, safe links, addresses of filters."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from blueprints.inbox import bp
from blueprints.inbox.schemas import ConversationQuery
from cloudchat.channels.text import cut
from cloudchat.services.files import safe_name
from cloudchat.web import me

LONG_TEXT = 2000  # shown at first; the rest of a longer message comes when asked for
_PLACEHOLDER = re.compile(r"\[(\w+)\]")
_LINK = re.compile(r"https?://[^\s<>\"'“”‘’]+", re.IGNORECASE)
_AFTER_LINK = ".,;:!?)]}»…*_~"


# --- times, in the organization's zone ---------------------------------------------------------


def _local(moment: datetime | str) -> datetime:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(ZoneInfo(me().organization.timezone))


def _clock_pattern() -> str:
    return "HH.mm" if str(get_locale()) == "id" else "HH:mm"


@bp.app_template_filter()
def clock_time(moment: datetime | str) -> str:
    """14.30"""
    return _local(moment).strftime(_clock_pattern().replace("HH", "%H").replace("mm", "%M"))


@bp.app_template_filter()
def day_key(moment: datetime | str) -> str:
    """2026-11-23: the calendar day."""
    return _local(moment).date().isoformat()


@bp.app_template_filter()
def day_name(moment: datetime | str) -> str:
    """Today, Yesterday, or the whole date."""
    day, today = _local(moment).date(), _local(datetime.now(UTC)).date()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return format_date(day, "EEEE, d MMMM y", locale=get_locale())


@bp.app_template_filter()
def short_time(moment: datetime | str) -> str:
    """just now, 5 min, 14.30, yesterday 09.12, 23 Nov: as time.js says it, so that nothing jumps."""
    local, present = _local(moment), _local(datetime.now(UTC))
    seconds = (present - local).total_seconds()
    if -60 < seconds < 60:
        return _("just now")
    if 0 < seconds < 3600:
        return _("{count} min").replace("{count}", str(int(seconds // 60)))
    clock = clock_time(local)
    if local.date() == present.date():
        return clock
    if local.date() == present.date() - timedelta(days=1):
        return _("yesterday {time}").replace("{time}", clock)
    pattern = "d MMM" if local.year == present.year else "d MMM y"
    return format_date(local.date(), pattern, locale=get_locale())


@bp.app_template_filter()
def full_time(moment: datetime | str) -> str:
    """Monday, 23 November 2026, 14.30"""
    pattern = f"EEEE, d MMMM y, {_clock_pattern()}"
    return format_datetime(_local(moment), pattern, locale=get_locale())


# --- words -------------------------------------------------------------------------------------


@bp.app_template_filter()
def file_size(size: int) -> str:
    """340 KB, 1,2 MB"""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} KB"
    number = f"{size / 1024 / 1024:.1f}"
    return f"{number.replace('.', ',') if str(get_locale()) == 'id' else number} MB"


@bp.app_template_filter()
def file_name(name: str) -> str:
    """A file's name without characters that turn it round or hide its ending."""
    return safe_name(name) if name else _("File")


@bp.app_template_filter()
def linkified(text: str) -> Markup:
    """The text escaped, its http and https addresses as links. Nothing else becomes markup."""
    parts, at = [], 0
    for match in _LINK.finditer(text):
        url = match.group().rstrip(_AFTER_LINK)
        if len(url) < 11 or len(url) > 2000:
            continue
        parts += [escape(text[at : match.start()]), _anchor(url)]
        at = match.start() + len(url)
    return Markup().join([*parts, escape(text[at:])])


def _anchor(url: str) -> Markup:
    return Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>').format(url)


@bp.app_template_filter()
def shortened(text: str) -> str:
    return cut(text, LONG_TEXT)


@bp.app_template_filter()
def kind_word(kind: str) -> str:
    """What a message without words is."""
    return {
        "image": _("Photo"),
        "video": _("Video"),
        "audio": _("Audio"),
        "document": _("Document"),
        "sticker": _("Sticker"),
        "location": _("Location"),
        "contacts": _("Contact"),
        "interactive": _("Choice"),
        "buttons": _("Buttons"),
        "list": _("List"),
        "template": _("Template"),
        "reaction": _("Reaction"),
        "deleted": _("Deleted message"),
    }.get(kind, _("Message"))


KIND_ICONS = {
    "image": "photo",
    "video": "video",
    "audio": "microphone",
    "document": "file-text",
    "sticker": "mood-smile",
    "location": "map-pin",
    "contacts": "user",
    "interactive": "checklist",
}


@bp.app_template_filter()
def snippet(text: str) -> dict:
    """The list's line: the words of the last message, or what it is."""
    found = _PLACEHOLDER.fullmatch(text or "")
    if found is None:
        return {"text": text or "", "icon": None}
    return {"text": kind_word(found[1]), "icon": KIND_ICONS.get(found[1], "message")}


@bp.app_template_filter()
def status_word(status: str) -> str:
    """A conversation's status."""
    return {
        "open": _("Open"),
        "pending": _("Pending"),
        "snoozed": _("Snoozed"),
        "resolved": _("Resolved"),
        "all": _("All statuses"),
    }.get(status, status)


@bp.app_template_filter()
def delivery_word(status: str) -> str:
    """How far a message of ours got."""
    return {
        "queued": _("Being sent"),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "read": _("Read"),
        "failed": _("Not sent"),
        "unknown": _("Not known whether it arrived"),
    }.get(status, status)


# --- for templates -----------------------------------------------------------------------------


@bp.app_template_global()
def list_address(query: ConversationQuery, **changes) -> str:
    """The list's address under the present filter with some fields changed; None takes one out."""
    given = query.model_dump(exclude_defaults=True, exclude={"cursor", "limit"}) | changes
    if given.get("status") == implied_status(query):
        given.pop("status")
    kept = {name: value for name, value in given.items() if value not in (None, "", False)}
    return "?" + urlencode({k: "true" if v is True else v for k, v in kept.items()})


def implied_status(query: ConversationQuery) -> str:
    """What is shown where the address names no status: searching looks everywhere."""
    return "all" if query.q.strip() else "open"


@bp.app_template_filter()
def by_day(entries: list[dict]) -> list[dict]:
    """Entries in runs of one calendar day."""
    return [
        {"key": key, "name": day_name(run[0]["created_at"]), "entries": run}
        for key, run in (
            (key, list(run)) for key, run in groupby(entries, lambda e: day_key(e["created_at"]))
        )
    ]


@bp.app_template_filter()
def media_kinds(types: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    return {kind: sorted(found) for kind, found in types.items()}
