"""What was said with a contact: conversations and notes, as far as the person asking may see them."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from cloudchat.extensions import db
from cloudchat.models import Conversation, Note
from cloudchat.services.accounts import Identity
from cloudchat.services.visibility import visible_to


def conversations(
    identity: Identity, contact_id: int, before: int | None = None, limit: int = 20
) -> list[Conversation]:
    """Conversations, the newest first; one more than `limit` where there are more."""
    statement = (
        select(Conversation)
        .where(Conversation.contact_id == contact_id, visible_to(identity))
        .options(joinedload(Conversation.device), joinedload(Conversation.assignee))
    )
    if before is not None:
        statement = statement.where(Conversation.id < before)
    return list(db.session.scalars(statement.order_by(Conversation.id.desc()).limit(limit + 1)))


def notes(identity: Identity, contact_id: int, before: int | None = None, limit: int = 20) -> list[Note]:
    """Private notes of those conversations, the newest first; one more than `limit` as above."""
    of_contact = select(Conversation.id).where(Conversation.contact_id == contact_id, visible_to(identity))
    statement = select(Note).where(Note.conversation_id.in_(of_contact)).options(joinedload(Note.author))
    if before is not None:
        statement = statement.where(Note.id < before)
    return list(db.session.scalars(statement.order_by(Note.id.desc()).limit(limit + 1)))
