"""A socket of the running desk, as one person has it."""

import pytest
import socketio


class Socket:
    """A connected client that remembers all it hears."""

    def __init__(self, url: str, namespace: str = "/", **connect):
        self.heard: list[tuple[str, object]] = []
        self.ended = False
        self.namespace = namespace
        self.client = socketio.Client(reconnection=False)
        self.client.on(
            "*",
            lambda event, *args: self.heard.append((event, args[0] if args else None)),
            namespace=namespace,
        )
        self.client.on("disconnect", self._end, namespace=namespace)
        self.client.connect(url, transports=["websocket"], namespaces=[namespace], **connect)

    def _end(self, *_):
        self.ended = True

    def call(self, event: str, payload=None):
        """Send an event and wait for its answer."""
        return self.client.call(event, payload, namespace=self.namespace, timeout=5)

    def names(self) -> list[str]:
        return [event for event, _ in self.heard]


@pytest.fixture
def open_socket(desk):
    """`open_socket(auth={"token": …}, headers=…, namespace="/chat")`"""
    opened = []

    def open_one(**connect):
        opened.append(Socket(desk, **connect))
        return opened[-1]

    yield open_one
    for socket in opened:
        socket.client.disconnect()


@pytest.fixture
def socket_of(open_socket):
    """`socket_of(cast.agent)`: connected by the person's API token."""
    return lambda person: open_socket(auth={"token": person.token})
