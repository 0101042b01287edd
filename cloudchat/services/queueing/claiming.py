"""The claim: the oldest who waits gets the least loaded agent, exactly once, never over capacity.

One claim is one transaction. It takes its locks in one order (division, agent, conversation), each
in a statement of its own, because a statement sees what was committed before it began and not what
the lock waited for. See docs/decisions/0008-queue-claim.md.
"""

import time
from dataclasses import dataclass

from sqlalchemy import select, text

from cloudchat.errors import Conflict, Forbidden, Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Division, QueueEntry, QueueSettings, User
from cloudchat.services.accounts import Identity
from cloudchat.services.activity import log
from cloudchat.services.queueing import agents, closing, entries, figures, handing, saying, settings, talks
from cloudchat.services.queueing.agents import Candidate
from cloudchat.services.visibility import get_visible

LOCK_SPACE = 0x71756575  # "queu": our part of the space of advisory locks
TRIES = 5  # how often a claim may find that somebody was quicker before it leaves the rest to the next


def lock_division(division_id: int) -> None:
    """One at a time at a division's queue, until the commit."""
    db.session.execute(
        text("select pg_advisory_xact_lock(:space, :division)"),
        {"space": LOCK_SPACE, "division": division_id},
    )


def drain(division_id: int, seconds: float = 5.0) -> bool:
    """Assign whom there is an agent for, then tell the others their place; whether all is done."""
    until = time.monotonic() + seconds
    desk = _desk(division_id)
    if desk is None:
        return _emptied(division_id, until)
    for step in (_claim, _announce):
        while step(desk):
            if time.monotonic() > until:
                return False
    return True


@dataclass(frozen=True)
class _Desk:
    """What every claim of a drain needs and what does not change meanwhile."""

    division: Division
    rules: QueueSettings


def _desk(division_id: int) -> _Desk | None:
    """None where the division is gone, or closed."""
    division = db.session.get(Division, division_id, populate_existing=True)
    rules = settings.get_kept()
    db.session.commit()
    return _Desk(division, rules) if division is not None and division.is_active else None


def _emptied(division_id: int, until: float) -> bool:
    """Nobody is left waiting in a division that is closed, or closes."""
    while not closing.go_on(division_id):
        if time.monotonic() > until:
            return False
    return True


def give_up() -> None:
    """Let go of what a failed attempt holds."""
    db.session.rollback()


def _claim(desk: _Desk) -> bool:
    """Assign the next one, if somebody waits and an agent is available; commits."""
    for _ in range(TRIES):
        lock_division(desk.division.id)
        pair = _next_pair(desk.division.id)
        if pair is None:
            db.session.commit()
            return False
        if _assigned(desk, *pair):
            return True
        db.session.rollback()
    return True  # others are at it: look again


def _next_pair(division_id: int) -> tuple[QueueEntry, Candidate, list[Candidate]] | None:
    known = agents.of_division(division_id)
    free = [agent for agent in known if agent.is_available]
    if not free:
        return None
    entry = db.session.scalar(
        entries.waiting_in(division_id)
        .join(Division, Division.id == QueueEntry.division_id)
        .where(Division.is_active, ~QueueEntry.passed_agent_ids.contains([agent.id for agent in free]))
        .order_by(QueueEntry.entered_at, QueueEntry.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if entry is None:
        return None
    chosen = next(agent for agent in free if agent.id not in entry.passed_agent_ids)
    return entry, chosen, known


def _assigned(desk: _Desk, entry: QueueEntry, chosen: Candidate, known: list[Candidate]) -> bool:
    """Lock agent and conversation, look again, and assign; False where it is not so any more."""
    agent = agents.lock(chosen.id)
    if agent is None or not _still_free(agent, chosen):
        return False
    row = _locked(entry)
    if row is None:
        return True  # it left the queue while we waited for it; that was committed
    why = _reasons(entry, chosen, known)
    handing.give(row, agent, entry=entry, rules=desk.rules, kind="queue_assigned", **why)
    db.session.commit()
    return True


def _still_free(agent: User, chosen: Candidate) -> bool:
    """The agent's other division may have given one while we waited for the row."""
    fresh = agents.one(agent)
    return fresh.is_available and fresh.load <= chosen.load


def _locked(entry: QueueEntry) -> Conversation | None:
    """The waiting conversation, locked; None where the entry is no longer waiting in this line."""
    line = entry.division_id
    row = talks.lock(entry.conversation_id)
    db.session.refresh(entry)
    if row is not None and entry.status == "waiting" and entry.division_id == line:
        if row.status == "open" and row.assignee_id is None:
            return row
        entries.end(row, entry, "resolved" if row.status == "resolved" else "taken")
    db.session.commit()
    return None


def _reasons(entry: QueueEntry, chosen: Candidate, known: list[Candidate]) -> dict:
    """Why this agent: what the trail shows."""
    return {
        "division_id": entry.division_id,
        "load": chosen.load,
        "capacity": chosen.capacity,
        "waited": max(0, int((now() - entry.entered_at).total_seconds())),
        "agents": figures.states(known),
    }


# --- telling -----------------------------------------------------------------------------------


def _announce(desk: _Desk) -> bool:
    """Tell the oldest who was not told yet the place in line; commits. False where all know."""
    lock_division(desk.division.id)
    entry = db.session.scalar(
        entries.waiting_in(desk.division.id)
        .where(QueueEntry.announced_at.is_(None))
        .order_by(QueueEntry.entered_at, QueueEntry.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    row = _locked(entry) if entry is not None else None
    if row is not None:
        _tell(desk, row, entry)
    db.session.commit()
    return entry is not None


def _tell(desk: _Desk, row: Conversation, entry: QueueEntry) -> None:
    division = desk.division
    here = figures.of_division(division)
    number = entries.position(entry)
    entry.queue_number = entry.queue_number or entries.next_ticket(division.id)
    entry.announced_at = entry.told_at = now()
    entry.told_position, entry.told_times = number, 0
    entry.estimated_minutes = here.wait(number - 1)
    log(
        row,
        "queue_waiting",
        None,
        division_id=division.id,
        division=division.name,
        place=number,
        estimated_minutes=entry.estimated_minutes,
        agents=figures.states(agents.of_division(division.id)),
    )
    saying.say(row, saying.entered(desk.rules, division.name, number, here.anybody_there))


# --- by hand -----------------------------------------------------------------------------------


def take_next(identity: Identity, division_id: int) -> QueueEntry:
    """The caller takes whoever is next in a division of theirs. Raises NotFound, Conflict."""
    if identity.acting or (
        not identity.sees_everything and division_id not in agents.division_ids_of(identity.user_id)
    ):
        raise NotFound("division")
    if db.session.get(Division, division_id) is None:
        raise NotFound("division")
    for _ in range(TRIES):
        lock_division(division_id)
        entry = db.session.scalar(
            entries.waiting_in(division_id).order_by(QueueEntry.entered_at, QueueEntry.id).limit(1)
        )
        if entry is None:
            raise Conflict("queue_empty", code="queue_empty")
        agent = _with_room(identity.user_id)
        row = _locked(entry)
        if row is not None:
            handing.give(row, agent, identity, entry)
            db.session.commit()
            return entry
    raise Conflict("queue_busy", code="queue_busy")


def assign_entry(
    identity: Identity, entry_id: int, agent_id: int | None = None, force: bool = False
) -> QueueEntry:
    """Give one who waits to an agent (or to oneself), out of turn. Raises NotFound, Conflict, Invalid.

    Beyond the agent's capacity only where a manager insists.
    """
    entry = visible_entry(identity, entry_id)
    if agent_id is None and identity.acting:
        raise Invalid("agent", fields={"agent_id": ["required"]})
    if force and not identity.sees_everything:
        raise Forbidden()
    lock_division(entry.division_id)
    agent = _with_room(agent_id or identity.user_id, force)
    row = _locked(entry)
    if row is None:
        raise Conflict("already_assigned", code="already_assigned")
    handing.give(row, agent, identity, entry)
    db.session.commit()
    return entry


def _with_room(agent_id: int, force: bool = False) -> User:
    agent = agents.lock(agent_id)
    if agent is None:
        raise Invalid("agent", fields={"agent_id": ["unknown_agent"]})
    fresh = agents.one(agent)
    if not force and fresh.load >= fresh.capacity:
        raise Conflict("at_capacity", code="at_capacity")
    return agent


def visible_entry(identity: Identity, entry_id: int) -> QueueEntry:
    entry = db.session.scalar(select(QueueEntry).where(QueueEntry.id == entry_id))
    if entry is None:
        raise NotFound("queue entry")
    get_visible(identity, entry.conversation_id)
    return entry


def cancel(identity: Identity, entry_id: int) -> QueueEntry:
    """Take somebody out of the queue, who is told so; the conversation stays with the division, marked
    for a human."""
    entry = visible_entry(identity, entry_id)
    row = get_visible(identity, entry.conversation_id, lock=True)
    db.session.refresh(entry)
    if entry.status != "waiting":
        raise Conflict("already_assigned", code="already_assigned")
    entries.end(row, entry, "cancelled")
    division = db.session.get(Division, entry.division_id)
    log(row, "queue_cancelled", identity, division_id=division.id)
    handing.flag(row)
    saying.say(row, saying.cancelled(settings.get_kept(), division.name))
    db.session.commit()
    return entry
