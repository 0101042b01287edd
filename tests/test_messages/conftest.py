"""Numbers to write to and from."""

import pytest

from tests import factories
from tests.test_messages.numbers import Number


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

    return made


@pytest.fixture
def number(make_number, cast):
    """A number of the home organization."""
    return make_number(cast.organization_id)
