"""Users, devices, and what the organization as a whole is set up with."""

from dataclasses import dataclass, field
from typing import Any

from cloudchat.events.base import Event


@dataclass(frozen=True)
class AccessChanged(Event):
    """A user's password, role or state changed: open sessions and sockets have to be looked at."""

    organization_id: int
    user_id: int


@dataclass(frozen=True)
class MailQueued(Event):
    """A mail waits to be sent."""

    organization_id: int


@dataclass(frozen=True)
class ChoicesChanged(Event):
    """What menus and filters offer (labels, people) is another list now."""

    organization_id: int


@dataclass(frozen=True)
class DeviceChanged(Event):
    """A device was connected, lost its token, or was removed."""

    organization_id: int
    device_id: int
    status: str
    error: dict[str, Any] | None = field(default=None)


@dataclass(frozen=True)
class WebhooksDue(Event):
    """Another program has to be told of something."""

    organization_id: int


@dataclass(frozen=True)
class ExportDue(Event):
    """An export of data has to be put together."""

    organization_id: int
    export_id: int
