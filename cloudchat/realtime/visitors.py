"""The namespace `/chat`: visitors of the web chat."""

from flask import request
from flask_socketio import join_room

from cloudchat.realtime.connected import SOCKETS_PER_VISITOR, connected
from cloudchat.realtime.guard import Guarded, admission
from cloudchat.realtime.rooms import audience_rooms, emit
from cloudchat.services import webchat, webchat_visitors
from cloudchat.tenancy import acting_as


class Chat(Guarded):
    """Customers of the web chat: each hears of the own conversation only."""

    takes = ("typing",)

    def on_connect(self, auth=None):
        token = auth.get("token") if isinstance(auth, dict) else None
        with admission:
            visitor = webchat_visitors.visitor_of(token) if isinstance(token, str) else None
            if visitor is None or webchat_visitors.closed_chats({visitor.device_id}):
                return False
        if connected.of_visitor(visitor.external_user_id) >= SOCKETS_PER_VISITOR:
            return False
        connected.visitors[request.sid] = visitor
        join_room(f"customer:{visitor.external_user_id}")
        return True

    def on_disconnect(self, *_):
        connected.drop(request.sid)

    def on_typing(self, payload=None):
        visitor = connected.visitors.get(request.sid)
        typing = bool(payload.get("typing", True)) if isinstance(payload, dict) else True
        if visitor is None or connected.repeats_typing(request.sid, typing):
            return
        with acting_as(visitor.organization_id):
            audience = webchat.audience_of(visitor)
        if audience:
            told = {"conversationId": audience.conversation_id, "from": "contact", "typing": typing}
            emit("typing", told, audience_rooms(audience))

    on_connect.door = on_typing.door = "socket"
