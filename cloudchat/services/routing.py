"""Who takes a customer's message: an ordered tuple of steps, the first that says yes wins."""

from dataclasses import dataclass

from cloudchat.channels.base import InboundMessage


@dataclass(frozen=True)
class Arrival:
    """A message that has just been stored, and the state of its conversation."""

    conversation_id: int
    assignee_id: int | None
    message: InboundMessage


def assigned(arrival: Arrival) -> bool:
    """An agent has the conversation: nothing automatic may speak."""
    return arrival.assignee_id is not None


def leave_in_inbox(arrival: Arrival) -> bool:
    """It waits unassigned for whoever takes it."""
    return True


STEPS = (assigned, leave_in_inbox)


def route(conversation_id: int, assignee_id: int | None, message: InboundMessage) -> str:
    """Decide once per message; answers the name of the step that took it."""
    arrival = Arrival(conversation_id, assignee_id, message)
    return next(step.__name__ for step in STEPS if step(arrival))
