"""The web server: gevent's pywsgi with Nagle's delay off, and an orderly end."""

import signal
import socket

import structlog
from flask import Flask
from gevent import pywsgi, signal_handler, sleep

from cloudchat import config, realtime

log = structlog.get_logger(__name__)

HEADER_SECONDS = 15  # how long a client may take to send a request line, headers or body
DRAIN_SECONDS = 10


class Handler(pywsgi.WSGIHandler):
    """A connection that does not wait 40 ms for small answers to fill a packet."""

    def __init__(self, sock, address, server):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, address, server)


def listener(port: int) -> socket.socket:
    """A listening socket that several processes may share."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("0.0.0.0", port))
    made.listen(1024)
    made.setblocking(False)
    return made


def serve(app: Flask) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way."""
    realtime.start_loops(app)
    server = pywsgi.WSGIServer(
        listener(config.active().port), app, handler_class=Handler, log=None, spawn=20_000
    )
    server.stop_timeout = DRAIN_SECONDS

    def stop() -> None:
        log.info("stopping")
        server.close()
        sleep(0)
        server.stop()

    signal_handler(signal.SIGTERM, stop)
    signal_handler(signal.SIGINT, stop)
    log.info("serving", port=config.active().port)
    server.serve_forever()
