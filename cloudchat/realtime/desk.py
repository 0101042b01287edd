"""The default namespace: people of the desk."""

from functools import partial
from typing import Any

from flask import request, session

from cloudchat.errors import AppError
from cloudchat.realtime import presence
from cloudchat.realtime.connected import SOCKETS_PER_USER, connected
from cloudchat.realtime.guard import Guarded, admission, id_in, socket_handler
from cloudchat.realtime.rooms import audience_rooms, emit, emit_to_customer, set_rooms, socketio
from cloudchat.services import accounts, login_rules, visibility
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as


class Desk(Guarded):
    """The default namespace: people of the desk."""

    takes = ("presence:heartbeat", "typing", "conversation:view")

    def on_connect(self, auth=None):
        with admission:
            identity, divisions = _enter(auth)
        if identity is None or connected.of_user(identity.user_id) >= SOCKETS_PER_USER:
            return False
        connected.identities[request.sid] = identity
        set_rooms(request.sid, identity, divisions)
        presence.note(identity)
        return True

    def on_disconnect(self, *_):
        identity = connected.identities.get(request.sid)
        viewing = connected.viewing.get(request.sid)
        connected.drop(request.sid)
        if identity and viewing:
            _tell_viewing(identity, viewing, False)

    @socket_handler
    def on_presence_heartbeat(self, identity, payload):
        presence.note(identity)
        by_hand = payload.get("active") and identity.session_id and not identity.acting
        if by_hand and not connected.touched_lately(request.sid):
            accounts.touch_sessions([identity.session_id])

    @socket_handler
    def on_typing(self, identity, payload):
        conversation_id = id_in(payload, "conversationId")
        row = visibility.get_visible(identity, conversation_id)
        told = {
            "conversationId": row.id,
            "userId": identity.user_id,
            "name": identity.name,
            "typing": bool(payload.get("typing", True)),
        }
        rooms = audience_rooms(visibility.audience_of(row))
        socketio.emit("typing", told, to=rooms, skip_sid=request.sid)
        if not payload.get("note"):
            public = {"from": "agent", "typing": told["typing"]}
            emit_to_customer(visibility.audience_of(row), "typing", public)

    @socket_handler
    def on_conversation_view(self, identity, payload):
        conversation_id = id_in(payload, "conversationId")
        before = connected.viewing.pop(request.sid, None)
        if before and before != conversation_id:
            _tell_viewing(identity, before, False)
        if conversation_id:
            visibility.get_visible(identity, conversation_id)
            connected.viewing[request.sid] = conversation_id
            _tell_viewing(identity, conversation_id, True)


# Flask-SocketIO maps `presence:heartbeat` to a method by this name.
for _event in ("presence:heartbeat", "conversation:view"):
    setattr(Desk, f"on_{_event}", getattr(Desk, f"on_{_event.replace(':', '_')}"))


def _enter(auth: Any) -> tuple[Identity | None, list[int]]:
    """Who is there, by token or session cookie, and the divisions that they serve."""
    token = auth.get("token") if isinstance(auth, dict) else None
    if token is not None:
        organization_id = accounts.token_organization(token) if isinstance(token, str) else None
        identify = partial(accounts.identify_token, token, request.remote_addr)
    else:
        organization_id, kept = session.get("organization"), session.get("token")
        identify = partial(accounts.identify_session, organization_id, kept)
        if not isinstance(organization_id, int) or not isinstance(kept, str):
            organization_id = None
    if organization_id is None:
        return None, []
    with acting_as(organization_id):
        identity = identify()
        if identity is None or not _may_listen(identity):
            return None, []
        return identity, [] if identity.sees_everything else visibility.divisions_of(identity.user_id)


def _may_listen(identity: Identity) -> bool:
    """What the door of requests asks as well: from where, with what, and whether the login is complete."""
    within = login_rules.is_within(identity.networks, request.remote_addr)
    return within and not identity.must_enrol and identity.has_scope("messages:read")


def _tell_viewing(identity: Identity, conversation_id: int, viewing: bool) -> None:
    try:
        with acting_as(identity.organization_id):
            row = visibility.get_visible(identity, conversation_id)
            rooms = audience_rooms(visibility.audience_of(row))
    except AppError:
        return
    told = {
        "conversationId": conversation_id,
        "userId": identity.user_id,
        "name": identity.name,
        "viewing": viewing,
    }
    emit("conversation:viewing", told, rooms)
