"""Alerts: what happened is gathered and told to those whom it concerns, a second's worth at a time.

The first of a quiet organization is told at once. What is lost when the process dies in between is an
alert; the badge and the conversation are the database's and stay right.
"""

import time
from dataclasses import dataclass, field

import structlog

from cloudchat import events
from cloudchat.realtime.rooms import emit, socketio
from cloudchat.services import devices, notification_list, notifications
from cloudchat.services.happenings import Arrival, Happening
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

LOOK_INTERVAL = 0.2  # seconds
PAUSE = 1.0  # seconds between two batches of one organization
MOST_WAITING = 20_000  # of one organization; beyond it nobody could follow the alerts anyway


@dataclass
class Batch:
    """What has happened in an organization since it was last told."""

    happenings: list[Happening] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    read: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class AlertsDue(events.Event):
    """In a job or a command: everything that its commit published has been gathered."""

    organization_id: int


_waiting: dict[int, Batch] = {}
_told_at: dict[int, float] = {}
_in_web_process = False


def init(in_web_process: bool) -> None:
    global _in_web_process
    _in_web_process = in_web_process


# --- what is told ------------------------------------------------------------------------------


def on_message(event: events.MessageAdded) -> None:
    if event.inbound:
        came = Arrival(event.audience.conversation_id, event.message["id"])
        _add(event.audience.organization_id, came)


def on_conversation(event: events.ConversationChanged) -> None:
    audience = event.audience
    agent_id, division_id = event.changes.get("assignee_id"), event.changes.get("division_id")
    if agent_id:
        told = Happening(
            "assigned", "assigned", audience.conversation_id, user_ids=(agent_id,), actor_id=event.actor_id
        )
        _add(audience.organization_id, told)
    elif division_id and audience.assignee_id is None:
        told = Happening(
            "conversation_new",
            "conversation_new",
            audience.conversation_id,
            division_id,
            actor_id=event.actor_id,
        )
        _add(audience.organization_id, told)


def on_queue_entered(event: events.QueueEntered) -> None:
    kind, conversation_id = "conversation_new", event.audience.conversation_id
    _add(event.audience.organization_id, Happening(kind, kind, conversation_id, event.division_id))


def on_timeline(event: events.TimelineAdded) -> None:
    entry, conversation_id = event.entry, event.audience.conversation_id
    people = tuple(entry.get("mentions") or ())
    if entry["kind"] == "note" and people:
        told = Happening(
            "mention",
            f"mention:{conversation_id}",
            conversation_id,
            user_ids=people,
            actor_id=entry["author"]["id"],
            data={"note_id": entry["id"]},
            body=entry["text"],
        )
        _add(event.audience.organization_id, told)


def on_read(event: events.ConversationRead) -> None:
    _batch(event.audience.organization_id).read.add(event.audience.conversation_id)


def on_device(event: events.DeviceChanged) -> None:
    if event.status != "needs_reauth":
        return
    with acting_as(event.organization_id):
        name = devices.get(event.device_id).name
    data = {"name": name, "url": f"/admin/devices/details/?id={event.device_id}"}
    _add(
        event.organization_id,
        Happening("device_lost", f"device_lost:{event.device_id}", role="admin", data=data),
    )


def on_pipeline_notice(event: events.PipelineNotice) -> None:
    told = Happening(
        "automation",
        f"automation:{event.conversation_id}",
        event.conversation_id,
        user_ids=(event.user_id,),
        data={"text": event.text},
    )
    _add(event.organization_id, told)


def on_wanted(event: events.NotificationWanted) -> None:
    told = Happening(
        event.kind,
        event.topic,
        event.conversation_id,
        user_ids=event.user_ids,
        actor_id=event.actor_id,
        data=event.data,
    )
    _add(event.organization_id, told)


def on_notifications_read(event: events.NotificationsRead) -> None:
    """Their other tabs and browsers show the new number, and close what still pops up there."""
    for user_id, unread in event.unread.items():
        emit("notification:read", {"unread": unread}, [f"agent:{user_id}"])


SUBSCRIPTIONS = {
    events.MessageAdded: on_message,
    events.ConversationChanged: on_conversation,
    events.QueueEntered: on_queue_entered,
    events.TimelineAdded: on_timeline,
    events.ConversationRead: on_read,
    events.DeviceChanged: on_device,
    events.PipelineNotice: on_pipeline_notice,
    events.NotificationWanted: on_wanted,
    events.NotificationsRead: on_notifications_read,
    AlertsDue: lambda event: tell(event.organization_id),
}


# --- when ----------------------------------------------------------------------------------------


def _batch(organization_id: int) -> Batch:
    """What waits for the loop; a job has no loop and tells when its own events are through."""
    if organization_id not in _waiting:
        _waiting[organization_id] = Batch()
        if not _in_web_process:
            events.follow(AlertsDue(organization_id))
    return _waiting[organization_id]


def _add(organization_id: int, what: Happening | Arrival) -> None:
    batch = _batch(organization_id)
    if len(batch.happenings) + len(batch.arrivals) < MOST_WAITING:
        (batch.arrivals if isinstance(what, Arrival) else batch.happenings).append(what)


def tell(organization_id: int) -> None:
    """Record what waits and tell the open pages."""
    batch = _waiting.pop(organization_id, None)
    if batch is None:
        return
    with acting_as(organization_id):
        alerts = notifications.record(batch.happenings, batch.arrivals)
        if batch.read:
            notification_list.conversations_read(organization_id, batch.read)
    for alert in alerts:
        emit("notification:new", alert.payload, [f"agent:{alert.user_id}"])


def loop(app) -> None:
    while True:
        socketio.sleep(LOOK_INTERVAL)
        moment = time.monotonic()
        for organization_id in [key for key in _waiting if moment - _told_at.get(key, 0.0) >= PAUSE]:
            _told_at[organization_id] = moment
            try:
                with app.app_context():
                    tell(organization_id)
                    events.drain()
            except Exception:
                log.exception("alerts_failed", organization_id=organization_id)
                socketio.sleep(1)
