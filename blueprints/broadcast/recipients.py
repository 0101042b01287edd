"""Who gets a broadcast, as a list and as a file."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from spectree import Response as Answers

from blueprints.broadcast import bp
from blueprints.broadcast.routes import cut_to_page
from blueprints.broadcast.schemas import RecipientQuery
from blueprints.broadcast.wording import reason_of, recipient_status
from cloudchat import downloads
from cloudchat.errors import Invalid
from cloudchat.services.broadcasts import catalog, exporting
from cloudchat.services.files import safe_name
from cloudchat.web import api, decode_cursor, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")


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
    return downloads.send_table(lines, kind, safe_name(f"{row.name}.{kind}"), _("Recipients"))


def _headers() -> list[str]:
    return [_("Name"), _("Phone"), _("Status"), _("Reason"), _("Sent"), _("Replied")]


def _words(row: dict[str, Any]) -> tuple[str, str]:
    error = told(row)["error"] or {}
    return recipient_status(row["status"])[0], str(error.get("message") or "")
