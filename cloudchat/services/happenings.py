"""What may concern people, and what of it still does by the time we look: the input of `notifications`."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Happening:
    """Something that may concern people: the named ones, those of a role, or else whoever's badge
    counts the conversation; the actor knows already. Happenings of one topic are one line of a bell.

    data is kept with the line: {"name", "text", "url", "note_id"}. `body` is for the open pages only;
    `count` is how often it happened.
    """

    kind: str
    topic: str
    conversation_id: int | None = None
    division_id: int | None = None
    user_ids: tuple[int, ...] | None = None
    role: str | None = None
    actor_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    count: int = 1


@dataclass(frozen=True)
class Arrival:
    """A customer's message. What it means to whom depends on the conversation when we look."""

    conversation_id: int
    message_id: int


def _still_true(one: Happening, talks: dict[int, Any]) -> bool:
    """Not of a conversation that is deleted, or was given to somebody else meanwhile."""
    if one.conversation_id is None:
        return True
    talk = talks.get(one.conversation_id)
    if talk is None:
        return False
    if one.kind == "assigned":
        return talk.assignee_id in (one.user_ids or ())
    return one.kind != "conversation_new" or talk.assignee_id is None


def _without_twins(batch: list[Happening]) -> list[Happening]:
    """A conversation is new once, though its message, its division and its queue all say so."""
    news: set[int | None] = set()
    kept = []
    for one in batch:
        if one.kind != "conversation_new":
            kept.append(one)
        elif one.conversation_id not in news:
            news.add(one.conversation_id)
            kept.append(one)
    return kept


def _merged(batch: list[Happening]) -> list[Happening]:
    """What is one line to the same people, once: the last of it, and how often it happened."""
    found: dict[tuple, Happening] = {}
    for one in batch:
        key = one.kind, one.topic, one.user_ids, one.role, one.division_id, one.actor_id
        before = found.pop(key, None)
        found[key] = replace(one, count=one.count + before.count) if before else one
    return list(found.values())


def _of_arrivals(arrivals: list[Arrival], talks: dict[int, Any]) -> list[Happening]:
    """Messages as they concern people now: those that were read meanwhile do not any more."""
    found: list[Happening] = []
    begun = {
        one.conversation_id
        for one in arrivals
        if one.conversation_id in talks and one.message_id == talks[one.conversation_id].first_unread
    }
    for conversation_id, count in Counter(one.conversation_id for one in arrivals).items():
        talk = talks.get(conversation_id)
        if talk is None or not talk.unread_count:
            continue
        if talk.assignee_id is not None:
            topic, people = f"message:{conversation_id}", (talk.assignee_id,)
            found.append(Happening("message", topic, conversation_id, user_ids=people, count=count))
        elif not talk.awaiting_division_selection:
            is_new = conversation_id in begun
            kind, times = ("conversation_new", 1) if is_new else ("message_unassigned", count)
            found.append(Happening(kind, kind, conversation_id, talk.division_id, count=times))
    return found


def current(told: list[Happening], came: list[Arrival], talks: dict[int, Any]) -> list[Happening]:
    """What is still to be told, each once. `talks`: the conversations as they are now, by id."""
    batch = [one for one in told if _still_true(one, talks)] + _of_arrivals(came, talks)
    return _merged(_without_twins(batch))
