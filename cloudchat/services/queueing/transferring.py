"""Handing a conversation on: to another division or to another agent, with a note for who gets it."""

from sqlalchemy import select

from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db
from cloudchat.models import Conversation, Division
from cloudchat.services import conversations
from cloudchat.services.accounts import Identity
from cloudchat.services.queueing import agents, handing
from cloudchat.services.visibility import get_visible


def transfer(
    identity: Identity,
    conversation_id: int,
    division_id: int | None = None,
    agent_id: int | None = None,
    note: str = "",
    expected_version: int | None = None,
) -> Conversation:
    """Exactly one of division and agent. The note is kept with it or not at all. Raises Invalid,
    Conflict, NotFound."""
    if (division_id is None) == (agent_id is None):
        raise Invalid("transfer", fields={"division_id": ["one_target"]})
    agent = agents.lock(agent_id) if agent_id is not None else None
    row = get_visible(identity, conversation_id, lock=True)
    conversations.check_version(row, expected_version)
    if row.status == "resolved":
        raise Conflict("resolved", code="conversation_resolved")
    if note.strip():
        conversations.write_note(identity, row, note)
    if division_id is not None:
        division = db.session.scalar(select(Division).where(Division.id == division_id, Division.is_active))
        if division is None:
            raise Invalid("transfer", fields={"division_id": ["unknown_division"]})
        handing.to_division(row, division, identity)
    else:
        if agent is None:
            raise Invalid("transfer", fields={"agent_id": ["unknown_agent"]})
        if row.assignee_id != agent.id:
            handing.give_by_hand(row, agent, identity)
    db.session.commit()
    db.session.refresh(row, ["assignee"])
    return row
