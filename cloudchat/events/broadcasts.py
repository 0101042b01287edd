"""Broadcasts."""

from dataclasses import dataclass

from cloudchat.events.base import Event


@dataclass(frozen=True)
class BroadcastDue(Event):
    """The recipients of a broadcast have to be listed."""

    organization_id: int
    broadcast_id: int


@dataclass(frozen=True)
class BroadcastChanged(Event):
    """A broadcast is in another state, or further on."""

    organization_id: int
    broadcast_id: int


@dataclass(frozen=True)
class BroadcastFinished(Event):
    """A broadcast has gone out to everybody on its list."""

    organization_id: int
    broadcast_id: int
