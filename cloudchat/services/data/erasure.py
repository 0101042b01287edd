"""Forgetting a contact: what the foreign keys do not take along. What remains is in docs/data.md.

The rows go with the contact's own transaction; files and the providers' raw events follow by a job,
and by the sweeper where that job is lost.
"""

from sqlalchemy import String, cast, delete, or_, select, update

from cloudchat.events import ContactsErased, publish
from cloudchat.extensions import db
from cloudchat.models import (
    Attachment,
    ChatbotInteraction,
    ContactIdentity,
    Conversation,
    DataExport,
    OngkirLog,
    WebhookDelivery,
    WebhookEvent,
)
from cloudchat.services import files
from cloudchat.tenancy import current_organization_id

ERASED = "–"  # what stands where a customer's words stood; the turn itself still counts


def forget(contact_ids: list[int]) -> None:
    """Remove what would outlive these contacts; part of the transaction that deletes them."""
    conversations = select(Conversation.id).where(Conversation.contact_id.in_(contact_ids))
    keys = list(
        db.session.scalars(
            select(Attachment.file_key).where(
                Attachment.conversation_id.in_(conversations), Attachment.file_key.is_not(None)
            )
        )
    )
    keys += db.session.scalars(
        select(DataExport.file_key).where(
            DataExport.contact_id.in_(contact_ids), DataExport.file_key.is_not(None)
        )
    )
    identities = db.session.execute(
        select(ContactIdentity.device_id, ContactIdentity.external_id).where(
            ContactIdentity.contact_id.in_(contact_ids)
        )
    )
    names = [(row.device_id, row.external_id) for row in identities]
    for model, values in (
        (ChatbotInteraction, {"question": ERASED, "answer": None}),
        (OngkirLog, {"origin": None, "destination": None, "api_response": None}),
    ):
        db.session.execute(
            update(model)
            .where(model.conversation_id.in_(conversations))
            .values(values)
            .execution_options(synchronize_session=False)
        )
    db.session.execute(
        delete(WebhookDelivery)
        .where(WebhookDelivery.contact_id.in_(contact_ids))
        .execution_options(synchronize_session=False)
    )
    publish(ContactsErased(current_organization_id(), tuple(keys), tuple(names)))


def remove_files(keys: list[str]) -> None:
    """Delete files of this organization that no row names any more."""
    own = f"{current_organization_id()}/"
    for key in keys:
        if key.startswith(own):
            files.discard(key)


def blank_events(identities: list[tuple[int, str]]) -> None:
    """Empty the providers' raw events in which these customers stand. The event itself stays for its ten
    days, so that a repeat of it is known and does not bring the customer back."""
    for device_id, external_id in identities:
        about = cast(WebhookEvent.payload, String).contains(f'"{external_id}"', autoescape=True)
        open_ones = or_(WebhookEvent.processed_at.is_not(None), WebhookEvent.dead_at.is_not(None))
        db.session.execute(
            update(WebhookEvent)
            .where(WebhookEvent.device_id == device_id, open_ones, about)
            .values(payload={}, error=None)
            .execution_options(synchronize_session=False)
        )
        db.session.commit()
