"""The one socket: who may connect, which rooms the server puts them in, which event goes where.

A feature that tells open pages something has a module here with a table `SUBSCRIPTIONS` (event to
function), and a line in FEATURES.
"""

from socketio import RedisManager

from cloudchat import config, events
from cloudchat.realtime import (
    badges,
    broadcast,
    checks,
    choices,
    connected,
    core,
    line,
    notifications,
    peers,
    pipeline,
    presence,
    queue,
    templates,
)
from cloudchat.realtime.desk import Desk
from cloudchat.realtime.relay import Relay
from cloudchat.realtime.rooms import socketio
from cloudchat.realtime.visitors import Chat

CHANNEL = "cloudchat-socket"
MAX_FRAME = 64 * 1024
LAST_WORDS_SECONDS = 2.0

FEATURES = (
    core,
    badges,
    queue,
    pipeline,
    choices,
    notifications,
    templates,
    broadcast,
)

LOOPS = (
    badges.loop,
    checks.loop,
    line.ping_loop,
    notifications.loop,
    queue.loop,
    presence.loop,
    peers.loop,
)


def init(app, in_web_process: bool) -> None:
    """Bind the socket to the app; outside a web process it only writes to Redis."""
    badges.init(in_web_process)
    queue.init(in_web_process)
    notifications.init(in_web_process)
    if in_web_process:
        _serve_sockets(app)
    else:
        writer = RedisManager(config.active().redis_url, CHANNEL, write_only=True)
        socketio.init_app(None, async_mode="threading", client_manager=writer)
    for feature in FEATURES:
        for kind, handler in feature.SUBSCRIPTIONS.items():
            events.subscribe(kind, handler)


def _serve_sockets(app) -> None:
    settings = config.active()
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
    line.install()


def start_loops(app) -> None:
    """The background greenlets of a web process."""
    # Socket.IO itself would wait for the first socket; until then nobody would hear of what happens here.
    socketio.server.manager_initialized = True
    socketio.server.manager.initialize()
    for loop in LOOPS:
        socketio.start_background_task(loop, app)


def close_all() -> None:
    """Send every client away, to come back to a process that stays."""
    connected.connected.viewing.clear()  # each would ask the database whom to tell; they will say it again
    socketio.server.eio.disconnect()


def last_words() -> None:
    """Called when the last request is answered: what the loops gather and the relay holds goes out."""
    socketio.sleep(2 * badges.BADGE_INTERVAL)
    socketio.server.manager.flush(LAST_WORDS_SECONDS)


def _origins(settings: config.Config):
    """Pages of our own address may open sockets; the widget's frame is served by us as well."""
    own = {settings.public_url, f"http://localhost:{settings.port}"}
    own.add(f"http://127.0.0.1:{settings.port}")

    def allowed(origin: str, environ: dict) -> bool:
        host = environ.get("HTTP_HOST")
        return origin in own or origin in (f"http://{host}", f"https://{host}")

    return allowed
