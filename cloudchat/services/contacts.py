"""Contacts: making, changing, merging, listing."""

import phonenumbers
from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from cloudchat.errors import Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Contact, ContactIdentity, ContactLabel, Conversation, Label
from cloudchat.services import audit, labels
from cloudchat.services.accounts import check_email
from cloudchat.services.searching import contact_matches

DEFAULT_REGION = "ID"
MAX_CUSTOM_FIELDS = 50


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


def page(
    q: str = "",
    label: str | int | None = None,
    after: tuple[str, int] | None = None,
    limit: int = 50,
) -> list[Contact]:
    """Contacts by name; one more than `limit`, so that the caller sees whether there is a next page."""
    statement = select(Contact).order_by(Contact.name, Contact.id).limit(limit + 1)
    if q.strip():
        statement = statement.where(contact_matches(q))
    if label is not None:
        wanted = (
            Label.id == label if isinstance(label, int) else func.lower(Label.name) == label.lower()
        )
        statement = statement.where(
            Contact.id.in_(
                select(ContactLabel.contact_id)
                .join(Label, Label.id == ContactLabel.label_id)
                .where(wanted)
            )
        )
    if after:
        statement = statement.where(
            or_(Contact.name > after[0], (Contact.name == after[0]) & (Contact.id > after[1]))
        )
    return list(db.session.scalars(statement))


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


def identities_of(contact_id: int) -> list[ContactIdentity]:
    return list(
        db.session.scalars(
            select(ContactIdentity)
            .where(ContactIdentity.contact_id == contact_id)
            .order_by(ContactIdentity.id)
        )
    )


def create(values: dict) -> Contact:
    """A contact from `{name, phone, email, labels, custom_fields}`."""
    contact = Contact(name="")
    _apply(contact, {"name": "", **values})
    db.session.add(contact)
    db.session.flush()
    if values.get("labels"):
        labels.replace_links(ContactLabel, "contact_id", contact.id, labels.find(values["labels"]))
    audit.record("contact.created", contact, name=contact.name)
    db.session.commit()
    return contact


def change(contact_id: int, values: dict) -> Contact:
    """Change the fields that are named; the others stay."""
    contact = get(contact_id)
    _apply(contact, values)
    if values.get("labels") is not None:
        labels.replace_links(ContactLabel, "contact_id", contact.id, labels.find(values["labels"]))
    audit.record("contact.changed", contact, fields=sorted(values))
    db.session.commit()
    return contact


def delete(contact_id: int) -> None:
    """Delete a contact with its conversations and messages."""
    contact = get(contact_id)
    audit.record("contact.deleted", contact, name=contact.name)
    db.session.delete(contact)
    db.session.commit()


def merge(contact_id: int, other_id: int) -> Contact:
    """Move everything of `other_id` to `contact_id` and delete the other.

    Where both have an unresolved conversation on one device, the one written to longer ago is resolved.
    """
    if contact_id == other_id:
        raise Invalid("merge", fields={"contact_id": ["merge_self"]})
    kept, other = get(contact_id), get(other_id)
    conversations = list(
        db.session.scalars(
            select(Conversation)
            .where(
                Conversation.contact_id.in_([kept.id, other.id]), Conversation.status != "resolved"
            )
            .order_by(Conversation.last_message_at.desc())
            .with_for_update()
        )
    )
    seen: set[int] = set()
    for conversation in conversations:
        if conversation.device_id in seen:
            conversation.status, conversation.resolved_at = "resolved", now()
            conversation.unread_count = 0
            conversation.version += 1
        seen.add(conversation.device_id)
    db.session.flush()
    for model in (Conversation, ContactIdentity):
        db.session.execute(
            update(model).where(model.contact_id == other.id).values(contact_id=kept.id)
        )
    for label_id in db.session.scalars(
        select(ContactLabel.label_id).where(ContactLabel.contact_id == other.id)
    ).all():
        db.session.execute(
            insert(ContactLabel)
            .values(organization_id=kept.organization_id, contact_id=kept.id, label_id=label_id)
            .on_conflict_do_nothing()
        )
    kept.phone = kept.phone or other.phone
    kept.email = kept.email or other.email
    kept.custom_fields = {**other.custom_fields, **kept.custom_fields}
    audit.record("contact.merged", kept, other_id=other.id, other_name=other.name)
    db.session.delete(other)
    db.session.commit()
    return kept


def _apply(contact: Contact, values: dict) -> None:
    errors: dict[str, list[str]] = {}
    if values.get("phone"):
        try:
            contact.phone = normalize_phone(values["phone"])
        except Invalid as error:
            errors |= error.fields
    elif "phone" in values:
        contact.phone = None
    if values.get("email"):
        try:
            contact.email = check_email(values["email"])
        except Invalid as error:
            errors |= error.fields
    elif "email" in values:
        contact.email = None
    if "name" in values:
        name = (values["name"] or "").strip() or contact.phone or contact.email or ""
        if not name or len(name) > 255:
            errors["name"] = ["required"]
        contact.name = name
    if values.get("custom_fields") is not None:
        contact.custom_fields = _checked_fields(values["custom_fields"], errors)
    if errors:
        db.session.expire(contact) if contact.id else None
        raise Invalid("contact", fields=errors)


def _checked_fields(fields: dict, errors: dict) -> dict:
    simple = all(
        isinstance(key, str) and 0 < len(key) <= 60 and len(str(value)) <= 1000
        for key, value in fields.items()
    )
    if not simple or len(fields) > MAX_CUSTOM_FIELDS:
        errors["custom_fields"] = ["custom_fields_invalid"]
    return {key: str(value) for key, value in fields.items()}
