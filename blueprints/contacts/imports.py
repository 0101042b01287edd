"""Importing contacts: upload, columns, checked preview, progress, result."""

from collections.abc import Iterator

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.contacts import bp
from blueprints.contacts.forms import errors_by_field
from cloudchat.errors import Conflict, Invalid, PayloadTooLarge
from cloudchat.messages import sentence
from cloudchat.models import ContactImport
from cloudchat.services import contact_export, contact_import
from cloudchat.services.contact_file import MAX_BYTES, MAX_ROWS, Column
from cloudchat.web import me, requires

SHOWN_ERRORS = 50


@bp.get("/app/contacts/import")
@requires("manager")
def import_page():
    return _upload_page({})


def _upload_page(errors: dict) -> str:
    return render_template(
        "contacts/import.html", errors=errors, latest=contact_import.latest(), max_rows=MAX_ROWS
    )


@bp.get("/app/contacts/import/sample")
@requires("manager")
def import_sample():
    """A small file that shows how it is meant."""
    lines = [
        [_("Name"), _("Phone"), _("Email"), _("Labels"), _("City")],
        ["Budi Santoso", "0812-3456-7890", "budi@contoh.com", "VIP; Reseller", "Bandung"],
        ["Siti Rahayu", "+62 813 9876 5432", "", "", "Surabaya"],
        ["Toko Makmur", "", "halo@tokomakmur.com", "Reseller", "Medan"],
    ]
    answer = Response(contact_export.as_csv(lines), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=_("contacts-sample.csv"))
    return answer


@bp.post("/app/contacts/import")
@requires("manager", upload=True)
def upload():
    """Take a file; its page tells what importing it would do."""
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Invalid("file", fields={"file": ["required"]})
        row = contact_import.upload(me().author_id, file.filename, file.read(MAX_BYTES + 1))
    except (Invalid, PayloadTooLarge) as error:
        return _upload_page(errors_by_field(error)), 422
    return redirect(url_for("contacts.show_import", import_id=row.id), 303)


@bp.get("/app/contacts/imports/<int:import_id>")
@requires("manager")
def show_import(import_id: int):
    return render_template("contacts/import_run.html", **_described(contact_import.get(import_id)))


@bp.get("/app/contacts/imports/<int:import_id>/status")
@requires("manager")
def import_status(import_id: int):
    """The part that changes while it runs."""
    return _status(contact_import.get(import_id))


def _status(row: ContactImport, problem: str | None = None, targets: list[str] = ()) -> str:
    """The changing part; with `targets`, the choice of columns that was refused stays as it was made."""
    shown = _described(row)
    if len(targets) == len(shown["columns"]):
        pairs = zip(shown["columns"], targets, strict=True)
        shown["columns"] = [Column(column.header, target) for column, target in pairs]
    return render_template("contacts/_import.html", problem=problem, **shown)


def _described(row: ContactImport) -> dict:
    is_draft = row.state == "draft"
    problems = list(contact_import.problems_of(row))
    return {
        "job": row,
        "job_problem": sentence(row.preview.get("problem", "")),
        "columns": contact_import.columns_of(row),
        "samples": contact_import.sample_of(row) if is_draft and row.file_key else [],
        "problems": [_worded(item) for item in problems[:SHOWN_ERRORS]],
        "problem_count": len(problems),
        "words": {"target": _targets(), "status": _row_words()},
    }


def _worded(item: tuple) -> dict:
    line, code, column, value = item
    if code == "import_same_phone":
        return _problem(line, _("Line %(line)s has the same phone number.", line=value))
    if code == "import_same_email":
        return _problem(line, _("Line %(line)s has the same email address.", line=value))
    return _problem(line, sentence(code), column, value)


def _problem(line: int, text: str, column: str = "", value: str = "") -> dict:
    return {"line": line, "text": text, "column": column, "value": value}


def _targets() -> dict[str, str]:
    return {
        "name": _("Name"),
        "phone": _("Phone"),
        "email": _("Email"),
        "labels": _("Labels"),
        "field": _("Custom field"),
        "skip": _("Do not import"),
    }


def _row_words() -> dict[str, tuple[str, str]]:
    return {
        "new": (_("New"), "green"),
        "known": (_("Update"), "blue"),
        "duplicate": (_("Duplicate"), "amber"),
        "error": (_("Error"), "red"),
    }


@bp.post("/app/contacts/imports/<int:import_id>/mapping")
@requires("manager")
def set_mapping(import_id: int):
    """Other columns; answers the preview anew."""
    targets = request.form.getlist("target")
    try:
        row = contact_import.set_mapping(import_id, targets)
    except Invalid as error:
        code = next(iter(error.fields.values()))[0]
        return _status(contact_import.get(import_id), sentence(code), targets), 422
    return _status(row)


@bp.post("/app/contacts/imports/<int:import_id>/start")
@requires("manager")
def start_import(import_id: int):
    """Import what the preview showed."""
    try:
        row = contact_import.start(import_id)
    except (Invalid, Conflict) as error:
        codes = [item for items in error.fields.values() for item in items] or [error.code]
        return _status(contact_import.get(import_id), sentence(codes[0])), 422
    return _status(row)


@bp.post("/app/contacts/imports/<int:import_id>/cancel")
@requires("manager")
def cancel_import(import_id: int):
    """Stop; what is imported stays."""
    return _status(contact_import.cancel(import_id))


@bp.get("/app/contacts/imports/<int:import_id>/errors")
@requires("manager")
def import_errors(import_id: int):
    """Every problem of the file, as CSV."""
    row = contact_import.get(import_id)
    content = b"".join(contact_export.as_csv(_error_lines(row)))
    answer = Response(content, mimetype="text/csv")
    name = _("import-errors-%(number)s.csv", number=row.id)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _error_lines(row: ContactImport) -> Iterator[list[str]]:
    yield [_("Line"), _("Reason"), _("Column"), _("Value")]
    for item in contact_import.problems_of(row):
        found = _worded(item)
        yield [str(found["line"]), found["text"], found["column"], found["value"]]
