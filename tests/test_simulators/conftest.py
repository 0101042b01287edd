"""The simulators in this process, and a receiver that plays the app behind the webhook address."""

import pytest

from cloudchat import simulators

from .simulator_tools import Receiver, Simulator


@pytest.fixture(scope="session")
def webhook_receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
def simulator_server(webhook_receiver):
    server = simulators.serve(webhook_url=webhook_receiver.url)
    yield Simulator(server)
    server.stop()


@pytest.fixture
def receiver(webhook_receiver):
    webhook_receiver.posts.clear()
    webhook_receiver.statuses.clear()
    webhook_receiver.delay = 0.0
    return webhook_receiver


@pytest.fixture
def simulator(simulator_server, receiver):
    """Freshly reset, without the delays that a person would see."""
    simulator_server.server.reset()
    simulator_server.settings(sent_delay=0.0, delivered_delay=0.02, read_delay=0.04, window="off")
    simulator_server.control("meta/app", {"retry_base": 0.05}, "PATCH")
    receiver.posts.clear()
    return simulator_server
