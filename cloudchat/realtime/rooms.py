"""Rooms: which the server puts a socket in, where an event goes, and the sending to them.

Rooms are chosen by the server from what the user may see; a client never names one.
"""

from typing import Any

import structlog
from flask_socketio import SocketIO
from redis.exceptions import RedisError

from cloudchat.events import Audience
from cloudchat.realtime.connected import connected
from cloudchat.services import webchat_visitors
from cloudchat.services.accounts import Identity

log = structlog.get_logger(__name__)

CHANNEL = "cloudchat-socket"  # of Redis, between all processes

socketio = SocketIO()


def rooms_of(identity: Identity, divisions: list[int]) -> list[str]:
    """The rooms of one user: own, the organization's, and by role all conversations or own divisions."""
    organization = identity.organization_id
    own = [f"org:{organization}"]
    if not identity.acting:
        own.append(f"agent:{identity.user_id}")
    if identity.sees_everything:
        return [*own, f"supervisors:{organization}"]
    return [*own, *(f"division:{division}" for division in divisions)]


def audience_rooms(audience: Audience) -> list[str]:
    """Where those listen who may see the conversation, as the list's own rule has it."""
    organization = audience.organization_id
    if audience.assignee_id is None and audience.division_id is None:
        return [f"org:{organization}"]
    rooms = [f"supervisors:{organization}"]
    if audience.assignee_id is not None:
        rooms.append(f"agent:{audience.assignee_id}")
    if audience.division_id is not None:
        rooms.append(f"division:{audience.division_id}")
    return rooms


def emit(name: str, payload: dict[str, Any], rooms: list[str], namespace: str = "/") -> None:
    """Send to rooms of every process; with Redis away pages find out by asking."""
    try:
        socketio.emit(name, payload, to=rooms, namespace=namespace)
    except RedisError as error:
        log.warning("emit_failed", event_name=name, error=str(error))


def emit_to_customer(audience: Audience, name: str, payload: dict[str, Any]) -> None:
    """Tell a web chat visitor; customers of other channels have no socket of ours."""
    if webchat_visitors.is_visitor(audience.external_user_id):
        emit(name, payload, [f"customer:{audience.external_user_id}"], "/chat")


def set_rooms(sid: str, identity: Identity, divisions: list[int]) -> None:
    """Put a socket into exactly its rooms; agents come to divisions and leave them while connected."""
    wanted, present = set(rooms_of(identity, divisions)), connected.rooms.get(sid, set())
    connected.rooms[sid] = wanted
    for room in present - wanted:
        socketio.server.leave_room(sid, room, namespace="/")
    for room in wanted - present:
        socketio.server.enter_room(sid, room, namespace="/")
