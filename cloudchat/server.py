"""The web server: gevent's pywsgi on a shared port, and an orderly end."""

import gc
import logging
import signal
import socket

import structlog
from flask import Flask
from gevent import pywsgi, signal_handler, sleep
from gevent.socket import wait_read, wait_readwrite, wait_write
from psycopg import waiting
from psycopg.waiting import Ready, Wait

from cloudchat import config
from cloudchat.connections import Handler, close_waiting
from cloudchat.realtime import serving

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 10
WAITS = {Wait.R: wait_read, Wait.W: wait_write, Wait.RW: wait_readwrite}
READY = {Wait.R: Ready.R, Wait.W: Ready.W, Wait.RW: Ready.RW}


def wait_for_database(steps, fileno: int, interval: float = 0.0, timeout: float | None = None):
    """psycopg's wait, on gevent's own watchers: its general one builds a poll object for each query.

    Only a limited wait (a cancelled query) is left to psycopg's own function.
    """
    if timeout is not None:
        return waiting.wait_poll(steps, fileno, interval, timeout)
    try:
        wanted = next(steps)
        while True:
            WAITS[wanted](fileno)
            wanted = steps.send(READY[wanted])
    except StopIteration as done:
        return done.value


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
    waiting.wait = wait_for_database
    serving.start_loops(app)
    server = pywsgi.WSGIServer(
        listener(config.active().port),
        app,
        handler_class=Handler,
        log=None,
        error_log=logging.getLogger("http"),
        spawn=20_000,
    )
    server.stop_timeout = DRAIN_SECONDS

    def stop() -> None:
        log.info("stopping")
        server.ending = True
        server.close()
        close_waiting()
        serving.close_all()
        sleep(0)
        server.stop()

    signal_handler(signal.SIGTERM, stop)
    signal_handler(signal.SIGINT, stop)
    gc.freeze()  # what is there now stays: the collector need not walk through it again and again
    gc.enable()
    log.info("serving", port=config.active().port)
    server.serve_forever()
    serving.last_words()
