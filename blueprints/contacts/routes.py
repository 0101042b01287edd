"""The contacts API. Pages are in pages.py and beside it."""

from spectree import Response as Answers

from blueprints.contacts import bp
from blueprints.contacts.schemas import ContactBody, ContactQuery, IdsBody, LabelsBody, MergeBody
from cloudchat.errors import Invalid
from cloudchat.services import contact_bulk, contact_merge, contacts, edits, presenting
from cloudchat.web import api, decode_cursor, encode_cursor, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_404", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")


def version_of(row, row_labels) -> str:
    return edits.version_of(contacts.editable(row, row_labels))


def contact_json(row, row_labels) -> dict:
    return {
        "id": row.id,
        "name": row.name,
        "phone": row.phone,
        "email": row.email,
        "labels": [label.name for label in row_labels],
        "custom_fields": row.custom_fields,
        "created_at": presenting.iso(row.created_at),
        "updated_at": presenting.iso(row.updated_at),
        "version": version_of(row, row_labels),
    }


def one(row) -> dict:
    return contact_json(row, contacts.labels_of([row.id])[row.id])


@bp.get("/api/app/contacts")
@requires("agent")
@api.validate(query=ContactQuery, resp=OK, tags=["contacts"])
def list_contacts(query: ContactQuery):
    rows, next_cursor = page_of_contacts(query)
    found = contacts.labels_of([row.id for row in rows])
    return {"items": [contact_json(row, found[row.id]) for row in rows], "next_cursor": next_cursor}


def page_of_contacts(query: ContactQuery):
    """One page of contacts, and the cursor of the next page."""
    rows = contacts.page(query.filter(), query.sort, _after(query), query.limit)
    next_cursor = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        next_cursor = encode_cursor(query.sort, *contacts.place_of(rows[-1], query.sort))
    return rows, next_cursor


def _after(query: ContactQuery) -> tuple | None:
    """The cursor's place; a cursor belongs to the order in which it was handed out."""
    kinds = (str, str, int) if query.sort.endswith("name") else (str, int)
    parts = decode_cursor(query.cursor, *kinds)
    if parts is None:
        return None
    if parts[0] != query.sort or not 0 <= parts[-1] < 2**31 or parts[-1] is True:
        raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]})
    return parts[1:]


@bp.post("/api/app/contacts")
@requires("agent")
@api.validate(json=ContactBody, resp=Answers("HTTP_201", "HTTP_422"), tags=["contacts"])
def create_contact(json: ContactBody):
    return one(contacts.create(json.changes())), 201


@bp.get("/api/app/contacts/<int:contact_id>")
@requires("agent")
@api.validate(resp=OK, tags=["contacts"])
def show_contact(contact_id: int):
    return one(contacts.get(contact_id))


@bp.patch("/api/app/contacts/<int:contact_id>")
@requires("agent")
@api.validate(json=ContactBody, resp=DONE, tags=["contacts"])
def change_contact(contact_id: int, json: ContactBody):
    return one(contacts.change(contact_id, json.changes(), json.expected()))


@bp.delete("/api/app/contacts/<int:contact_id>")
@requires("admin")
@api.validate(resp=Answers("HTTP_204", "HTTP_403", "HTTP_404"), tags=["contacts"])
def delete_contact(contact_id: int):
    contacts.delete(contact_id)
    return "", 204


@bp.post("/api/app/contacts/<int:contact_id>/merge")
@requires("manager")
@api.validate(json=MergeBody, resp=DONE, tags=["contacts"])
def merge_contacts(contact_id: int, json: MergeBody):
    return one(contact_merge.merge(contact_id, json.contact_id))


@bp.post("/api/app/contacts/labels")
@requires("agent")
@api.validate(json=LabelsBody, resp=DONE, tags=["contacts"])
def label_contacts(json: LabelsBody):
    """Put labels on many contacts, or take them off."""
    return {"count": contact_bulk.set_labels(json.ids, json.add, json.remove)}


@bp.post("/api/app/contacts/delete")
@requires("admin")
@api.validate(json=IdsBody, resp=DONE, tags=["contacts"])
def delete_contacts(json: IdsBody):
    """Delete many contacts with their conversations and messages."""
    return {"count": contact_bulk.delete_all(json.ids)}
