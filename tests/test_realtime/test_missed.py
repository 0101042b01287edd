"""A web process that was cut off from Redis tells its pages to ask for what they missed."""

import contextlib
import os
import subprocess
import sys

import httpx

from cloudchat.extensions import redis
from cloudchat.realtime import CHANNEL, peers
from cloudchat.realtime.relay import Relay
from tests.conftest import ROOT, free_port
from tests.contracts.conftest import open_socket, socket_of  # noqa: F401
from tests.test_jobs.test_jobs import redis_at


def test_pages_are_told_when_events_may_be_lost(cast, socket_of, eventually):  # noqa: F811
    """F8: the socket itself stays open, so nothing else would make the page ask."""
    page = socket_of(cast.agent)
    eventually(lambda: redis.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub"), 10)
    eventually(lambda: "missed" in page.names(), 10)
    assert not page.ended


def test_pages_are_told_when_another_web_process_is_gone(cast, socket_of, eventually):  # noqa: F811
    """F2: it may have died between its commit and the telling."""
    page = socket_of(cast.agent)
    eventually(lambda: len(peers.alive()) > 1, 10)  # this process gives one sign of life, and no more
    eventually(lambda: "missed" in page.names(), 20)
    assert not page.ended


def test_pages_of_others_are_told_when_what_was_said_did_not_get_out(settings, cast, socket_of, eventually):  # noqa: F811
    """F8, F32: only the process that speaks was cut off, so nobody else notices that something is missing."""
    page = socket_of(cast.agent)
    relay = Relay(settings[0].redis_url, CHANNEL)
    with redis_at(f"redis://127.0.0.1:{free_port()}/0"):
        relay._send([b"{}"])
        relay._send([relay._waiting.popleft() for _ in range(2)])  # still away
    before = page.names().count("missed")
    relay._send(list(relay._waiting))
    eventually(lambda: page.names().count("missed") > before, 10)


def test_a_process_without_sockets_is_heard_by_the_others(desk, settings, cast, make, socket_of, eventually):  # noqa: F811
    """F30: it has just started, or takes webhooks and nothing else."""
    page = socket_of(cast.agent)
    conversation = make.conversation(cast.organization_id)
    port = free_port()
    env = {**os.environ, **settings[1], "PORT": str(port), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "wsgi.py"], cwd=ROOT, env=env)
    url = f"http://127.0.0.1:{port}/api/app/inbox/conversations/{conversation.id}/messages"

    def written() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.post(url, json={"text": "Halo"}, headers=cast.agent.headers).status_code == 201
        return False

    try:
        eventually(written, 60)
        eventually(lambda: "message:new" in page.names(), 10)
    finally:
        process.terminate()
        process.wait(20)
