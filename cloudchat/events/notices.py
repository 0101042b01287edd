"""Notifications and pushes."""

from dataclasses import dataclass, field
from typing import Any

from cloudchat.events.base import Event


@dataclass(frozen=True)
class NotificationWanted(Event):
    """These people are to be told of something; `kind` is one of services/notification_kinds.py.

    Events of one topic are one line of a bell. data: "name" and "text" for the sentence, "url" of ours.
    """

    organization_id: int
    kind: str
    user_ids: tuple[int, ...]
    topic: str
    conversation_id: int | None = None
    actor_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NotificationsRead(Event):
    """How many unread notifications these users have left, now that some were read."""

    organization_id: int
    unread: dict[int, int]


@dataclass(frozen=True)
class PushTestWanted(Event):
    """A user wants to see whether pushes arrive."""

    organization_id: int
    user_id: int
