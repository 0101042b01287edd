"""The page of an organization's data: how long it is kept, taking it out, the end."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.settings import bp
from blueprints.settings.data_routes import check_may
from cloudchat.errors import AppError, Conflict, Invalid
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.services import contacts, edits, organizations
from cloudchat.services.data import ending, exporting, retention
from cloudchat.web import me, requires


def _words(error: AppError) -> dict[str, list[str]]:
    return {name: [sentence(code, code) for code in codes] for name, codes in error.fields.items()}


def _page(status: int = 200, **more) -> Response:
    row = retention.get()
    facts = retention.editable(row)
    given = {
        "values": facts,
        "version": edits.version_of(facts),
        "errors": {},
        "counts": None,
        "organization": organizations.get(me().organization_id),
        "exports": exporting.page(),
        **more,
    }
    return Response(render_template("settings/data.html", **given), status)


@bp.get("/app/settings/data")
@requires("admin")
def data():
    return _page()


def _periods() -> dict[str, int | None]:
    """What the form says; raises Invalid for what is no number."""
    found: dict[str, int | None] = {}
    for name in retention.FIELDS:
        text = request.form.get(name, "").strip()
        if text and not (text.isascii() and text.isdigit() and len(text) < 9):
            raise Invalid("retention", fields={name: [retention.WRONG[name]]})
        found[name] = int(text) if text else None
    return found


@bp.post("/app/settings/data/retention")
@requires("admin")
def save_retention():
    """First it is counted and shown; saved when that is confirmed."""
    version = request.form.get("version") or None
    try:
        values = _periods()
        if request.form.get("confirmed") == "true":
            retention.change(values, version)
            flash(_("Saved. What is past its period is deleted in the coming night."), "success")
            return redirect(url_for("settings.data"), 303)
        return _page(values=values, version=version, counts=retention.consequences(values))
    except (Invalid, Conflict) as error:
        db.session.rollback()
        given = {name: request.form.get(name, "") for name in retention.FIELDS}
        errors = _words(error) or {retention.FIELDS[0]: [sentence(error.code)]}
        return _page(422, values=given, version=version, errors=errors)


@bp.post("/app/settings/data/exports")
@requires("admin")
def new_export():
    try:
        exporting.start(None, me().author_id)
    except Conflict as error:
        flash(sentence(error.code), "error")
    return redirect(url_for("settings.data") + "#exports", 303)


@bp.post("/app/settings/data/deletion")
@requires("admin")
def delete_organization():
    try:
        ending.ask(request.form.get("name", ""))
    except Invalid as error:
        db.session.rollback()
        return _page(422, errors=_words(error))
    return redirect(url_for("settings.data"), 303)


@bp.post("/app/settings/data/deletion/undo")
@requires("admin")
def keep_organization():
    try:
        ending.undo()
        flash(_("The organization stays."), "success")
    except Conflict as error:
        flash(sentence(error.code), "error")
    return redirect(url_for("settings.data"), 303)


# --- a contact's -------------------------------------------------------------------------------


@bp.get("/app/settings/data/contacts/<int:contact_id>")
@requires("manager")
def contact_data(contact_id: int):
    """The exports of one contact."""
    contact = contacts.get(contact_id)
    return render_template("settings/contact_data.html", contact=contact, exports=exporting.page(contact_id))


@bp.post("/app/settings/data/contacts/<int:contact_id>")
@requires("manager")
def new_contact_export(contact_id: int):
    check_may(contact_id)
    try:
        exporting.start(contact_id, me().author_id)
    except Conflict as error:
        flash(sentence(error.code), "error")
    return redirect(url_for("settings.contact_data", contact_id=contact_id), 303)
