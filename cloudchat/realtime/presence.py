"""Signs of life: an agent counts as connected while a socket is open.

They are written for all sockets of the process together: thousands that come back after a restart
cost a statement for each organization and moment, not a transaction each.
"""

import time
from collections import defaultdict

import structlog

from cloudchat import events
from cloudchat.realtime.connected import connected
from cloudchat.realtime.rooms import socketio
from cloudchat.services import presence
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

INTERVAL = 0.1  # seconds; a customer may be waiting for this very agent
REPEAT = presence.CONNECTED_FOR.total_seconds() / 3

_due: dict[int, set[int]] = defaultdict(set)  # users, by organization


def note(identity: Identity) -> None:
    """Have it written soon that this user is there; an operator who acts for others is not."""
    if not identity.acting:
        _due[identity.organization_id].add(identity.user_id)


def loop(app) -> None:
    """Write what was noted; from time to time note everybody whose socket is still open."""
    noted = time.monotonic()
    while True:
        socketio.sleep(INTERVAL)
        if time.monotonic() - noted > REPEAT:
            noted = time.monotonic()
            note_all()
        write(app)


def note_all() -> None:
    for identity in connected.identities.values():
        note(identity)


def write(app) -> None:
    """Write what was noted; what fails is tried again."""
    failed: dict[int, set[int]] = {}
    while _due:
        organization_id, users = _due.popitem()
        try:
            with app.app_context(), acting_as(organization_id):
                presence.seen(users)
                events.drain()
        except Exception:
            log.exception("presence_failed", organization_id=organization_id)
            failed[organization_id] = users
    if failed:
        socketio.sleep(1)
        for organization_id, users in failed.items():
            _due[organization_id] |= users
