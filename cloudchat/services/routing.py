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


def bot(arrival: Arrival) -> bool:
    """The bot of the device answers, unless a human has the conversation or it is asleep."""
    from cloudchat.services import bot_talks, bots  # they send, and sending knows the inbound side

    found = bot_talks.bots_of([arrival.conversation_id]).get(arrival.conversation_id)
    return found is not None and bots.take(arrival.conversation_id, found, arrival.message)


def leave_in_inbox(arrival: Arrival) -> bool:
    """It waits unassigned for whoever takes it."""
    return True


STEPS = (assigned, bot, leave_in_inbox)


def route(conversation_id: int, assignee_id: int | None, message: InboundMessage) -> str:
    """Decide once per message; answers the name of the step that took it."""
    arrival = Arrival(conversation_id, assignee_id, message)
    return next(step.__name__ for step in STEPS if step(arrival))
