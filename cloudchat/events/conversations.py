"""What happens in conversations."""

from dataclasses import dataclass
from typing import Any

from cloudchat.events.base import Audience, Event


@dataclass(frozen=True)
class MessageAdded(Event):
    """A message entered a conversation, from either side. `message` is its outward form."""

    audience: Audience
    message: dict[str, Any]
    unread_count: int
    inbound: bool
    actor_id: int | None = None
    client_id: str | None = None


@dataclass(frozen=True)
class MessageQueued(Event):
    """A message waits in the outbox of a device."""

    organization_id: int
    device_id: int


@dataclass(frozen=True)
class MessageStatusChanged(Event):
    """A message we sent went further (or failed), or its attachment became available."""

    audience: Audience
    message_id: int
    status: str
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class ConversationChanged(Event):
    """Fields of a conversation changed; `previous` is set where who may see it changed."""

    audience: Audience
    changes: dict[str, Any]
    version: int
    previous: Audience | None = None
    actor_id: int | None = None


@dataclass(frozen=True)
class TimelineAdded(Event):
    """A note or an activity line entered the thread; only the desk may hear of it."""

    audience: Audience
    entry: dict[str, Any]


@dataclass(frozen=True)
class ConversationRated(Event):
    """A customer said how the agent did, 1 to 5; agent and division are those who had the conversation."""

    audience: Audience
    rating: int
    agent_id: int | None
    division_id: int | None


@dataclass(frozen=True)
class ConversationRead(Event):
    """The desk has read up to this message of the customer."""

    audience: Audience
    device_id: int
    external_id: str


@dataclass(frozen=True)
class UnreadChanged(Event):
    """Badge counts of an organization's users may differ now."""

    organization_id: int


@dataclass(frozen=True)
class AttachmentPending(Event):
    """A received file is still at the provider and has to be fetched."""

    organization_id: int
    attachment_id: int


@dataclass(frozen=True)
class TapNoticed(Event):
    """A customer tapped a button, and the provider shows them a waiting sign until we answer."""

    organization_id: int
    device_id: int
    details: dict[str, Any]


@dataclass(frozen=True)
class EventStored(Event):
    """A webhook event is stored and could not be handled on the spot."""

    organization_id: int
    event_id: int


@dataclass(frozen=True)
class OngkirDue(Event):
    """A customer waits to hear what shipping costs."""

    organization_id: int
    conversation_id: int
