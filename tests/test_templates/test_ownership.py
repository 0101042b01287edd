"""Whose WABA it is: what somebody types is believed only once Meta has confirmed it (H2)."""

import time

import pytest

from cloudchat.extensions import db
from cloudchat.models import Device, WebhookEvent
from cloudchat.services import connecting
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_templates.test_syncing import tell


def verified(organization_id: int, device_id: int) -> str | None:
    with acting_as(organization_id):
        return db.session.get(Device, device_id, populate_existing=True).verified_waba


def events_of(organization_id: int) -> int:
    with acting_as(organization_id):
        return db.session.scalar(db.select(db.func.count(WebhookEvent.id)))


@pytest.fixture
def add(waba):
    """`add(waba_id)`: another number in the simulator, as the config that somebody would type."""

    def made(waba_id: str) -> dict:
        number = f"7{factories.number():013d}"
        config = {"phone_number_id": number, "waba_id": waba_id, "access_token": f"token-{number}"}
        waba.control("POST", "whatsapp/accounts", config)
        return config

    return made


def test_whoever_types_a_foreign_waba_does_not_hear_its_news(waba, cast, add, as_person):
    thief = as_person(cast.stranger)
    own = add(f"9{factories.number():014d}")
    body = {"type": "wa_official", "name": "Curian", "config": {**own, "waba_id": waba.id}}
    made = thief.post("/api/app/devices", json=body)
    assert made.status_code == 201  # a wrong id is no reason to lose the number …
    assert verified(cast.neighbour_id, made.json["id"]) is None  # … but opens nothing
    assert tell(waba, "rahasia", event="APPROVED", at=int(time.time())) == 1
    assert events_of(cast.neighbour_id) == 0

    # Put right, it hears its own WABA; with the foreign one again, that too is over.
    address = f"/api/app/devices/{made.json['id']}"
    assert thief.patch(address, json={"config": {"waba_id": own["waba_id"]}}).status_code == 200
    assert verified(cast.neighbour_id, made.json["id"]) == own["waba_id"]
    thief.patch(address, json={"config": {"waba_id": waba.id}})
    assert verified(cast.neighbour_id, made.json["id"]) is None
    with acting_as(cast.neighbour_id):
        connecting.look_after(made.json["id"])
    assert verified(cast.neighbour_id, made.json["id"]) is None
    assert tell(waba, "rahasia", event="REJECTED", at=int(time.time()) + 1) == 1


def test_a_number_of_another_waba_is_refused_where_meta_says_so(waba, cast, add, as_person):
    """The token opens this WABA, and Meta lists other numbers there."""
    known = add(waba.id)
    config = {**known, "phone_number_id": "123456789012345"}
    admin = as_person(cast.admin)
    refused = admin.post("/api/app/devices", json={"type": "wa_official", "name": "Salah", "config": config})
    assert refused.status_code == 422
    assert list(refused.json["error"]["fields"]) == ["config.waba_id"]
    made = admin.post("/api/app/devices", json={"type": "wa_official", "name": "WA", "config": known})
    assert made.status_code == 201 and verified(cast.organization_id, made.json["id"]) == waba.id
    assert known["access_token"] not in made.text
    taken = as_person(cast.stranger).post(
        "/api/app/devices", json={"type": "wa_official", "name": "Lagi", "config": known}
    )
    assert taken.status_code == 409


def test_a_token_that_reads_the_templates_is_proof_where_the_numbers_are_not_told(waba):
    with acting_as(waba.organization_id):
        db.session.get(Device, waba.device.id).verified_waba = None
        db.session.commit()
    assert tell(waba, "promo", event="APPROVED", at=int(time.time())) == 0
    waba.fault("error", edge="phone_numbers", code=2, times=2)
    waba.sync()
    assert verified(waba.organization_id, waba.device.id) == waba.id
    assert tell(waba, "promo", event="APPROVED", at=int(time.time())) == 1
