"""Badge counts: for a whole organization at most four times a second.

A burst of messages costs one query and not one for each. Where very many conversations are unread, the
counting takes longer and is done less often, so that it never takes much of the database's time.
"""

import time
from collections import defaultdict
from dataclasses import asdict

import structlog

from cloudchat import events
from cloudchat.realtime.rooms import emit, socketio
from cloudchat.services import unread
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

LOOK_INTERVAL = 0.05  # seconds
BADGE_INTERVAL = 0.25  # seconds between two counts of one organization
SHARE = 0.03  # of the time that may go into counting one organization

_dirty: set[int] = set()
_not_before: dict[int, float] = {}  # organization: when it may be counted again
_in_web_process = False


def init(in_web_process: bool) -> None:
    global _in_web_process
    _in_web_process = in_web_process


def on_unread_changed(event: events.UnreadChanged) -> None:
    """In a web process badges are computed by the greenlet below; elsewhere at once."""
    if _in_web_process:
        _dirty.add(event.organization_id)
    else:
        send_badges(event.organization_id)


def send_badges(organization_id: int) -> None:
    with acting_as(organization_id):
        counts = unread.counts()
    alike: dict[unread.Counts, list[str]] = defaultdict(list)
    for user_id, count in counts.items():
        alike[count].append(f"agent:{user_id}")
    for count, rooms in alike.items():  # those of one team mostly see the same
        emit("unread:updated", asdict(count), rooms)


def loop(app) -> None:
    while True:
        socketio.sleep(LOOK_INTERVAL)
        began = time.monotonic()
        for organization_id in [key for key in _dirty if _not_before.get(key, 0.0) <= began]:
            _dirty.discard(organization_id)
            began = time.monotonic()
            try:
                with app.app_context():
                    send_badges(organization_id)
            except Exception:
                log.exception("badges_failed", organization_id=organization_id)
                socketio.sleep(1)
                _dirty.add(organization_id)
            ended = time.monotonic()
            _not_before[organization_id] = began + max(BADGE_INTERVAL, (ended - began) / SHARE)


SUBSCRIPTIONS = {events.UnreadChanged: on_unread_changed}
