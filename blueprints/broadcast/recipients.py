"""Who gets a broadcast, as a list and as a file."""

from collections.abc import Iterator
from typing import Any, Literal

from flask import Response, request, send_file, stream_with_context
from flask_babel import gettext as _
from spectree import Response as Answers

from blueprints.broadcast import bp
from blueprints.broadcast.routes import cut_to_page
from blueprints.broadcast.schemas import RecipientQuery
from blueprints.broadcast.wording import reason_of, recipient_status
from cloudchat.errors import Invalid
from cloudchat.services import contact_export
from cloudchat.services.broadcasts import catalog, exporting
from cloudchat.services.files import safe_name
from cloudchat.web import api, decode_cursor, me, requires

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
Format = Literal["csv", "xlsx"]


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A recipient with the reason as a sentence."""
    error = row["error"]
    if error:
        row = {**row, "error": {**error, "message": reason_of(error)}}
    return row


@bp.get("/api/app/broadcasts/<int:broadcast_id>/recipients")
@requires("manager")
@api.validate(query=RecipientQuery, resp=OK, tags=["broadcasts"])
def list_recipients(broadcast_id: int, query: RecipientQuery):
    catalog.get(broadcast_id)
    rows = catalog.recipients(broadcast_id, query.chosen(), decode_cursor(query.cursor, int), query.limit)
    rows, next_cursor = cut_to_page(rows, query.limit)
    items = [told(catalog.recipient_outward(row)) for row in rows]
    return {"items": items, "next_cursor": next_cursor}


@bp.get("/app/broadcasts/<int:broadcast_id>/export")
@requires("manager")
def export_recipients(broadcast_id: int):
    """The recipients as they are filtered, as CSV or a workbook."""
    kind = request.args.get("format", "csv")
    try:
        query = RecipientQuery(status=request.args.get("status", ""), q=request.args.get("q", ""))
    except ValueError:
        raise Invalid(code="invalid") from None
    if kind not in ("csv", "xlsx"):
        raise Invalid(code="invalid", fields={"format": ["unknown"]})
    row = exporting.record(broadcast_id, kind)
    lines = exporting.rows(me(), broadcast_id, query.chosen(), _headers(), _words)
    name = safe_name(f"{row.name}.{kind}")
    if kind == "xlsx":
        file = contact_export.as_xlsx(lines, _("Recipients"))
        return send_file(file, XLSX, as_attachment=True, download_name=name)
    answer = Response(_stream(lines), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _stream(lines: Iterator[list[str]]) -> Iterator[bytes]:
    return stream_with_context(contact_export.as_csv(lines))


def _headers() -> list[str]:
    return [_("Name"), _("Phone"), _("Status"), _("Reason"), _("Sent"), _("Replied")]


def _words(row: dict[str, Any]) -> tuple[str, str]:
    error = told(row)["error"] or {}
    return recipient_status(row["status"])[0], str(error.get("message") or "")
