"""The one socket: who may connect, which rooms the server puts them in, which event goes where.

A feature that tells open pages something has a module here with a table `SUBSCRIPTIONS` (event to
function), and a line in FEATURES.
"""

from socketio import RedisManager

from cloudchat import config, events
from cloudchat.realtime import badges, checks, choices, core, pipeline, presence
from cloudchat.realtime.desk import Desk
from cloudchat.realtime.rooms import socketio
from cloudchat.realtime.visitors import Chat
from cloudchat.relay import Relay

CHANNEL = "cloudchat-socket"
MAX_FRAME = 64 * 1024

FEATURES = (
    core,
    badges,
    pipeline,
    choices,
)


def init(app, in_web_process: bool) -> None:
    """Bind the socket to the app; outside a web process it only writes to Redis."""
    badges.init(in_web_process)
    if in_web_process:
        _serve_sockets(app)
    else:
        queue = RedisManager(config.active().redis_url, CHANNEL, write_only=True)
        socketio.init_app(None, async_mode="threading", client_manager=queue)
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
    limit_frames(socketio.server.eio)


def limit_frames(server) -> None:
    """Refuse a frame as soon as it grows too large; Engine.IO alone looks when it has all of it."""
    original = server._async["websocket"]

    class Limited(original):
        def __init__(self, handler, server):
            super().__init__(handler, server)
            self.server_args["max_message_size"] = MAX_FRAME

    server._async = {**server._async, "websocket": Limited}


def start_loops(app) -> None:
    """The background greenlets of a web process."""
    for loop in (badges.loop, checks.loop, presence.loop):
        socketio.start_background_task(loop, app)


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
