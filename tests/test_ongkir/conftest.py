"""What the shipping cost tests share: the simulated provider, and an organization with a key."""

import pytest

from cloudchat.clients import rajaongkir
from cloudchat.services.ongkir import accounts
from cloudchat.tenancy import acting_as
from tests import factories

KEY = "kunci-rahasia-"


@pytest.fixture
def provider(simulator_process):
    """The simulated RajaOngkir, as freshly started."""
    state = simulator_process.providers["rajaongkir"].state
    state.reset()
    rajaongkir.breaker.reset()
    yield state
    state.reset()
    rajaongkir.breaker.reset()


@pytest.fixture
def shop(cast, provider):
    """The cast's organization, which sends from Jakarta Selatan and answers customers."""
    with acting_as(cast.organization_id):
        accounts.save(
            {
                "api_key": f"{KEY}{factories.number()}",
                "default_origin_city_name": "JAKARTA SELATAN",
                "default_origin_province": "DKI JAKARTA",
                "enabled_couriers": ["jne", "sicepat", "lion"],
                "is_active": True,
            }
        )
    return cast
