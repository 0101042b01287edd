"""Which contact a row of a file is about, and writing the row into it."""

from collections.abc import Callable, Iterable

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.events import ContactsAdded, ContactsRefreshed, publish
from cloudchat.extensions import db
from cloudchat.models import Contact, ContactLabel
from cloudchat.services import labels
from cloudchat.services.contact_rows import Problem, Row
from cloudchat.services.contacts import MAX_CUSTOM_FIELDS
from cloudchat.tenancy import current_organization_id

Known = list[tuple[int, str | None, str | None]]


def known_keys(rows: Iterable[Row]) -> Known:
    """(id, phone, e-mail) of the contacts that any of the rows may mean."""
    statement = select(Contact.id, Contact.phone, Contact.email).where(_same_as(rows))
    return [tuple(row) for row in db.session.execute(statement.order_by(Contact.id))]


def match(known: Known) -> Callable[[Row], int | None]:
    """A function that finds a row's contact: by phone number first, then by e-mail address.
    Of several contacts with one number the oldest is meant."""
    by_phone: dict[str, int] = {}
    by_email: dict[str, int] = {}
    for contact_id, phone, email in known:
        by_phone.setdefault(phone, contact_id)
        by_email.setdefault(email, contact_id)

    def find(row: Row) -> int | None:
        found = by_phone.get(row.phone) if row.phone else None
        return found or (by_email.get(row.email) if row.email else None)

    return find


def store(rows: list[Row]) -> tuple[int, int, list[Row]]:
    """Make or change the contacts of these rows; answers how many of each, and the rows that could
    not be stored, with their problem. Part of the caller's transaction."""
    found = db.session.scalars(
        select(Contact).where(_same_as(rows)).order_by(Contact.id).with_for_update()
    ).all()
    by_id = {contact.id: contact for contact in found}
    find = match([(contact.id, contact.phone, contact.email) for contact in found])
    stored: list[tuple[Contact, Row]] = []
    refused: list[Row] = []
    made: list[Contact] = []
    for row in rows:
        contact = by_id.get(find(row) or 0)
        fields = {**(contact.custom_fields if contact else {}), **row.fields}
        if len(fields) > MAX_CUSTOM_FIELDS:
            row.problems.append(Problem("custom_fields_invalid"))
            refused.append(row)
            continue
        if contact is None:
            contact = Contact(name="")
            db.session.add(contact)
            made.append(contact)
        _fill(contact, row, fields)
        stored.append((contact, row))
    db.session.flush()
    _label(stored)
    new = tuple(contact.id for contact in made)
    known = tuple({contact.id for contact, _ in stored}.difference(new))
    publish(ContactsAdded(current_organization_id(), new))
    publish(ContactsRefreshed(current_organization_id(), known))
    return len(made), len(stored) - len(made), refused


def _same_as(rows: Iterable[Row]):
    phones = {row.phone for row in rows if row.phone}
    emails = {row.email for row in rows if row.email}
    return or_(Contact.phone.in_(phones), Contact.email.in_(emails))


def _fill(contact: Contact, row: Row, fields: dict[str, str]) -> None:
    """What the file says is taken over; what it leaves empty stays. A phone number that is there is
    kept: devices know the customer by it."""
    contact.phone = contact.phone or row.phone
    contact.email = row.email or contact.email
    contact.name = row.name or contact.name or contact.phone or contact.email
    if fields != contact.custom_fields:
        contact.custom_fields = fields


def _label(stored: list[tuple[Contact, Row]]) -> None:
    names = {name.casefold(): name for _, row in stored for name in row.labels}
    if not names:
        return
    known = {label.name.casefold(): label for label in labels.ensure(list(names.values()))}
    links = [
        {
            "organization_id": contact.organization_id,
            "contact_id": contact.id,
            "label_id": known[name.casefold()].id,
        }
        for contact, row in stored
        for name in row.labels
    ]
    db.session.execute(insert(ContactLabel).values(links).on_conflict_do_nothing())
