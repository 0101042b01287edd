"""What stands before every event that a client sends: who it is, how often, which ones."""

import structlog
from flask import request
from flask_socketio import Namespace, disconnect
from gevent.lock import BoundedSemaphore
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cloudchat import events
from cloudchat.errors import AppError
from cloudchat.realtime.connected import connected
from cloudchat.realtime.rooms import socketio
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

ADMITTED_AT_ONCE = 4  # after a restart thousands knock; requests need the database as well

admission = BoundedSemaphore(ADMITTED_AT_ONCE)


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


def id_in(payload: dict, name: str) -> int:
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
            return self._admit(*args)
        if connected.over_rate(sid):
            cut_off(sid, self.namespace)
        elif event in self.takes:
            return super().trigger_event(event, *args)
        return None

    def _admit(self, *args):
        """With the database away the answer is no, and the page comes again; without an answer it would
        wait for ever."""
        try:
            return super().trigger_event("connect", *args)
        except (OperationalError, PoolTimeout) as error:
            log.warning("socket_not_admitted", error=str(getattr(error, "orig", error))[:300])
            return False


def cut_off(sid: str, namespace: str) -> None:
    """End the connection itself; leaving only the namespace would let the same line come back."""
    line = socketio.server.manager.eio_sid_from_sid(sid, namespace)
    socketio.server.disconnect(sid, namespace=namespace)
    if line:
        socketio.server.eio.disconnect(line)
