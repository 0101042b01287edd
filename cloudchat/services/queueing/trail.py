"""Why this agent, or why still waiting: what was decided for a conversation, and on what grounds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Conversation, ConversationEvent, Division
from cloudchat.services.queueing import agents, entries, figures

KINDS = (
    "division_chosen",
    "choice_given_up",
    "queue_waiting",
    "queue_assigned",
    "queue_moved",
    "queue_left",
    "queue_cancelled",
    "queue_agent_silent",
    "queue_agent_offline",
    "queue_agent_gone",
    "queue_agent_away",
    "division_closed",
    "division_empty",
    "transferred",
    "assigned",
    "unassigned",
)
MOST_STEPS = 50


@dataclass(frozen=True)
class TrailStep:
    """A decision: its kind, when, and the grounds (names and loads of the agents at that moment)."""

    kind: str
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True)
class Waiting:
    """Why somebody still waits. `reason`: next_in_line, ahead, all_full, all_busy, nobody_online,
    no_agents, division_off, passed."""

    reason: str
    division_id: int
    division: str
    place: int
    since: datetime
    estimated_minutes: int | None
    agents: list[dict] = field(default_factory=list)


def of(conversation_id: int) -> list[TrailStep]:
    """The steps, oldest first; the last 50 at most."""
    rows = db.session.scalars(
        select(ConversationEvent)
        .where(ConversationEvent.conversation_id == conversation_id, ConversationEvent.kind.in_(KINDS))
        .order_by(ConversationEvent.id.desc())
        .limit(MOST_STEPS)
    ).all()
    return [TrailStep(row.kind, row.created_at, row.data) for row in reversed(rows)]


def waiting_reason(row: Conversation) -> Waiting | None:
    """Why it still waits, looked up now; None where it does not."""
    entry = entries.live(row.id)
    if entry is None or entry.status != "waiting":
        return None
    division = db.session.get(Division, entry.division_id)
    known, place = agents.of_division(division.id), entries.position(entry)
    minutes = figures.of_division(division).wait(place - 1)
    return Waiting(
        _reason(division, entry, known, place),
        division.id,
        division.name,
        place,
        entry.entered_at,
        minutes,
        figures.states(known),
    )


def _reason(division: Division, entry, known: list[agents.Candidate], place: int) -> str:
    if not division.is_active:
        return "division_off"
    if not known:
        return "no_agents"
    there = [agent for agent in known if agent.connected and agent.availability != "offline"]
    if not there:
        return "nobody_online"
    if not any(agent.is_present for agent in there):
        return "all_busy"
    free = [agent for agent in known if agent.is_available]
    if not free:
        return "all_full"
    if all(agent.id in entry.passed_agent_ids for agent in free):
        return "passed"
    return "next_in_line" if place == 1 else "ahead"
