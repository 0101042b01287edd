"""The one socket: who may connect, which rooms the server puts them in, which event goes where.

A feature that tells open pages something has a module here with a table `SUBSCRIPTIONS` (event to
function), and a line in FEATURES. What only a web process needs is in `serving.py`.
"""

from socketio import RedisManager

from cloudchat import config, events
from cloudchat.realtime import (
    badges,
    broadcast,
    choices,
    core,
    notifications,
    pipeline,
    queue,
    templates,
)
from cloudchat.realtime.rooms import CHANNEL, socketio

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


def init(app, in_web_process: bool) -> None:
    """Bind the socket to the app; outside a web process it only writes to Redis."""
    badges.init(in_web_process)
    queue.init(in_web_process)
    notifications.init(in_web_process)
    if in_web_process:
        from cloudchat.realtime import serving

        serving.bind(app)
    else:
        writer = RedisManager(config.active().redis_url, CHANNEL, write_only=True)
        socketio.init_app(None, async_mode="threading", client_manager=writer)
    for feature in FEATURES:
        for kind, handler in feature.SUBSCRIPTIONS.items():
            events.subscribe(kind, handler)
