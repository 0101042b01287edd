"""Giving a conversation to an agent and taking it back: one place for the queue, for hands and for rules.

The caller holds the conversation's row (and, where the queue decides, the division and the agent).
"""

from typing import Any

from cloudchat.events import AgentFree, QueueAssigned, QueueChanged, UnreadChanged, publish, publish_once
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Division, QueueEntry, QueueSettings, User
from cloudchat.services.accounts import Identity
from cloudchat.services.activity import changed, log
from cloudchat.services.queueing import choosing, entries, saying, settings
from cloudchat.services.visibility import audience_of


def give(
    row: Conversation,
    agent: User,
    identity: Identity | None = None,
    entry: QueueEntry | None = None,
    rules: QueueSettings | None = None,
    kind: str = "assigned",
    locked: bool = True,
    **why: Any,
) -> None:
    """Assign it. With a waiting `entry` the customer's turn has come: it is told so.

    `why` goes into the activity line: the queue's reasons, or nothing where a person decided.
    `locked`: the agent's row is held, so that its turn can be counted.
    """
    before, former = audience_of(row), row.assignee_id
    if row.awaiting_division_selection:
        choosing.drop_question(row)
    row.assignee_id, row.needs_human = agent.id, False
    if locked:
        agent.last_assigned_at = now()
    if entry is not None:
        _served(entry, agent)
    changes = {"assignee_id": agent.id, "needs_human": False, "awaiting_division_selection": False}
    changed(row, identity, changes, before)
    log(row, kind, identity, agent_id=agent.id, agent=agent.name, **_had(former, row.division_id), **why)
    if former is not None:
        publish_once(AgentFree(row.organization_id, former))
    publish(UnreadChanged(row.organization_id))
    if entry is not None:
        publish(QueueAssigned(audience_of(row), entry.division_id, agent.id, entry.id))
        publish_once(QueueChanged(row.organization_id, entry.division_id))
        division = db.session.get(Division, entry.division_id)
        saying.say(row, saying.connected(rules or settings.get_kept(), division.name, agent.name))


def _had(agent_id: int | None, division_id: int | None) -> dict[str, int | None]:
    """Who had it before, for the reports; nothing where nobody did."""
    return {"from_agent_id": agent_id, "from_division_id": division_id} if agent_id else {}


def give_by_hand(row: Conversation, agent: User, identity: Identity | None, locked: bool = True) -> None:
    """A person or a rule assigns it: who waits is served with that, who is served changes hands."""
    turn = entries.live(row.id)
    if turn is not None and turn.status == "assigned":
        entries.end(row, turn, "reassigned")
        turn = None
    give(row, agent, identity, turn, locked=locked)


def _served(entry: QueueEntry, agent: User) -> None:
    moment = now()
    entry.queue_number = entry.queue_number or entries.next_ticket(entry.division_id)
    entry.status, entry.assigned_agent_id, entry.assigned_at = "assigned", agent.id, moment
    entry.wait_seconds = max(0, int((moment - entry.entered_at).total_seconds()))


def free(row: Conversation, reason: str, identity: Identity | None = None, **why: Any) -> None:
    """Take it from its agent; the entry that was served is finished for this reason."""
    before, former = audience_of(row), row.assignee_id
    entries.end_live(row, reason)
    if former is None:
        return
    row.assignee_id = None
    log(row, "unassigned" if identity else f"queue_{reason}", identity, **why)
    changed(row, identity, {"assignee_id": None}, before)
    publish_once(AgentFree(row.organization_id, former))
    publish(UnreadChanged(row.organization_id))


def back_to_head(row: Conversation, reason: str, passed: bool = False) -> QueueEntry | None:
    """From its agent back into the queue with the time at which it first entered.

    `passed`: this agent shall not get it again at once. Where the conversation is of no active
    division there is no queue to go to: it waits in the inbox, marked as needing a human.
    """
    agent_id, turn = row.assignee_id, entries.last(row.id)
    agent = db.session.get(User, agent_id) if agent_id else None
    division = db.session.get(Division, row.division_id) if row.division_id else None
    free(row, reason, agent=agent.name if agent else None)
    kept = settings.find()
    if division is None or not division.is_active or kept is None or not kept.is_enabled:
        flag(row)
        return None
    known = turn if turn is not None and turn.division_id == division.id else None
    skipped = [*known.passed_agent_ids] if known else []
    if passed and agent_id and agent_id not in skipped:
        skipped.append(agent_id)
    return entries.enter(
        row,
        division.id,
        entered_at=known.entered_at if known else None,
        queue_number=known.queue_number if known else 0,
        passed=skipped,
    )


def flag(row: Conversation) -> None:
    """Say that a human has to look."""
    if row.needs_human:
        return
    row.needs_human = True
    changed(row, None, {"needs_human": True})


def to_division(row: Conversation, division: Division, identity: Identity | None = None) -> None:
    """Hand it to another division: who waited keeps the time, who was being served enters now."""
    turn = entries.live(row.id)
    since = turn.entered_at if turn is not None and turn.status == "waiting" else None
    before, former = audience_of(row), row.assignee_id
    had = {"from_agent_id": former, "from_division_id": row.division_id}
    entries.end_live(row, "transferred")
    if row.awaiting_division_selection:
        choosing.drop_question(row)
    row.division_id, row.assignee_id = division.id, None
    log(row, "transferred", identity, division_id=division.id, division=division.name, **had)
    changes = {"division_id": division.id, "assignee_id": None, "awaiting_division_selection": False}
    changed(row, identity, changes, before)
    if former is not None:
        publish_once(AgentFree(row.organization_id, former))
    publish(UnreadChanged(row.organization_id))
    kept = settings.find()
    if kept is not None and kept.is_enabled and row.status == "open":
        entries.enter(row, division.id, entered_at=since)
