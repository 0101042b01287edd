"""Who may see which conversation: one rule, as SQL and as plain values; and what lists narrow it by."""

from sqlalchemy import ColumnElement, Select, func, or_, select, true

from cloudchat.errors import NotFound
from cloudchat.events import Audience
from cloudchat.extensions import db
from cloudchat.models import Conversation, ConversationLabel, DivisionAgent, Label
from cloudchat.services.accounts import Identity


def visible_to(identity: Identity) -> ColumnElement[bool]:
    """Admins and managers see all; an agent own ones, those of own divisions, and free ones."""
    if identity.sees_everything:
        return true()
    own_divisions = select(DivisionAgent.division_id).where(
        DivisionAgent.user_id == identity.user_id, DivisionAgent.is_active
    )
    return or_(
        Conversation.assignee_id == identity.user_id,
        Conversation.division_id.in_(own_divisions),
        Conversation.assignee_id.is_(None) & Conversation.division_id.is_(None),
    )


def assigned_to(identity: Identity, who: str | int | None) -> ColumnElement[bool]:
    """Conversations of "me", of nobody ("unassigned"), or of an agent by id; of anybody for the rest."""
    if who == "me":
        return Conversation.assignee_id == identity.user_id
    if who == "unassigned":
        return Conversation.assignee_id.is_(None)
    return Conversation.assignee_id == who if isinstance(who, int) else true()


def labelled(label: str | int) -> Select:
    """Ids of the conversations with the label of this id or name."""
    name = Label.id == label if isinstance(label, int) else func.lower(Label.name) == label.lower()
    return (
        select(ConversationLabel.conversation_id)
        .join(Label, Label.id == ConversationLabel.label_id)
        .where(name)
    )


def get_visible(identity: Identity, conversation_id: int, lock: bool = False) -> Conversation:
    """The conversation, if this person may see it; with `lock`, its row is held until the commit."""
    statement = select(Conversation).where(Conversation.id == conversation_id, visible_to(identity))
    if lock:
        statement = statement.with_for_update(of=Conversation).execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None:
        raise NotFound("conversation")
    return found


def divisions_of(user_id: int) -> list[int]:
    return list(
        db.session.scalars(
            select(DivisionAgent.division_id).where(DivisionAgent.user_id == user_id, DivisionAgent.is_active)
        )
    )


def audience_of(row: Conversation) -> Audience:
    return Audience(row.organization_id, row.id, row.assignee_id, row.division_id, row.external_user_id)
