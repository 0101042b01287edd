"""A web process that was cut off from Redis tells its pages to ask for what they missed."""

from cloudchat.extensions import redis
from tests.contracts.conftest import open_socket, socket_of  # noqa: F401


def test_pages_are_told_when_events_may_be_lost(cast, socket_of, eventually):  # noqa: F811
    """F8: the socket itself stays open, so nothing else would make the page ask."""
    page = socket_of(cast.agent)
    eventually(lambda: redis.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub"), 10)
    eventually(lambda: "missed" in page.names(), 10)
    assert not page.ended
