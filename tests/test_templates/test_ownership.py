"""Whose WABA it is: what somebody types is believed only once Meta has confirmed it (H2)."""

import time

import pytest

from cloudchat.errors import ProviderError
from cloudchat.extensions import db, now
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


DEVICES = "/api/app/devices"


def typed(api, config: dict, status: int = 201) -> dict:
    """A number connected over the API; the device, or the fields that are wrong."""
    answer = api.post(DEVICES, json={"type": "wa_official", "name": "WA", "config": config})
    assert answer.status_code == status, answer.json
    return answer.json if status == 201 else answer.json["error"].get("fields", {})


def test_whoever_types_a_foreign_waba_does_not_hear_its_news(waba, cast, add, as_person):
    thief = as_person(cast.stranger)
    own = add(f"9{factories.number():014d}")
    foreign = {**own, "waba_id": waba.id}
    assert list(typed(thief, foreign, 422)) == ["config.waba_id"]
    waba.fault("error", edge="phone_numbers", code=2)  # while Meta does not say …
    made = typed(thief, foreign)
    assert verified(cast.neighbour_id, made["id"]) is None  # … it opens nothing
    assert tell(waba, "rahasia", event="APPROVED", at=int(time.time())) == 1
    assert events_of(cast.neighbour_id) == 0

    # Put right, it hears its own WABA; the foreign one stays closed.
    address = f"{DEVICES}/{made['id']}"
    assert thief.patch(address, json={"config": {"waba_id": own["waba_id"]}}).status_code == 200
    assert verified(cast.neighbour_id, made["id"]) == own["waba_id"]
    assert thief.patch(address, json={"config": {"waba_id": waba.id}}).status_code == 422
    with acting_as(cast.neighbour_id):
        connecting.look_after(made["id"])
    assert verified(cast.neighbour_id, made["id"]) == own["waba_id"]
    assert tell(waba, "rahasia", event="REJECTED", at=int(time.time()) + 1) == 1


def test_a_number_is_not_taken_by_whoever_types_it(cast, add, as_person):
    theirs, own = (add(f"9{factories.number():014d}") for _ in range(2))
    thief = as_person(cast.stranger)
    assert list(typed(thief, {**theirs, "access_token": "EAAcoba"}, 422)) == ["config.access_token"]
    other = {**own, "phone_number_id": theirs["phone_number_id"]}
    assert list(typed(thief, other, 422)) == ["config.phone_number_id"]
    made = typed(thief, own)
    address = f"{DEVICES}/{made['id']}"
    swapped = {"config": {"phone_number_id": theirs["phone_number_id"]}}
    assert thief.patch(address, json=swapped).status_code == 422
    typed(as_person(cast.admin), theirs)


@pytest.mark.parametrize("used", [False, True])
def test_taken_while_meta_was_silent_it_goes_back_to_who_proves_it(waba, cast, add, as_person, used):
    config = add(f"9{factories.number():014d}")
    number = config["phone_number_id"]
    waba.control("POST", "meta/faults", {"kind": "close", "node": number, "edge": ""})
    taken = typed(as_person(cast.stranger), {"phone_number_id": number, "access_token": "EAAcoba"})
    owner = as_person(cast.admin)
    typed(owner, config, 409)  # nobody knows yet whose it is
    with acting_as(cast.neighbour_id):
        with pytest.raises(ProviderError):
            connecting.check(taken["id"])
        row = db.session.get(Device, taken["id"])
        row.last_in_at = now() if used else None
        db.session.commit()
    typed(owner, config, 409 if used else 201)
    gone = as_person(cast.stranger).get(f"{DEVICES}/{taken['id']}").status_code == 404
    assert gone is not used


def test_a_number_of_another_waba_is_refused_where_meta_says_so(waba, cast, add, as_person):
    """The token opens this WABA, and Meta lists other numbers there."""
    known = add(waba.id)
    config = {**known, "phone_number_id": "123456789012345"}
    admin = as_person(cast.admin)
    node = config["phone_number_id"]
    waba.control("POST", "meta/faults", {"kind": "error", "code": 2, "node": node, "edge": ""})
    assert list(typed(admin, config, 422)) == ["config.waba_id"]
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
