"""The look at open sockets every few seconds: who may not be connected any more is cut off."""

import time
from collections import defaultdict

import structlog

from cloudchat.realtime.connected import connected
from cloudchat.realtime.rooms import set_rooms, socketio
from cloudchat.services import access, webchat_visitors
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

CHECK_INTERVAL = 3.0  # seconds between looks at whether connected users still may be
SILENT_SECONDS = 5.0  # how long a line may be open before it says who it is


def loop(app) -> None:
    """Cut sockets whose session ended, whose user was shut out, or whose rooms are not right any more."""
    while True:
        socketio.sleep(CHECK_INTERVAL)
        try:
            with app.app_context():
                _check_connected()
                _check_visitors()
                _check_silent()
        except Exception:
            log.exception("socket_check_failed")


def _check_connected() -> None:
    by_home: dict[int, list[str]] = defaultdict(list)
    for sid, identity in list(connected.identities.items()):
        by_home[identity.home_organization_id].append(sid)
    for organization_id, sids in by_home.items():
        known = {sid: connected.identities[sid] for sid in sids if sid in connected.identities}
        with acting_as(organization_id):
            lost = access.lost(known.values())
            divisions = access.divisions({identity.user_id for identity in known.values()})
        for sid, identity in known.items():
            if identity in lost:
                socketio.server.disconnect(sid, namespace="/")
            elif sid in connected.identities:
                set_rooms(sid, identity, divisions[identity.user_id])


def _check_visitors() -> None:
    """Cut the sockets of chats that were switched off."""
    closed = webchat_visitors.closed_chats({one.device_id for one in connected.visitors.values()})
    for sid, visitor in list(connected.visitors.items()):
        if visitor.device_id in closed:
            socketio.server.disconnect(sid, namespace="/chat")


def _check_silent() -> None:
    """End lines that were opened and never joined a namespace: nobody has said who is there."""
    manager, moment = socketio.server.manager, time.monotonic()
    joined = {sid for name in ("/", "/chat") for _, sid in manager.get_participants(name, None)}
    silent = set(socketio.server.eio.sockets) - joined
    for sid in set(connected.silent) - silent:
        del connected.silent[sid]
    for sid in silent:
        if moment - connected.silent.setdefault(sid, moment) > SILENT_SECONDS:
            socketio.server.eio.disconnect(sid)
