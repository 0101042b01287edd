"""The queue on open pages: figures to those who serve a division, the own place to who waits there.

A drained queue changes many times a second; each division is told at most a few times a second.
"""

import time

import structlog

from cloudchat import events
from cloudchat.extensions import db
from cloudchat.models import Division
from cloudchat.realtime.rooms import emit, socketio
from cloudchat.services import webchat_visitors
from cloudchat.services.presenting import iso
from cloudchat.services.queueing import availability, figures, overview
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

INTERVAL = 0.25  # seconds

_dirty: dict[tuple[int, int], None] = {}
_in_web_process = False


def init(in_web_process: bool) -> None:
    global _in_web_process
    _in_web_process = in_web_process


def on_changed(event: events.QueueChanged) -> None:
    """In a web process the greenlet below tells it; elsewhere it is told at once."""
    if _in_web_process:
        _dirty[event.organization_id, event.division_id] = None
    else:
        tell_division(event.organization_id, event.division_id)


def on_presence(event: events.AgentPresence) -> None:
    """Somebody came or went: the figures of the divisions that they serve are others now."""
    with acting_as(event.organization_id):
        served = availability.of_user(event.user_id).division_ids
    for division_id in served:
        on_changed(events.QueueChanged(event.organization_id, division_id))


def tell_division(organization_id: int, division_id: int) -> None:
    with acting_as(organization_id):
        division = db.session.get(Division, division_id, populate_existing=True)
        if division is None:
            return
        here = figures.of_division(division)
        waiting = overview.places(division_id) if here.waiting else []
    payload = {
        "divisionId": division_id,
        "waiting": here.waiting,
        "longestSince": iso(here.longest_since),
        "agentsOnline": here.online,
        "estimatedWaitMinutes": here.wait(),
    }
    emit("queue:updated", payload, [f"division:{division_id}", f"supervisors:{organization_id}"])
    for _, place, customer in waiting:
        if webchat_visitors.is_visitor(customer):
            told = {"position": place, "estimated_wait_minutes": here.wait(place - 1)}
            emit("queue:updated", told, [f"customer:{customer}"], "/chat")


def on_assigned(event: events.QueueAssigned) -> None:
    payload = {
        "conversationId": event.audience.conversation_id,
        "divisionId": event.division_id,
        "agentId": event.agent_id,
        "entryId": event.entry_id,
    }
    emit("queue:assigned", payload, [f"agent:{event.agent_id}"])


def loop(app) -> None:
    while True:
        socketio.sleep(INTERVAL)
        until = time.monotonic() + INTERVAL
        while _dirty and time.monotonic() < until:
            organization_id, division_id = next(iter(_dirty))
            del _dirty[organization_id, division_id]
            try:
                with app.app_context():
                    tell_division(organization_id, division_id)
            except Exception:
                log.exception("queue_not_told", division_id=division_id)
                socketio.sleep(1)
                _dirty[organization_id, division_id] = None


SUBSCRIPTIONS = {
    events.QueueChanged: on_changed,
    events.QueueAssigned: on_assigned,
    events.AgentPresence: on_presence,
}
