"""The socket of a web process: connections of pages and visitors, and the loops that serve them all."""

from cloudchat import config
from cloudchat.realtime import badges, checks, connected, line, notifications, peers, presence, queue
from cloudchat.realtime.desk import Desk
from cloudchat.realtime.relay import Relay
from cloudchat.realtime.rooms import CHANNEL, socketio
from cloudchat.realtime.visitors import Chat

MAX_FRAME = 64 * 1024
LAST_WORDS_SECONDS = 2.0

LOOPS = (
    badges.loop,
    checks.loop,
    line.ping_loop,
    notifications.loop,
    queue.loop,
    presence.loop,
    peers.loop,
)


def bind(app) -> None:
    """Let pages and visitors connect to the app."""
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
