"""A webhook of an organization, and the program that it calls."""

import pytest

from cloudchat.services.webhooks import endpoints, sending
from cloudchat.services.webhooks.kinds import EVENTS
from cloudchat.tenancy import acting_as

SECRET = "rahasia-webhook"


@pytest.fixture
def hook(cast, receiver):
    """The id of a webhook that wants everything."""
    with acting_as(cast.organization_id):
        values = {"url": receiver.url, "events": list(EVENTS), "secret": SECRET}
        return endpoints.create(values, None)[0].id


@pytest.fixture
def send(cast):
    """`send()`: what a worker does, at once."""

    def run():
        with acting_as(cast.organization_id):
            return sending.deliver()

    return run
