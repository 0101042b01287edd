"""Who takes a customer's message: an ordered tuple of steps, the first that says yes wins."""

from dataclasses import dataclass

from cloudchat.channels.base import InboundMessage
from cloudchat.models import Chatbot
from cloudchat.services import bot_handover, bot_talks, bots
from cloudchat.services.broadcasts import opting_out
from cloudchat.services.queueing import choosing, returning, talks, waiting
from cloudchat.services.queueing.talks import Talk


@dataclass
class Arrival:
    """A message that has just been stored, and the state of its conversation, whose row is locked.

    `talk` is what the queue knows of it; None where the organization never had a queue
    (`has_queue`), and where an agent has the conversation anyway; `bot` is the device's, if any.
    `stop_words` are the organization's own opt-out words; None means the usual ones.
    """

    conversation_id: int
    assignee_id: int | None
    message: InboundMessage
    reopened: bool = False
    has_queue: bool = True
    has_bot: bool = True
    stop_words: list[str] | None = None
    talk: Talk | None = None
    bot: Chatbot | None = None

    @property
    def is_reaction(self) -> bool:
        """A thumb under a message asks nothing and answers nothing."""
        return self.message.kind == "reaction"


def opted_out(arrival: Arrival) -> bool:
    """The customer wants no broadcasts any more: noted and confirmed, whoever has the conversation."""
    word = opting_out.word_in(arrival.message.text, arrival.stop_words)
    if word is None or arrival.message.kind != "text":
        return False
    opting_out.heard(arrival.conversation_id, word)
    return True


def assigned(arrival: Arrival) -> bool:
    """An agent has the conversation: nothing automatic may speak."""
    if arrival.talk is None:
        return arrival.assignee_id is not None
    if arrival.reopened:  # snoozed or pending until now: its agent may be away, or it waited before
        returning.reopened(arrival.talk)
    return arrival.talk.row.assignee_id is not None


def waiting_in_queue(arrival: Arrival) -> bool:
    """The customer waits: a place is told when asked for, the rest is kept for the agent."""
    if arrival.talk is None or not arrival.talk.is_waiting:
        return False
    waiting.hear(arrival.talk, arrival.message)
    return True


def choosing_division(arrival: Arrival) -> bool:
    """The menu was sent: this is the answer, or one that comes after a human was called."""
    talk = arrival.talk
    if not talk:
        return False
    if not talk.row.awaiting_division_selection:
        return not arrival.is_reaction and choosing.answer_late(talk, arrival.message)
    return arrival.is_reaction or choosing.answer(talk, arrival.message)


def menu(arrival: Arrival) -> bool:
    """The customer is asked which division it is about."""
    talk = arrival.talk
    if not talk or talk.row.division_id is not None or arrival.is_reaction:
        return False
    return choosing.offer(talk, arrival.message)


def bot(arrival: Arrival) -> bool:
    """The bot of the device answers, unless a human has the conversation or it is asleep."""
    talk = arrival.talk
    if arrival.bot is None or arrival.is_reaction or (talk and talk.row.assignee_id is not None):
        return False
    return bots.take(arrival.conversation_id, arrival.bot, arrival.message)


# Who speaks to somebody whom nobody serves yet. With `bot_first` a bot stands before the menu, which
# then follows when the bot hands over: it says no.
SPEAKERS = {"queue_first": (menu, bot), "bot_first": (bot, menu)}


def menu_or_bot(arrival: Arrival) -> bool:
    """In the order that the organization has chosen."""
    order = arrival.talk.settings.routing_order if arrival.talk else "bot_first"
    if arrival.bot is not None and order != "bot_first" and bot_handover.was_given(arrival.conversation_id):
        order = "bot_first"
    return any(speaker(arrival) for speaker in SPEAKERS[order])


def leave_in_inbox(arrival: Arrival) -> bool:
    """It waits unassigned for whoever takes it."""
    return True


STEPS = (opted_out, assigned, waiting_in_queue, choosing_division, menu_or_bot, leave_in_inbox)


def route(arrivals: list[Arrival]) -> list[str]:
    """Decide once per message, in the order given; answers the names of the steps that took them.

    A batch shares what is read: the statements do not grow with its messages.
    """
    open_ids = {
        one.conversation_id for one in arrivals if one.has_queue and (one.assignee_id is None or one.reopened)
    }
    known = talks.read(sorted(open_ids))
    served = {
        one.conversation_id for one in arrivals if one.has_bot and (one.assignee_id is None or one.reopened)
    }
    bots_by_id = bot_talks.bots_of(sorted(served))
    for arrival in arrivals:
        arrival.talk = known.get(arrival.conversation_id)
        arrival.bot = bots_by_id.get(arrival.conversation_id)
    return [next(step.__name__ for step in STEPS if step(arrival)) for arrival in arrivals]
