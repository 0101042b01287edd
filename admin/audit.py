"""The audit log as admins read it: filtered, page by page, and as a file."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask_babel import gettext as _

from admin.audit_texts import ACTIONS, OBJECTS, object_word
from cloudchat.bodies import fits_database
from cloudchat.errors import Invalid
from cloudchat.services import audit_log, contact_export
from cloudchat.services.audit_log import OPERATOR, SYSTEM, Filter
from cloudchat.web import decode_cursor, encode_cursor, me, requires

bp = Blueprint("audit", __name__, url_prefix="/admin/audit")

PAGE = 50
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
NAMES = ("person", "action", "object", "number", "from", "until")


@bp.get("/")
@requires("admin")
def index():
    asked = _asked()
    rows = audit_log.page(_filter(asked), _cursor(), PAGE)
    more = None
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        more = encode_cursor(last.created_at.isoformat(), last.id)
    template = "_rows" if request.headers.get("HX-Request") else "index"
    return render_template(
        f"admin/audit/{template}.html",
        rows=rows[:PAGE],
        next_cursor=more,
        asked=asked,
        operators=audit_log.operators_among(rows),
        actions=ACTIONS,
        object_word=object_word,
        choices=_choices() if template == "index" else {},
    )


def _choices() -> dict[str, list[tuple]]:
    people = audit_log.people()
    others = [(SYSTEM, _("System")), (OPERATOR, _("Operator"))]
    return {
        "person": [*people, *others],
        "action": sorted(((name, str(text)) for name, text in ACTIONS.items()), key=lambda pair: pair[1]),
        "object": sorted(((name, str(text)) for name, text in OBJECTS.items()), key=lambda pair: pair[1]),
    }


def _asked() -> dict[str, str]:
    """What the address asks for; what makes no sense asks for nothing."""
    given = {name: request.args.get(name, "").replace("\0", "").strip()[:60] for name in NAMES}
    return {name: value for name, value in given.items() if value and fits_database(value)}


def _filter(asked: dict[str, str]) -> Filter:
    person = asked.get("person", "")
    known = person.isascii() and person.isdigit() and int(person) < 2**31
    actor = int(person) if known else person if person in (SYSTEM, OPERATOR) else None
    return Filter(
        actor,
        asked.get("action", ""),
        asked.get("object", ""),
        asked.get("number", ""),
        _moment(asked.get("from", "")),
        _moment(asked.get("until", ""), timedelta(days=1)),
    )


def _moment(text: str, later: timedelta = timedelta()) -> datetime | None:
    """The start of a day in the organization's time zone."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    if not EARLIEST <= day <= LATEST:
        return None
    day += later
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(me().timezone))


def _cursor() -> tuple[datetime, int] | None:
    parts = decode_cursor(request.args.get("cursor"), str, int)
    if parts is None:
        return None
    try:
        return datetime.fromisoformat(parts[0]).astimezone(ZoneInfo("UTC")), min(parts[1], 2**63 - 1)
    except (ValueError, OverflowError):
        raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]}) from None


@bp.get("/export")
@requires("admin")
def export():
    """The lines as they are filtered, as CSV, sent while they are read."""
    wanted = _filter(_asked())
    audit_log.record_export(wanted)
    words = {name: str(text) for name, text in (ACTIONS | OBJECTS).items()}
    lines = audit_log.lines(me(), wanted, _headers(), words)
    answer = Response(stream_with_context(contact_export.as_csv(lines)), mimetype="text/csv")
    today = datetime.now(ZoneInfo(me().timezone)).date().isoformat()
    answer.headers.set("Content-Disposition", "attachment", filename=f"audit-{today}.csv")
    return answer


def _headers() -> list[str]:
    return [
        _("Time"),
        _("Action"),
        _("Code"),
        _("By"),
        _("User"),
        _("Concerns"),
        _("Number"),
        _("Address"),
        _("Details"),
    ]
