"""Numbers to write to and from."""

import httpx
import pytest

from tests import factories
from tests.test_messages.numbers import Number
from tests.test_messages.talks import Talk


@pytest.fixture
def make_number(context, simulator_process):
    """`make_number(organization_id)`: an account in the simulator and its device."""

    def made(organization_id: int, **account) -> Number:
        token = f"token-{factories.number()}"
        phone_number_id = f"7{factories.number():013d}"
        fields = {"phone_number_id": phone_number_id, "access_token": token, "pair_burst": 1000, **account}
        device = factories.device(
            organization_id,
            external_account=phone_number_id,
            secrets={"access_token": token},
            config={"phone_number_id": phone_number_id, "waba_id": f"8{phone_number_id}"},
        )
        number = Number(organization_id, device, simulator_process.url)
        number.control("whatsapp/accounts", fields)
        return number

    # A desk may run on the same database for other tests: no news shall come by itself, and the
    # simulator does not know of the messages that these tests take in past it.
    switch(simulator_process, statuses=False, window="off")
    yield made
    switch(simulator_process, statuses=True, window="status")


def switch(simulator, **settings) -> None:
    """Change how the simulator behaves."""
    httpx.patch(f"{simulator.url}/_control/whatsapp/settings", json=settings).raise_for_status()


@pytest.fixture
def number(make_number, cast):
    """A number of the home organization."""
    return make_number(cast.organization_id)


@pytest.fixture
def talk(number, cast):
    """A customer of the number has written; `talk.say(…)` answers."""
    number.receive(number.message())
    return Talk(number, cast.agent, number.conversation().id)
