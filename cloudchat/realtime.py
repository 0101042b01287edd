"""The one socket: who may connect, which rooms the server puts them in, which event goes where.

Rooms are chosen by the server from what the user may see; a client never names one. Events leave
after the commit, as small patches. Badge counts are computed for a whole organization at most four
times a second, so that a burst of messages costs one query and not one for each.
"""

import time
from collections import defaultdict
from typing import Any

import structlog
from flask import request, session
from flask_socketio import Namespace, SocketIO, disconnect, join_room
from redis.exceptions import RedisError
from socketio import RedisManager
from sqlalchemy import select

from cloudchat import config, events
from cloudchat.errors import AppError
from cloudchat.events import Audience
from cloudchat.extensions import db
from cloudchat.models import User
from cloudchat.relay import Relay
from cloudchat.services import access, accounts, presence, unread, visibility, webchat, webchat_visitors
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

CHANNEL = "cloudchat-socket"
MAX_FRAME = 64 * 1024
SOCKETS_PER_USER = 50
SOCKETS_PER_VISITOR = 10
EVENTS_PER_SECOND = 20
TYPING_INTERVAL = 1.0  # seconds between two equal typing hints of a visitor that are handed on
BADGE_INTERVAL = 0.25  # seconds
CHECK_INTERVAL = 3.0  # seconds between looks at whether connected users still may be
SILENT_SECONDS = 5.0  # how long a line may be open before it says who it is

socketio = SocketIO()


class Connected:
    """The sockets of this process, by sid."""

    def __init__(self) -> None:
        self.identities: dict[str, Identity] = {}
        self.visitors: dict[str, webchat_visitors.Visitor] = {}
        self.viewing: dict[str, int] = {}
        self.rooms: dict[str, set[str]] = {}
        self.silent: dict[str, float] = {}
        self.rates: dict[str, tuple[float, int]] = {}
        self.typed: dict[str, tuple[float, bool]] = {}

    def knows(self, sid: str) -> bool:
        return sid in self.identities or sid in self.visitors

    def of_user(self, user_id: int) -> int:
        return sum(1 for identity in self.identities.values() if identity.user_id == user_id)

    def of_visitor(self, external_user_id: str) -> int:
        return sum(1 for one in self.visitors.values() if one.external_user_id == external_user_id)

    def over_rate(self, sid: str) -> bool:
        started, count = self.rates.get(sid, (0.0, 0))
        moment = time.monotonic()
        if moment - started >= 1.0:
            started, count = moment, 0
        self.rates[sid] = (started, count + 1)
        return count >= EVENTS_PER_SECOND

    def repeats_typing(self, sid: str, typing: bool) -> bool:
        """Whether the same was said less than a second ago: it costs a query to hand it on."""
        moment = time.monotonic()
        at, before = self.typed.get(sid, (0.0, not typing))
        if before == typing and moment - at < TYPING_INTERVAL:
            return True
        self.typed[sid] = moment, typing
        return False

    def drop(self, sid: str) -> None:
        for table in (
            self.identities,
            self.visitors,
            self.viewing,
            self.rooms,
            self.rates,
            self.typed,
        ):
            table.pop(sid, None)


connected = Connected()


# --- rooms -------------------------------------------------------------------------------------


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


# --- events of the core ------------------------------------------------------------------------


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
    from cloudchat.services import devices

    devices.forget_routes()
    payload = {"deviceId": event.device_id, "status": event.status}
    emit("device:updated", payload, [f"org:{event.organization_id}"])


_dirty: set[int] = set()
_in_web_process = False


def on_unread_changed(event: events.UnreadChanged) -> None:
    """In a web process badges are computed by the greenlet below; elsewhere at once."""
    if _in_web_process:
        _dirty.add(event.organization_id)
    else:
        send_badges(event.organization_id)


def send_badges(organization_id: int) -> None:
    with acting_as(organization_id):
        counts = unread.counts()
    for user_id, count in counts.items():
        emit("unread:updated", count.__dict__, [f"agent:{user_id}"])


def _badge_loop(app) -> None:
    while True:
        socketio.sleep(BADGE_INTERVAL)
        while _dirty:
            organization_id = _dirty.pop()
            try:
                with app.app_context():
                    send_badges(organization_id)
            except Exception:
                log.exception("badges_failed", organization_id=organization_id)
                socketio.sleep(1)
                _dirty.add(organization_id)


def on_access_changed(event: events.AccessChanged) -> None:
    """Nothing to send: every process looks at its own sockets within CHECK_INTERVAL."""


def _check_loop(app) -> None:
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
                _set_rooms(sid, identity, divisions[identity.user_id])


def _set_rooms(sid: str, identity: Identity, divisions: list[int]) -> None:
    """Put a socket into exactly its rooms; agents come to divisions and leave them while connected."""
    wanted, present = set(rooms_of(identity, divisions)), connected.rooms.get(sid, set())
    connected.rooms[sid] = wanted
    for room in present - wanted:
        socketio.server.leave_room(sid, room, namespace="/")
    for room in wanted - present:
        socketio.server.enter_room(sid, room, namespace="/")


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


# --- agents ------------------------------------------------------------------------------------


def socket_handler(function):
    """A handler for a connected user: inside their organization, expected errors as the answer."""

    def handle(self, *args):
        sid = request.sid
        identity = connected.identities.get(sid)
        if identity is None:
            disconnect()
            return None
        payload = args[0] if args and isinstance(args[0], dict) else {}
        try:
            with acting_as(identity.organization_id):
                answer = function(self, identity, payload)
                events.drain()
            return answer
        except AppError as error:
            return {"error": error.code}

    handle.door = "socket"
    handle.__name__ = function.__name__
    return handle


def _id(payload: dict, name: str) -> int:
    value = payload.get(name)
    return value if isinstance(value, int) and 0 < value < 2**31 else 0


class Guarded(Namespace):
    """Hands on only the events that its clients may send, and cuts off who sends too many of any.

    `connect` and `disconnect` are the server's own words: a client that sends them as events would
    slip out of our tables while it stays in its rooms.
    """

    takes: tuple[str, ...] = ()

    def trigger_event(self, event, *args):
        sid = args[0]
        manager = socketio.server.manager
        if event == "disconnect" and not manager.is_connected(sid, self.namespace):
            return super().trigger_event(event, *args)
        if event == "connect" and not connected.knows(sid):
            return super().trigger_event(event, *args)
        if connected.over_rate(sid):
            cut_off(sid, self.namespace)
        elif event in self.takes:
            return super().trigger_event(event, *args)
        return None


def cut_off(sid: str, namespace: str) -> None:
    """End the connection itself; leaving only the namespace would let the same line come back."""
    line = socketio.server.manager.eio_sid_from_sid(sid, namespace)
    socketio.server.disconnect(sid, namespace=namespace)
    if line:
        socketio.server.eio.disconnect(line)


class Desk(Guarded):
    """The default namespace: people of the desk."""

    takes = ("presence:heartbeat", "typing", "conversation:view")

    def on_connect(self, auth=None):
        identity = _identify(auth)
        if identity is None or connected.of_user(identity.user_id) >= SOCKETS_PER_USER:
            return False
        with acting_as(identity.organization_id):
            divisions = visibility.divisions_of(identity.user_id)
        connected.identities[request.sid] = identity
        _set_rooms(request.sid, identity, divisions)
        if not identity.acting:
            with acting_as(identity.organization_id):
                presence.seen(identity.user_id)
                events.drain()
        return True

    def on_disconnect(self, *_):
        identity = connected.identities.get(request.sid)
        viewing = connected.viewing.get(request.sid)
        connected.drop(request.sid)
        if identity and viewing:
            _tell_viewing(identity, viewing, False)

    @socket_handler
    def on_presence_heartbeat(self, identity, payload):
        if not identity.acting:
            presence.seen(identity.user_id)

    @socket_handler
    def on_typing(self, identity, payload):
        conversation_id = _id(payload, "conversationId")
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
        conversation_id = _id(payload, "conversationId")
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


def _identify(auth: Any) -> Identity | None:
    token = auth.get("token") if isinstance(auth, dict) else None
    if token is not None:
        organization_id = accounts.token_organization(token) if isinstance(token, str) else None
        if organization_id is None:
            return None
        with acting_as(organization_id):
            return accounts.identify_token(token)
    organization_id, kept = session.get("organization"), session.get("token")
    if not isinstance(organization_id, int) or not isinstance(kept, str):
        return None
    with acting_as(organization_id):
        return accounts.identify_session(organization_id, kept)


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


# --- customers ---------------------------------------------------------------------------------


class Chat(Guarded):
    """Customers of the web chat: each hears of the own conversation only."""

    takes = ("typing",)

    def on_connect(self, auth=None):
        token = auth.get("token") if isinstance(auth, dict) else None
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


def _check_visitors() -> None:
    """Cut the sockets of chats that were switched off."""
    closed = webchat_visitors.closed_chats({one.device_id for one in connected.visitors.values()})
    for sid, visitor in list(connected.visitors.items()):
        if visitor.device_id in closed:
            socketio.server.disconnect(sid, namespace="/chat")


# --- wiring ------------------------------------------------------------------------------------


def init(app, in_web_process: bool) -> None:
    """Bind the socket to the app; outside a web process it only writes to Redis."""
    global _in_web_process
    settings = config.active()
    _in_web_process = in_web_process
    if in_web_process:
        socketio.init_app(
            app,
            async_mode="gevent",
            transports=["websocket"],
            cors_allowed_origins=_origins(settings),
            max_http_buffer_size=MAX_FRAME,
            ping_interval=25,
            ping_timeout=20,
            manage_session=False,
            cookie=None,
            client_manager=Relay(settings.redis_url, CHANNEL),
        )
        socketio.on_namespace(Desk("/"))
        socketio.on_namespace(Chat("/chat"))
        limit_frames(socketio.server.eio)
    else:
        queue = RedisManager(settings.redis_url, CHANNEL, write_only=True)
        socketio.init_app(None, async_mode="threading", client_manager=queue)
    for kind, handler in SUBSCRIPTIONS.items():
        events.subscribe(kind, handler)


def limit_frames(server) -> None:
    """Refuse a frame as soon as it grows too large; Engine.IO alone looks when it has all of it."""
    original = server._async["websocket"]

    class Limited(original):
        def __init__(self, handler, server):
            super().__init__(handler, server)
            self.server_args["max_message_size"] = MAX_FRAME

    server._async = {**server._async, "websocket": Limited}


SUBSCRIPTIONS = {
    events.MessageAdded: on_message_added,
    events.MessageStatusChanged: on_message_status,
    events.ConversationChanged: on_conversation_changed,
    events.TimelineAdded: on_timeline,
    events.ConversationRead: on_read,
    events.UnreadChanged: on_unread_changed,
    events.AgentPresence: on_presence,
    events.ContactChanged: on_contact,
    events.AccessChanged: on_access_changed,
    events.DeviceChanged: on_device,
}


def start_loops(app) -> None:
    """The two background greenlets of a web process."""
    socketio.start_background_task(_badge_loop, app)
    socketio.start_background_task(_check_loop, app)


def close_all() -> None:
    """Send every client away, to come back to a process that stays."""
    socketio.server.eio.disconnect()


def _origins(settings: config.Config):
    """Pages of our own address may open sockets; the widget's frame is served by us as well."""
    own = {settings.public_url, f"http://localhost:{settings.port}"}
    own.add(f"http://127.0.0.1:{settings.port}")

    def allowed(origin: str, environ: dict) -> bool:
        host = environ.get("HTTP_HOST")
        return origin in own or origin in (f"http://{host}", f"https://{host}")

    return allowed
