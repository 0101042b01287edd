"""The list of contacts and its parts."""

from flask import make_response, render_template, request, url_for
from pydantic import ValidationError

from blueprints.contacts import bp
from blueprints.contacts.filters import kept_filters
from blueprints.contacts.forms import errors_by_field, read_form
from blueprints.contacts.routes import page_of_contacts
from blueprints.contacts.schemas import ContactQuery
from cloudchat.errors import Invalid
from cloudchat.fields import LARGEST_ID
from cloudchat.models import Contact
from cloudchat.services import contacts, labels
from cloudchat.services.contacts import COUNT_CAP, Filter
from cloudchat.web import me, requires

MOST_IDS = 200


@bp.get("/app/contacts")
@requires("agent")
def index():
    query = wanted_list()
    shown = _rows(query)
    total = contacts.count(query.filter())
    is_filtered = bool(query.q.strip()) or query.label is not None
    return render_template(
        "contacts/index.html",
        labels=labels.all_labels(),
        filters=kept_filters(),
        total=total,
        count_cap=COUNT_CAP,
        is_filtered=is_filtered,
        **shown,
    )


@bp.get("/app/contacts/rows")
@requires("agent")
def more_rows():
    """The next rows of the endless list; or those of `ids`, as they are now."""
    if "ids" in request.args:
        rows = contacts.page(Filter(ids=_ids(request.args["ids"])), limit=MOST_IDS)
        return render_template("contacts/_rows.html", rows=_described(rows), next_cursor=None)
    return render_template("contacts/_rows.html", **_rows(wanted_list()))


def wanted_list() -> ContactQuery:
    """The filter of the address. What cannot be read is left out: an old bookmark still opens."""
    given = {name: value for name, value in request.args.items() if value}
    while True:
        try:
            return ContactQuery.model_validate(given)
        except ValidationError as error:
            for finding in error.errors():
                given.pop(str(finding["loc"][0]), None)


def _rows(query: ContactQuery) -> dict:
    try:
        rows, next_cursor = page_of_contacts(query)
    except Invalid:  # a cursor that is not ours
        query.cursor = None
        rows, next_cursor = page_of_contacts(query)
    return {"rows": _described(rows), "next_cursor": next_cursor, "query": query}


def _described(rows: list[Contact]) -> list[dict]:
    """Contacts with what the table shows beside their own columns."""
    ids = [row.id for row in rows]
    found_labels, channels = contacts.labels_of(ids), contacts.channels_of(ids)
    active = contacts.last_activity_of(me(), ids)
    return [
        {
            "contact": row,
            "labels": found_labels[row.id],
            "channels": channels[row.id],
            "active_at": active.get(row.id),
        }
        for row in rows
    ]


def _ids(text: str) -> tuple[int, ...]:
    parts = text.split(",")[:MOST_IDS]
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 11]
    return tuple(number for number in numbers if number <= LARGEST_ID)


@bp.post("/app/contacts")
@requires("agent")
def create():
    """A new contact from the form; the form again with what has to be corrected."""
    values = read_form(request.form)
    try:
        made = contacts.create(values)
    except Invalid as error:
        page = render_template(
            "contacts/_new_form.html",
            values=values,
            errors=errors_by_field(error),
            labels=labels.all_labels(),
        )
        return page, 422
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url_for("contacts.show", contact_id=made.id)
    return response
