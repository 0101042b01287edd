"""What is done to many contacts at once: labels on and off, deleting. All of them, or none."""

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.errors import Invalid, NotFound
from cloudchat.events import ContactChanged, UnreadChanged, publish
from cloudchat.extensions import db
from cloudchat.models import Contact, ContactLabel, Conversation, Message, Note
from cloudchat.services import audit, labels
from cloudchat.services.contacts import tell_boards
from cloudchat.services.data import erasure
from cloudchat.tenancy import current_organization_id

MAX_BULK = 1000


def set_labels(contact_ids: list[int], add: list[str | int], remove: list[str | int]) -> int:
    """Put labels on contacts and take others off; answers how many contacts it was about.
    Raises NotFound if one of them is not ours."""
    ids = _checked(contact_ids)
    wanted, unwanted = labels.find(add), labels.find(remove)
    if wanted:
        organization_id = current_organization_id()
        db.session.execute(
            insert(ContactLabel)
            .values(
                [
                    {"organization_id": organization_id, "contact_id": row, "label_id": label.id}
                    for row in ids
                    for label in wanted
                ]
            )
            .on_conflict_do_nothing()
        )
    if unwanted:
        db.session.execute(
            delete(ContactLabel).where(
                ContactLabel.contact_id.in_(ids),
                ContactLabel.label_id.in_([label.id for label in unwanted]),
            )
        )
    names = {"added": [row.name for row in wanted], "removed": [row.name for row in unwanted]}
    audit.record("contacts.labelled", None, contact_ids=ids, **names)
    for contact_id in ids:
        publish(ContactChanged(current_organization_id(), contact_id))
    db.session.commit()
    return len(ids)


def delete_all(contact_ids: list[int]) -> int:
    """Delete contacts with their conversations, messages and notes; answers how many.
    Raises NotFound if one of them is not ours; then none is deleted."""
    ids = _checked(contact_ids)
    for contact in db.session.scalars(select(Contact).where(Contact.id.in_(ids))):
        audit.record("contact.deleted", contact)
    tell_boards(ids)
    erasure.forget(ids)
    db.session.flush()
    db.session.execute(delete(Contact).where(Contact.id.in_(ids)))
    publish(UnreadChanged(current_organization_id()))
    db.session.commit()
    return len(ids)


def consequences(contact_ids: list[int]) -> dict[str, int]:
    """What deleting these contacts takes along."""
    ids = _checked(contact_ids)
    of_them = select(Conversation.id).where(Conversation.contact_id.in_(ids))
    counted = {
        "conversations": select(func.count(Conversation.id)).where(Conversation.contact_id.in_(ids)),
        "messages": select(func.count(Message.id)).where(Message.conversation_id.in_(of_them)),
        "notes": select(func.count(Note.id)).where(Note.conversation_id.in_(of_them)),
    }
    return {name: db.session.scalar(statement) for name, statement in counted.items()}


def _checked(contact_ids: list[int]) -> list[int]:
    ids = sorted(set(contact_ids))
    if not ids or len(ids) > MAX_BULK:
        raise Invalid("contacts", fields={"ids": ["bulk_size"]})
    found = db.session.scalar(select(func.count(Contact.id)).where(Contact.id.in_(ids)))
    if found != len(ids):
        raise NotFound("contact")
    return ids
