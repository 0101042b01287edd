"""The API of an organization's data: exports, retention, the end. Pages are in data_pages.py."""

from flask import Response, send_file
from pydantic import Field
from spectree import Response as Answers

from blueprints.settings import bp
from cloudchat.errors import Forbidden
from cloudchat.fields import RowId
from cloudchat.models import DataExport
from cloudchat.services import edits, organizations
from cloudchat.services.data import ending, exporting, retention
from cloudchat.services.presenting import iso
from cloudchat.web import Body, Versioned, api, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")


class NewExport(Body):
    """Whose data: a contact's, or without one the whole organization's (admins only)."""

    contact_id: RowId | None = None


class RetentionBody(Versioned):
    """Days after which it is deleted; null keeps it for ever. What is not named stays."""

    messages_days: int | None = None
    media_days: int | None = None
    events_days: int | None = None
    audit_days: int | None = None
    exports_days: int | None = None


class DeletionBody(Body):
    """The organization's name, typed by a person who means it."""

    name: str = Field(max_length=255)


def export_json(row: DataExport) -> dict:
    names = ("id", "contact_id", "state", "done", "total", "size", "counts")
    return {
        **{name: getattr(row, name) for name in names},
        "created_at": iso(row.created_at),
        "finished_at": iso(row.finished_at),
        "url": f"/api/app/exports/{row.id}/file" if row.state == "done" else None,
    }


def check_may(contact_id: int | None) -> None:
    """A contact's data are for managers, the organization's for admins. Raises Forbidden."""
    if contact_id is None and not me().may("admin"):
        raise Forbidden()


@bp.get("/api/app/exports")
@requires("admin")
@api.validate(resp=OK, tags=["data"])
def list_exports():
    """The latest twenty; a file stays for seven days."""
    return {"items": [export_json(row) for row in exporting.page()], "next_cursor": None}


@bp.post("/api/app/exports")
@requires("manager")
@api.validate(json=NewExport, resp=MADE, tags=["data"])
def create_export(json: NewExport):
    """Have a ZIP made; look at it again until `state` is `done`."""
    check_may(json.contact_id)
    return export_json(exporting.start(json.contact_id, me().author_id)), 201


@bp.get("/api/app/exports/<int:export_id>")
@requires("manager")
@api.validate(resp=OK, tags=["data"])
def show_export(export_id: int):
    row = exporting.get(export_id)
    check_may(row.contact_id)
    return export_json(row)


@bp.get("/api/app/exports/<int:export_id>/file")
@requires("manager")
def export_file(export_id: int) -> Response:
    """The ZIP."""
    row = exporting.get(export_id)
    check_may(row.contact_id)
    name = f"cloudchat-{row.contact_id or 'organization'}-{row.id}.zip"
    answer = send_file(
        exporting.file_of(export_id), "application/zip", as_attachment=True, download_name=name
    )
    answer.cache_control.no_store = True
    return answer


def retention_json() -> dict:
    facts = retention.editable(retention.get())
    return {**facts, "version": edits.version_of(facts)}


@bp.get("/api/app/retention")
@requires("admin")
@api.validate(resp=OK, tags=["data"])
def show_retention():
    return retention_json()


@bp.put("/api/app/retention")
@requires("admin")
@api.validate(json=RetentionBody, resp=OK, tags=["data"])
def change_retention(json: RetentionBody):
    retention.change(json.changes(), json.expected())
    return retention_json()


@bp.post("/api/app/retention/preview")
@requires("admin")
@api.validate(json=RetentionBody, resp=OK, tags=["data"])
def preview_retention(json: RetentionBody):
    """How many rows these periods would delete now; nothing is changed."""
    return {"counts": retention.consequences(json.changes())}


def deletion_json() -> dict:
    row = organizations.get(me().organization_id)
    return {"name": row.name, "deletion_due_at": iso(row.deletion_due_at)}


@bp.get("/api/app/organization/deletion")
@requires("admin")
@api.validate(resp=OK, tags=["data"])
def show_deletion():
    return deletion_json()


@bp.post("/api/app/organization/deletion")
@requires("admin")
@api.validate(json=DeletionBody, resp=OK, tags=["data"])
def ask_deletion(json: DeletionBody):
    """Everything of the organization is deleted in seven days, unless that is undone."""
    ending.ask(json.name)
    return deletion_json()


@bp.delete("/api/app/organization/deletion")
@requires("admin")
@api.validate(resp=OK, tags=["data"])
def undo_deletion():
    ending.undo()
    return deletion_json()
