"""A web process that was cut off from Redis tells its pages to ask for what they missed."""

from cloudchat.extensions import redis
from cloudchat.realtime import peers
from tests.contracts.conftest import open_socket, socket_of  # noqa: F401


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
