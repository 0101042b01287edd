"""The division queue, and the agents who serve it."""

from dataclasses import dataclass

from cloudchat.events.base import Audience, Event


@dataclass(frozen=True)
class AgentPresence(Event):
    """An agent's availability or connection changed."""

    organization_id: int
    user_id: int
    availability: str
    connected: bool


@dataclass(frozen=True)
class QueueEntered(Event):
    """A customer waits in a division's queue from now on."""

    audience: Audience
    division_id: int
    entry_id: int


@dataclass(frozen=True)
class QueueAssigned(Event):
    """A waiting customer was given to an agent, by the queue or by hand."""

    audience: Audience
    division_id: int
    agent_id: int
    entry_id: int


@dataclass(frozen=True)
class QueueChanged(Event):
    """The line of a division is another now: figures and places may differ."""

    organization_id: int
    division_id: int


@dataclass(frozen=True)
class QueueDue(Event):
    """Somebody of this division may be assigned, or has to be told their place."""

    organization_id: int
    division_id: int


@dataclass(frozen=True)
class DivisionClosing(Event):
    """A division closes, and more people wait in it than were seen to at once."""

    organization_id: int
    division_id: int


@dataclass(frozen=True)
class AgentLeft(Event):
    """A user was shut out; what they had open has to go back."""

    organization_id: int
    user_id: int


@dataclass(frozen=True)
class AgentFree(Event):
    """An agent may take one more: a slot was freed, or they came online."""

    organization_id: int
    user_id: int


@dataclass(frozen=True)
class MenusOwed(Event):
    """Customers of a division that closed have to be told, and asked again."""

    organization_id: int
