"""Contacts: making, changing, listing. Many at once: contact_bulk.py; two into one: contact_merge.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
from sqlalchemy import ScalarSelect, Select, Subquery, func, select, tuple_

from cloudchat.errors import Invalid, NotFound
from cloudchat.events import ContactChanged, ContactsAdded, PipelineChanged, UnreadChanged, publish
from cloudchat.extensions import db
from cloudchat.models import (
    Contact,
    ContactIdentity,
    ContactLabel,
    Conversation,
    Device,
    Label,
)
from cloudchat.services import audit, edits, labels
from cloudchat.services.accounts import Identity, check_email
from cloudchat.services.data import erasure
from cloudchat.services.searching import contact_matches
from cloudchat.services.visibility import visible_to

DEFAULT_REGION = "ID"
MAX_CUSTOM_FIELDS = 50
MAX_FIELD_NAME = 60
MAX_FIELD_VALUE = 1000
COUNT_CAP = 10_000  # counts beyond this are shown as "10,000+"
# Ids are handed out in the order of creation, so they sort by it, and an index has them already.
SORTS = {
    "name": (Contact.sort_name, Contact.id),
    "-name": (Contact.sort_name, Contact.id),
    "created": (Contact.id,),
    "-created": (Contact.id,),
}


@dataclass(frozen=True)
class Filter:
    """What the list is narrowed to: words, a label (id or name), chosen ids."""

    q: str = ""
    label: str | int | None = None
    ids: tuple[int, ...] | None = None


def normalize_phone(phone: str) -> str:
    """E.164 with `+`; Indonesian numbers may begin with 0. Raises Invalid."""
    try:
        parsed = phonenumbers.parse(phone, DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        raise Invalid("phone", fields={"phone": ["phone_invalid"]}) from None
    if not phonenumbers.is_possible_number(parsed):
        raise Invalid("phone", fields={"phone": ["phone_invalid"]})
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def get(contact_id: int) -> Contact:
    contact = db.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("contact")
    return contact


# --- lists -------------------------------------------------------------------------------------


def narrowed(statement: Select, wanted: Filter) -> Select:
    """The statement about contacts, with the filter's criteria."""
    if wanted.q.strip():
        statement = statement.where(contact_matches(wanted.q))
    if wanted.label is not None:
        by_id = isinstance(wanted.label, int)
        name = Label.id == wanted.label if by_id else func.lower(Label.name) == func.lower(wanted.label)
        statement = statement.where(
            Contact.id.in_(
                select(ContactLabel.contact_id).join(Label, Label.id == ContactLabel.label_id).where(name)
            )
        )
    if wanted.ids is not None:
        statement = statement.where(Contact.id.in_(wanted.ids))
    return statement


def page(wanted: Filter, sort: str = "name", after: tuple | None = None, limit: int = 50) -> list[Contact]:
    """Contacts in order; one more than `limit`, so that the caller sees whether there is a next page.

    `after` is what `place_of` says of the last row shown.
    """
    columns = SORTS[sort]
    backwards = sort.startswith("-")
    statement = narrowed(select(Contact), wanted).limit(limit + 1)
    if after:
        here, there = tuple_(*columns), tuple_(*after)
        statement = statement.where(here < there if backwards else here > there)
    order = [column.desc() if backwards else column.asc() for column in columns]
    return list(db.session.scalars(statement.order_by(*order)))


def place_of(contact: Contact, sort: str) -> tuple:
    """Where a contact stands in that order: what a cursor is made of."""
    return tuple(getattr(contact, column.key) for column in SORTS[sort])


def count(wanted: Filter) -> int:
    """How many contacts there are, at most COUNT_CAP + 1."""
    return counts([wanted])[0]


def counts(filters: Sequence[Filter]) -> list[int]:
    """The same of each, in one query."""
    inner = [narrowed(select(Contact.id), wanted).limit(COUNT_CAP + 1).subquery() for wanted in filters]
    return list(db.session.execute(select(*(_rows_of(rows) for rows in inner))).one()) if inner else []


def _rows_of(rows: Subquery) -> ScalarSelect[int]:
    return select(func.count()).select_from(rows).scalar_subquery()


def labels_of(contact_ids: list[int]) -> dict[int, list[Label]]:
    """Labels per contact, in one query."""
    found: dict[int, list[Label]] = {contact_id: [] for contact_id in contact_ids}
    rows = db.session.execute(
        select(ContactLabel.contact_id, Label)
        .join(Label, Label.id == ContactLabel.label_id)
        .where(ContactLabel.contact_id.in_(contact_ids))
        .order_by(Label.name)
    )
    for contact_id, label in rows:
        found[contact_id].append(label)
    return found


def channels_of(contact_ids: list[int]) -> dict[int, list[str]]:
    """The kinds of device that know each contact, in one query."""
    found: dict[int, list[str]] = {contact_id: [] for contact_id in contact_ids}
    rows = db.session.execute(
        select(ContactIdentity.contact_id, Device.type)
        .join(Device, Device.id == ContactIdentity.device_id)
        .where(ContactIdentity.contact_id.in_(contact_ids))
        .distinct()
        .order_by(Device.type)
    )
    for contact_id, kind in rows:
        found[contact_id].append(kind)
    return found


def last_activity_of(identity: Identity, contact_ids: list[int]) -> dict[int, datetime]:
    """When each contact's conversations last had a message, as far as this person sees them."""
    rows = db.session.execute(
        select(Conversation.contact_id, func.max(Conversation.last_message_at))
        .where(Conversation.contact_id.in_(contact_ids), visible_to(identity))
        .group_by(Conversation.contact_id)
    )
    return {contact_id: moment for contact_id, moment in rows}


@dataclass(frozen=True)
class Facts:
    """What else is known of a contact: its ids by device, how many conversations it has."""

    identities: dict[str, str]
    conversations: int


def facts_of(contact_id: int) -> Facts:
    identities = {device.name: row.external_id for row, device in identities_of(contact_id)}
    conversations = db.session.scalar(
        select(func.count(Conversation.id)).where(Conversation.contact_id == contact_id)
    )
    return Facts(identities, conversations)


def identities_of(contact_id: int) -> list[tuple[ContactIdentity, Device]]:
    """How each device knows the contact."""
    return list(
        db.session.execute(
            select(ContactIdentity, Device)
            .join(Device, Device.id == ContactIdentity.device_id)
            .where(ContactIdentity.contact_id == contact_id)
            .order_by(ContactIdentity.id)
        ).tuples()
    )


# --- changes -----------------------------------------------------------------------------------


def create(values: dict) -> Contact:
    """A contact from `{name, phone, email, labels, custom_fields}`."""
    contact = Contact(name="", custom_fields={})
    _apply(contact, {"name": "", **values})
    db.session.add(contact)
    db.session.flush()
    if values.get("labels"):
        labels.replace_links(ContactLabel, "contact_id", contact.id, labels.find(values["labels"]))
    audit.record("contact.created", contact, name=contact.name)
    publish(ContactsAdded(contact.organization_id, (contact.id,)))
    db.session.commit()
    return contact


def editable(contact: Contact, its_labels: list[Label] | None = None) -> dict[str, Any]:
    """What people change of a contact, as it stands."""
    found = labels_of([contact.id])[contact.id] if its_labels is None else its_labels
    return {
        "name": contact.name,
        "phone": contact.phone,
        "email": contact.email,
        "custom_fields": contact.custom_fields,
        "labels": sorted(label.id for label in found),
    }


def change(contact_id: int, values: dict, expected: str | None = None) -> Contact:
    """Change the fields that are named; the others stay. Raises Conflict where somebody else has
    changed them since the version `expected`."""
    contact = get(contact_id)
    edits.check(contact, editable, _comparable(values), expected)
    _apply(contact, values)
    if values.get("labels") is not None:
        labels.replace_links(ContactLabel, "contact_id", contact.id, labels.find(values["labels"]))
    audit.record("contact.changed", contact, fields=sorted(values))
    publish(ContactChanged(contact.organization_id, contact.id))
    db.session.commit()
    return contact


def _comparable(values: dict) -> dict:
    """The values as `editable` would show them; what is wrong is left for `_apply` to refuse."""
    plain = {name: value or None if name in ("phone", "email") else value for name, value in values.items()}
    if plain.get("labels") is not None:
        plain["labels"] = sorted(label.id for label in labels.find(plain["labels"]))
    return plain


def _apply(contact: Contact, values: dict) -> None:
    """Set what is right of the values; raises Invalid with everything that is wrong."""
    errors: dict[str, list[str]] = {}
    checks = {"phone": normalize_phone, "email": check_email, "custom_fields": checked_fields}
    good: dict[str, Any] = {}
    for field, check in checks.items():
        if field not in values or (field == "custom_fields" and values[field] is None):
            continue
        try:
            good[field] = check(values[field]) if values[field] else values[field] or None
        except Invalid as error:
            errors |= error.fields
    if "custom_fields" in good:
        good["custom_fields"] = good["custom_fields"] or {}
    if "name" in values:
        known = [good.get("phone", contact.phone), good.get("email", contact.email)]
        name = (values["name"] or "").strip() or next(filter(None, known), "")
        if len(name) > 255:
            errors["name"] = ["too_long"]
        elif not name and not errors:  # a number that has to be corrected will do as the name
            errors["name"] = ["required"]
        good["name"] = name
    if errors:
        raise Invalid("contact", fields=errors)
    for field, value in good.items():
        setattr(contact, field, value)


def checked_fields(fields: dict) -> dict[str, str]:
    """Custom fields as they are kept. Raises Invalid where they are too many or too long."""
    simple = all(
        isinstance(key, str) and 0 < len(key) <= MAX_FIELD_NAME and len(str(value)) <= MAX_FIELD_VALUE
        for key, value in fields.items()
    )
    if not simple or len(fields) > MAX_CUSTOM_FIELDS:
        raise Invalid("custom_fields", fields={"custom_fields": ["custom_fields_invalid"]})
    return {key: str(value) for key, value in fields.items()}


def delete(contact_id: int) -> None:
    """Delete a contact with its conversations and messages."""
    contact = get(contact_id)
    audit.record("contact.deleted", contact)  # without the name, which is to be forgotten
    tell_boards([contact.id])
    erasure.forget([contact.id])
    db.session.delete(contact)
    publish(UnreadChanged(contact.organization_id))
    db.session.commit()


def tell_boards(contact_ids: list[int]) -> None:
    """The boards on which these contacts have cards look again; part of the caller's transaction."""
    rows = db.session.execute(
        select(Conversation.organization_id, Conversation.pipeline_id)
        .where(Conversation.contact_id.in_(contact_ids), Conversation.pipeline_id.is_not(None))
        .distinct()
    )
    for row in rows:
        publish(PipelineChanged(row.organization_id, row.pipeline_id))
