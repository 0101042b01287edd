"""Making one contact of two: what would happen, and doing it."""

from dataclasses import dataclass, field

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from cloudchat.errors import Invalid, NotFound
from cloudchat.events import ContactChanged, ConversationChanged, UnreadChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import (
    BroadcastOptOut,
    BroadcastRecipient,
    Contact,
    ContactIdentity,
    ContactLabel,
    Conversation,
    DataExport,
    Device,
    Label,
    WebhookDelivery,
)
from cloudchat.services import audit
from cloudchat.services.contacts import MAX_CUSTOM_FIELDS, identities_of, labels_of
from cloudchat.services.queueing import returning
from cloudchat.services.visibility import audience_of


@dataclass(frozen=True)
class Preview:
    """What merging `other` into `kept` does, before it is done."""

    kept: Contact
    other: Contact
    phone: str | None
    email: str | None
    custom_fields: dict[str, str]
    lost: dict[str, str] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    identities: list[tuple[ContactIdentity, Device]] = field(default_factory=list)
    moved: int = 0
    resolved: list[Conversation] = field(default_factory=list)


def preview(contact_id: int, other_id: int) -> Preview:
    """What is kept, what moves, what is lost, which conversations are resolved."""
    kept, other = _both(contact_id, other_id, lock=False)
    found = labels_of([kept.id, other.id])
    labels = {label.id: label for label in (*found[kept.id], *found[other.id])}
    moved = db.session.scalar(select(func.count(Conversation.id)).where(Conversation.contact_id == other.id))
    return Preview(
        kept,
        other,
        phone=kept.phone or other.phone,
        email=kept.email or other.email,
        custom_fields=_fields(kept, other),
        lost=_lost(kept, other),
        labels=sorted(labels.values(), key=lambda label: label.name.lower()),
        identities=identities_of(other.id),
        moved=moved,
        resolved=_surplus(_unresolved(kept.id, other.id)),
    )


def merge(contact_id: int, other_id: int) -> Contact:
    """Move everything of `other_id` to `contact_id` and delete the other.

    Where both have an unresolved conversation on one device, the one written to longer ago is
    resolved. Raises NotFound, Invalid.
    """
    kept, other = _both(contact_id, other_id, lock=True)
    fields, lost = _fields(kept, other), _lost(kept, other)
    for conversation in _surplus(_unresolved(kept.id, other.id, lock=True)):
        _resolve(conversation)
    db.session.flush()
    moved = (Conversation, ContactIdentity, BroadcastRecipient, BroadcastOptOut, DataExport, WebhookDelivery)
    for model in moved:
        db.session.execute(update(model).where(model.contact_id == other.id).values(contact_id=kept.id))
    _move_labels(kept, other)
    kept.phone, kept.email = kept.phone or other.phone, kept.email or other.email
    kept.custom_fields = fields
    audit.record("contact.merged", kept, other_id=other.id, other_name=other.name, lost=lost)
    db.session.delete(other)
    publish(ContactChanged(kept.organization_id, kept.id))
    publish(UnreadChanged(kept.organization_id))
    db.session.commit()
    return kept


def _both(contact_id: int, other_id: int, lock: bool) -> tuple[Contact, Contact]:
    """Both contacts. Locked, in the order of their ids, no conversation can begin meanwhile."""
    if contact_id == other_id:
        raise Invalid("merge", fields={"contact_id": ["merge_self"]})
    statement = select(Contact).where(Contact.id.in_([contact_id, other_id])).order_by(Contact.id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = {row.id: row for row in db.session.scalars(statement)}
    if len(found) != 2:
        raise NotFound("contact")
    return found[contact_id], found[other_id]


def _fields(kept: Contact, other: Contact) -> dict[str, str]:
    fields = {**other.custom_fields, **kept.custom_fields}
    if len(fields) > max(MAX_CUSTOM_FIELDS, len(kept.custom_fields)):
        raise Invalid("merge", fields={"contact_id": ["merge_too_many_fields"]})
    return fields


def _lost(kept: Contact, other: Contact) -> dict[str, str]:
    """What the other contact says differently, by field: it does not survive."""
    lost = {
        name: getattr(other, name)
        for name in ("name", "phone", "email")
        if getattr(other, name) and getattr(kept, name) not in (None, getattr(other, name))
    }
    for name, value in other.custom_fields.items():
        if kept.custom_fields.get(name, value) != value:
            lost[f"custom_fields.{name}"] = value
    return lost


def _unresolved(kept_id: int, other_id: int, lock: bool = False) -> list[Conversation]:
    """Unresolved conversations of both, the one written to last first."""
    statement = (
        select(Conversation)
        .where(Conversation.contact_id.in_([kept_id, other_id]), Conversation.status != "resolved")
        .order_by(Conversation.id)  # the order in which everybody locks them
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalars(statement)
    return sorted(found, key=lambda row: (row.last_message_at, row.id), reverse=True)


def _surplus(conversations: list[Conversation]) -> list[Conversation]:
    """Those that cannot stay unresolved: a contact has one such conversation on each device."""
    seen: set[int] = set()
    surplus = []
    for conversation in conversations:
        if conversation.device_id in seen:
            surplus.append(conversation)
        seen.add(conversation.device_id)
    return surplus


def _resolve(row: Conversation) -> None:
    row.status, row.resolved_at, row.snoozed_until = "resolved", now(), None
    row.unread_count, row.last_read_message_id = 0, row.last_message_id or 0
    row.needs_human = row.awaiting_division_selection = False
    returning.put_aside(row, "resolved")
    row.version += 1
    publish(
        ConversationChanged(
            audience_of(row),
            {"status": "resolved", "snoozed_until": None, "unread_count": 0},
            row.version,
            actor_id=audit.current_actor().user_id,
        )
    )


def _move_labels(kept: Contact, other: Contact) -> None:
    label_ids = db.session.scalars(
        select(ContactLabel.label_id).where(ContactLabel.contact_id == other.id)
    ).all()
    if label_ids:
        db.session.execute(
            insert(ContactLabel)
            .values(
                [
                    {
                        "organization_id": kept.organization_id,
                        "contact_id": kept.id,
                        "label_id": label_id,
                    }
                    for label_id in label_ids
                ]
            )
            .on_conflict_do_nothing()
        )


def alike(contact_id: int, limit: int = 10) -> list[Contact]:
    """Other contacts with the same name, phone number or e-mail address."""
    contact = db.session.get(Contact, contact_id)
    same = [Contact.sort_name == contact.sort_name]
    same += [Contact.phone == contact.phone] if contact.phone else []
    same += [Contact.email == contact.email] if contact.email else []
    statement = select(Contact).where(Contact.id != contact_id, or_(*same))
    return list(db.session.scalars(statement.order_by(Contact.id).limit(limit)))
