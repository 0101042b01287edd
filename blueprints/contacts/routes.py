"""The contacts API. Pages are in pages.py."""

from spectree import Response as Answers

from blueprints.contacts import bp
from blueprints.contacts.schemas import ContactBody, ContactQuery, MergeBody
from cloudchat.services import contacts, presenting
from cloudchat.web import api, decode_cursor, encode_cursor, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_404", "HTTP_422")


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
    }


def one(row) -> dict:
    return contact_json(row, contacts.labels_of([row.id])[row.id])


@bp.get("/api/app/contacts")
@requires("agent")
@api.validate(query=ContactQuery, resp=OK, tags=["contacts"])
def list_contacts(query: ContactQuery):
    rows, found, next_cursor = page_of_contacts(query)
    return {"items": [contact_json(row, found[row.id]) for row in rows], "next_cursor": next_cursor}


def page_of_contacts(query: ContactQuery):
    """One page of contacts, their labels, and the cursor of the next page."""
    after = decode_cursor(query.cursor, str, int)
    rows = contacts.page(query.q, query.label, after, query.limit)
    next_cursor = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        next_cursor = encode_cursor(rows[-1].name, rows[-1].id)
    return rows, contacts.labels_of([row.id for row in rows]), next_cursor


@bp.post("/api/app/contacts")
@requires("agent")
@api.validate(json=ContactBody, resp=Answers("HTTP_201", "HTTP_422"), tags=["contacts"])
def create_contact(json: ContactBody):
    return one(contacts.create(json.model_dump(exclude_unset=True))), 201


@bp.get("/api/app/contacts/<int:contact_id>")
@requires("agent")
@api.validate(resp=OK, tags=["contacts"])
def show_contact(contact_id: int):
    return one(contacts.get(contact_id))


@bp.patch("/api/app/contacts/<int:contact_id>")
@requires("agent")
@api.validate(json=ContactBody, resp=OK, tags=["contacts"])
def change_contact(contact_id: int, json: ContactBody):
    return one(contacts.change(contact_id, json.model_dump(exclude_unset=True)))


@bp.delete("/api/app/contacts/<int:contact_id>")
@requires("admin")
@api.validate(resp=Answers("HTTP_204", "HTTP_403", "HTTP_404"), tags=["contacts"])
def delete_contact(contact_id: int):
    contacts.delete(contact_id)
    return "", 204


@bp.post("/api/app/contacts/<int:contact_id>/merge")
@requires("manager")
@api.validate(json=MergeBody, resp=OK, tags=["contacts"])
def merge_contacts(contact_id: int, json: MergeBody):
    return one(contacts.merge(contact_id, json.contact_id))
