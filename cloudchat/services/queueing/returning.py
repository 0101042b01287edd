"""Conversations that come back: reopened while their agent is away, or woken without one."""

from cloudchat.events import AgentFree, publish_once
from cloudchat.extensions import db
from cloudchat.models import Conversation, Division, User
from cloudchat.services.accounts import Identity
from cloudchat.services.presence import is_connected
from cloudchat.services.queueing import choosing, entries, handing, settings
from cloudchat.services.queueing.talks import Talk


def reopened(talk: Talk) -> None:
    """Customer wrote into a snoozed or pending conversation: see `reopen`."""
    reopen(talk.row)
    talk.entry = entries.live(talk.row.id)


def reopen(row: Conversation, identity: Identity | None = None) -> None:
    """An open conversation again: it stays with its agent if that one is there, else it queues.

    Who reopens a conversation of their own is there. Without an active division, or with the queue
    switched off, it stays as it is.
    """
    kept = settings.find()
    division = db.session.get(Division, row.division_id) if row.division_id else None
    if kept is None or not kept.is_enabled or division is None or not division.is_active:
        return
    if row.assignee_id is None:
        entries.enter(row, division.id, entered_at=_waited_since(row, division.id))
        return
    if identity is not None and identity.user_id == row.assignee_id:
        return
    agent = db.session.get(User, row.assignee_id, populate_existing=True)
    if agent.availability == "offline" or not is_connected(agent):
        handing.free(row, "agent_away", agent=agent.name)
        entries.enter(row, division.id)


def _waited_since(row: Conversation, division_id: int):
    """Who was put aside while waiting keeps the place."""
    turn = entries.last(row.id)
    put_aside = turn is not None and turn.division_id == division_id
    return turn.entered_at if put_aside and turn.end_reason in ("snoozed", "pending") else None


def put_aside(row: Conversation, status: str) -> None:
    """Snoozed, pending or resolved: it waits no longer, and its agent has room for another one.

    What an agent works on stays theirs while it is snoozed or pending; resolving finishes it.
    """
    turn = entries.live(row.id)
    if turn is not None and (turn.status == "waiting" or status == "resolved"):
        entries.end(row, turn, status)
    if status == "resolved":
        choosing.drop_question(row)
    if row.assignee_id is not None:
        publish_once(AgentFree(row.organization_id, row.assignee_id))
