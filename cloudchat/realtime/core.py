"""What open pages hear of the core's events: small patches, after the commit."""

from sqlalchemy import select

from cloudchat import events
from cloudchat.extensions import db
from cloudchat.models import User
from cloudchat.realtime.rooms import audience_rooms, emit, emit_to_customer
from cloudchat.services import device_routes, webchat, webchat_visitors
from cloudchat.tenancy import acting_as


def on_message_added(event: events.MessageAdded) -> None:
    audience = event.audience
    payload = {
        "conversationId": audience.conversation_id,
        "message": event.message,
        "unreadCount": event.unread_count,
        "assigneeId": audience.assignee_id,
        "automatic": event.message["sender_type"] in ("bot", "system"),
    }
    emit("message:new", payload, audience_rooms(audience))
    if webchat_visitors.is_visitor(audience.external_user_id):
        public = webchat.live_message(audience, event.message, event.client_id)
        emit_to_customer(audience, "message:new", public)


def on_message_status(event: events.MessageStatusChanged) -> None:
    payload = {
        "conversationId": event.audience.conversation_id,
        "messageId": event.message_id,
        "status": event.status,
        "error": event.error,
    }
    emit("message:status", payload, audience_rooms(event.audience))
    told = {"id": event.message_id, "status": event.status}
    emit_to_customer(event.audience, "message:status", told)


def on_conversation_changed(event: events.ConversationChanged) -> None:
    rooms = set(audience_rooms(event.audience))
    if event.previous:
        rooms |= set(audience_rooms(event.previous))
    payload = {
        "conversationId": event.audience.conversation_id,
        "changes": event.changes,
        "version": event.version,
        "actorId": event.actor_id,
    }
    emit("conversation:updated", payload, sorted(rooms))
    if event.changes.get("status") == "resolved":
        emit_to_customer(event.audience, "conversation:resolved", {})
    if event.changes.get("assignee_id"):
        agent = event.changes["assignee_id"]
        told = {"conversationId": event.audience.conversation_id, "agentId": agent}
        emit("agent:assigned", told, [f"agent:{agent}"])
        with acting_as(event.audience.organization_id):
            name = db.session.scalar(select(User.name).where(User.id == agent))
        emit_to_customer(event.audience, "agent:assigned", {"agent": {"name": name}})
    elif event.previous and event.previous.assignee_id and event.audience.assignee_id is None:
        emit_to_customer(event.audience, "agent:left", {})


def on_timeline(event: events.TimelineAdded) -> None:
    payload = {"conversationId": event.audience.conversation_id, "entry": event.entry}
    emit("timeline:new", payload, audience_rooms(event.audience))


def on_read(event: events.ConversationRead) -> None:
    emit_to_customer(event.audience, "message:read", {"external_id": event.external_id})


def on_presence(event: events.AgentPresence) -> None:
    payload = {
        "userId": event.user_id,
        "availability": event.availability,
        "connected": event.connected,
    }
    emit("agent:presence", payload, [f"org:{event.organization_id}"])


def on_contact(event: events.ContactChanged) -> None:
    emit("contact:updated", {"contactId": event.contact_id}, [f"org:{event.organization_id}"])


def on_device(event: events.DeviceChanged) -> None:
    device_routes.forget_routes()
    payload = {"deviceId": event.device_id, "status": event.status}
    emit("device:updated", payload, [f"org:{event.organization_id}"])


def on_access_changed(event: events.AccessChanged) -> None:
    """Nothing to send: every process looks at its own sockets within CHECK_INTERVAL."""


SUBSCRIPTIONS = {
    events.MessageAdded: on_message_added,
    events.MessageStatusChanged: on_message_status,
    events.ConversationChanged: on_conversation_changed,
    events.TimelineAdded: on_timeline,
    events.ConversationRead: on_read,
    events.AgentPresence: on_presence,
    events.ContactChanged: on_contact,
    events.AccessChanged: on_access_changed,
    events.DeviceChanged: on_device,
}
