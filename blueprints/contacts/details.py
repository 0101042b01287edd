"""One contact: details, history, notes, deleting."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.contacts import bp
from blueprints.contacts.forms import errors_by_field, read_form
from cloudchat.errors import Conflict, Invalid
from cloudchat.fields import LARGEST_ID
from cloudchat.services import contact_bulk, contact_history, contacts, edits, labels
from cloudchat.web import me, requires

SHOWN = 20


@bp.get("/app/contacts/<int:contact_id>")
@requires("agent")
def show(contact_id: int):
    contact = contacts.get(contact_id)
    return render_template(
        "contacts/show.html",
        taken=contact_bulk.consequences([contact_id]) if me().may("admin") else None,
        **_details(contact),
        **(_history(contact_id) | _notes(contact_id)),
    )


def _details(contact) -> dict:
    return {
        "contact": contact,
        "contact_labels": contacts.labels_of([contact.id])[contact.id],
        "identities": contacts.identities_of(contact.id),
    }


@bp.get("/app/contacts/<int:contact_id>/details")
@requires("agent")
def show_details(contact_id: int):
    """The details to read."""
    return render_template("contacts/_details.html", **_details(contacts.get(contact_id)))


@bp.get("/app/contacts/<int:contact_id>/edit")
@requires("agent")
def edit_form(contact_id: int):
    """The details to change."""
    contact = contacts.get(contact_id)
    values = {
        "name": contact.name,
        "phone": contact.phone,
        "email": contact.email,
        "custom_fields": contact.custom_fields,
        "labels": [label.id for label in contacts.labels_of([contact_id])[contact_id]],
    }
    return _form(contact, values, {}, edits.version_of(contacts.editable(contact)))


def _form(contact, values: dict, errors: dict, version: str, conflict: dict | None = None) -> str:
    return render_template(
        "contacts/_edit_form.html",
        contact=contact,
        values=values,
        errors=errors,
        labels=labels.all_labels(),
        version=version,
        conflict=conflict,
    )


@bp.post("/app/contacts/<int:contact_id>")
@requires("agent")
def save(contact_id: int):
    """The details after the change; the form again with what has to be corrected, or with what
    somebody else has changed meanwhile: saved once more, it holds."""
    contact, values = contacts.get(contact_id), read_form(request.form)
    version = request.form.get("version", "")
    try:
        contacts.change(contact_id, values, version or None)
    except Invalid as error:
        return _form(contact, values, errors_by_field(error), version), 422
    except Conflict as error:
        return _form(contact, values, {}, error.extra["version"], error.extra), 409
    return render_template("contacts/_details.html", **_details(contact))


@bp.get("/app/contacts/<int:contact_id>/conversations")
@requires("agent")
def more_conversations(contact_id: int):
    """The next conversations of the history."""
    contacts.get(contact_id)
    return render_template("contacts/_conversations.html", **_history(contact_id))


@bp.get("/app/contacts/<int:contact_id>/notes")
@requires("agent")
def more_notes(contact_id: int):
    """The next notes."""
    contacts.get(contact_id)
    return render_template("contacts/_notes.html", **_notes(contact_id))


def _history(contact_id: int) -> dict:
    rows = contact_history.conversations(me(), contact_id, _before(), SHOWN)
    return {
        "contact_id": contact_id,
        "conversations": rows[:SHOWN],
        "conversations_before": rows[SHOWN - 1].id if len(rows) > SHOWN else None,
    }


def _notes(contact_id: int) -> dict:
    rows = contact_history.notes(me(), contact_id, _before(), SHOWN)
    return {
        "contact_id": contact_id,
        "notes": rows[:SHOWN],
        "notes_before": rows[SHOWN - 1].id if len(rows) > SHOWN else None,
    }


def _before() -> int | None:
    before = request.args.get("before", type=int)
    return before if before is not None and 0 <= before <= LARGEST_ID else None


@bp.post("/app/contacts/<int:contact_id>/delete")
@requires("admin")
def remove(contact_id: int):
    """Delete after the question was answered."""
    name = contacts.get(contact_id).name
    contacts.delete(contact_id)
    flash(_("“%(name)s” is deleted.", name=name), "success")
    return redirect(url_for("contacts.index"), 303)
