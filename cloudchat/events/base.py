"""What every event is, and who may hear of a conversation's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Audience:
    """Who may see a conversation, as far as the row itself says.

    external_user_id is the provider's id of the customer; a web chat visitor listens under it.
    """

    organization_id: int
    conversation_id: int
    assignee_id: int | None
    division_id: int | None
    external_user_id: str


@dataclass(frozen=True)
class Event:
    """The base of all events."""
