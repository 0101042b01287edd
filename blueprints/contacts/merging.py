"""Two contacts into one: search, preview, confirm."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.contacts import bp
from blueprints.contacts.forms import errors_by_field
from cloudchat.errors import Invalid, NotFound
from cloudchat.fields import LARGEST_ID
from cloudchat.services import contact_merge, contacts
from cloudchat.services.contacts import Filter
from cloudchat.web import me, requires

CANDIDATES = 10


@bp.get("/app/contacts/<int:contact_id>/merge")
@requires("manager")
def merge_page(contact_id: int):
    """Look for the other contact; with `other`, see what merging would do."""
    contact = contacts.get(contact_id)
    other_id = _row_id(request.args.get("other"))
    preview, errors = None, {}
    if other_id is not None:
        try:
            preview = contact_merge.preview(contact_id, other_id)
        except Invalid as error:
            errors = errors_by_field(error)
    return render_template(
        "contacts/merge.html",
        contact=contact,
        preview=preview,
        errors=errors,
        **_candidates(contact_id, request.args.get("q", "")[:200]),
    )


def _candidates(contact_id: int, q: str) -> dict:
    """Contacts that the words find; without words, those that look like the same person."""
    if q.strip():
        rows = contacts.page(Filter(q), limit=CANDIDATES + 1)
    else:
        rows = contact_merge.alike(contact_id, CANDIDATES)
    rows = [row for row in rows if row.id != contact_id][:CANDIDATES]
    ids = [row.id for row in rows]
    active = contacts.last_activity_of(me(), ids)
    channels = contacts.channels_of(ids)
    return {
        "q": q,
        "candidates": [
            {"contact": row, "channels": channels[row.id], "active_at": active.get(row.id)} for row in rows
        ],
    }


@bp.post("/app/contacts/<int:contact_id>/merge")
@requires("manager")
def merge(contact_id: int):
    """Merge after the preview was confirmed."""
    other_id = _row_id(request.form.get("contact_id"))
    if other_id is None:
        raise NotFound("contact")
    other = contacts.get(other_id).name
    kept = contact_merge.merge(contact_id, other_id)
    flash(_("“%(other)s” is merged into “%(kept)s”.", other=other, kept=kept.name), "success")
    return redirect(url_for("contacts.show", contact_id=contact_id), 303)


def _row_id(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > LARGEST_ID:
        raise NotFound("contact")
    return int(text)
