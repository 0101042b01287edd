"""An Engine.IO server on our transport that repeats what it hears. Prints its port.

`flood` gets it 400 large messages, `count` the number of open lines, `leave` is the server's goodbye.
"""

import engineio
import gevent.monkey

gevent.monkey.patch_all()

from gevent import pywsgi, spawn  # noqa: E402

from cloudchat.connections import Handler  # noqa: E402
from cloudchat.realtime import line  # noqa: E402
from cloudchat.server import listener  # noqa: E402

LIMIT = 64 * 1024
PING_INTERVAL, PING_TIMEOUT = 1.0, 1.0  # seconds

line.install()
line.PING_STEP = 0.1
server = engineio.Server(
    async_mode="gevent",
    transports=["websocket"],
    max_http_buffer_size=LIMIT,
    ping_interval=PING_INTERVAL,
    ping_timeout=PING_TIMEOUT,
)


@server.on("message")
def repeat(sid, message):
    if message == "flood":
        for _ in range(400):
            server.send(sid, "x" * 50_000)
    elif message == "leave":
        server.disconnect(sid)
    elif message == "count":
        server.send(sid, str(len(server.sockets)))
    else:
        server.send(sid, message)


if __name__ == "__main__":
    web = pywsgi.WSGIServer(listener(0), engineio.WSGIApp(server), handler_class=Handler, log=None)
    web.start()
    spawn(line.ping_loop, None)
    print(web.server_port, flush=True)
    web.serve_forever()
