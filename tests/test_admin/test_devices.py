"""The devices screen: connecting by kind, secrets that only go in, health, testing, removing."""

import httpx
import pytest
from sqlalchemy import select

from admin.device_fields import TYPES
from cloudchat.channels import CHANNELS
from cloudchat.errors import ProviderError
from cloudchat.extensions import db
from cloudchat.models import Device
from cloudchat.services import claims, secrets
from cloudchat.services.device_fields import FIELDS
from cloudchat.tenancy import acting_as
from tests import factories

SECRET = "EAAG-sangat-rahasia"


def device_of(organization_id: int) -> Device:
    with acting_as(organization_id):
        return db.session.scalars(select(Device).order_by(Device.id.desc())).first()


@pytest.fixture
def whatsapp(simulator_process):
    """`whatsapp(name="…")`: what an admin enters for a number that Meta knows."""

    def form(**values) -> dict:
        number = f"9{factories.number():012d}"
        known = {"phone_number_id": number, "waba_id": f"8{number}", "access_token": SECRET}
        httpx.post(f"{simulator_process.url}/_control/whatsapp/accounts", json=known).raise_for_status()
        return {"name": "WA Toko", **known, **values}

    return form


def test_the_create_page_offers_the_kinds_that_exist(home, browser):
    page = browser(home).get("/admin/devices/new/").text
    assert set(FIELDS) <= set(TYPES)
    for kind in TYPES:
        assert (f"type={kind}" in page) == (kind in FIELDS)


def test_a_device_is_connected_and_its_secret_never_shown(home, browser, whatsapp):
    mine = browser(home)
    answer = mine.post("/admin/devices/new/?type=wa_official", whatsapp())
    device = device_of(home.organization_id)

    assert answer.location == f"/admin/devices/details/?id={device.id}"
    assert secrets.decrypt(device.secrets) == {"access_token": SECRET}
    for page in ("", f"details/?id={device.id}", f"edit/?id={device.id}"):
        assert SECRET not in mine.get(f"/admin/devices/{page}").text
    assert "/webhooks/meta" in mine.get(f"/admin/devices/details/?id={device.id}").text


def test_a_refused_secret_is_not_sent_back(home, browser, whatsapp):
    answer = browser(home).post("/admin/devices/new/?type=wa_official", whatsapp(name=""))
    assert answer.status_code == 422
    assert SECRET not in answer.text


@pytest.mark.parametrize("missing", ["name", "phone_number_id", "access_token"])
def test_what_a_kind_needs_is_asked_for(missing, home, browser, whatsapp):
    answer = browser(home).post("/admin/devices/new/?type=wa_official", whatsapp(**{missing: " "}))
    assert answer.status_code == 422
    assert f'id="{missing}-error"' in answer.text


def test_the_pace_is_set_within_what_the_provider_allows(home, browser, whatsapp):
    mine = browser(home)
    for wrong in ("0", "1001", "banyak", "nan", "-5"):
        sent = whatsapp(messages_per_second=wrong)
        refused = mine.post("/admin/devices/new/?type=wa_official", sent)
        assert refused.status_code == 422 and 'id="messages_per_second-error"' in refused.text, wrong
    mine.post("/admin/devices/new/?type=wa_official", whatsapp(messages_per_second="20"))
    assert claims.rate_of(device_of(home.organization_id)) == 20
    mine.post("/admin/devices/new/?type=wa_official", whatsapp(messages_per_second=""))
    assert claims.rate_of(device_of(home.organization_id)) == 80


@pytest.mark.parametrize("kind", ["", "sms", "../x", "organization_id"])
def test_an_unknown_kind_makes_nothing(kind, home, browser, whatsapp):
    assert browser(home).post(f"/admin/devices/new/?type={kind}", whatsapp()).status_code == 404
    assert device_of(home.organization_id) is None


def test_an_empty_secret_keeps_the_old_one(home, browser, whatsapp, simulator_process):
    mine = browser(home)
    mine.post("/admin/devices/new/?type=wa_official", whatsapp())
    device = device_of(home.organization_id)
    account = {key: device.config[key] for key in ("phone_number_id", "waba_id")}
    given = {**account, "name": "Baru", "access_token": "", "is_active": "y"}

    mine.post(f"/admin/devices/edit/?id={device.id}", given)
    kept = device_of(home.organization_id)
    assert (kept.name, secrets.decrypt(kept.secrets)) == ("Baru", {"access_token": SECRET})

    fresh = {**given, "access_token": "baru"}
    refused = mine.post(f"/admin/devices/edit/?id={device.id}", fresh)
    assert refused.status_code == 422 and 'id="access_token-error"' in refused.text
    renewed = {**account, "access_token": "baru"}
    httpx.post(f"{simulator_process.url}/_control/whatsapp/accounts", json=renewed).raise_for_status()
    mine.post(f"/admin/devices/edit/?id={device.id}", fresh)
    assert secrets.decrypt(device_of(home.organization_id).secrets) == {"access_token": "baru"}


def test_a_web_chat_shows_its_address_and_snippet(home, browser):
    mine = browser(home)
    settings = {
        "name": "Web",
        "color": "#112233",
        "welcome": "Halo",
        "allowed_origins": "https://toko.example",
    }
    mine.post("/admin/devices/new/?type=webchat", settings)
    device = device_of(home.organization_id)
    page = mine.get(f"/admin/devices/details/?id={device.id}").text
    assert f"/chat/{device.public_key}" in page
    assert f"data-key=&#34;{device.public_key}&#34;" in page
    assert device.config["welcome"] == "Halo"
    assert "https://toko.example" in mine.get(f"/admin/devices/edit/?id={device.id}").text


def test_an_account_is_connected_only_once(home, browser, cast, whatsapp):
    device = factories.device(cast.neighbour_id)
    answer = browser(home).post(
        "/admin/devices/new/?type=wa_official", whatsapp(phone_number_id=device.external_account)
    )
    assert answer.status_code == 422
    assert device_of(home.organization_id) is None


def test_a_working_connection_is_said_to_work(home, browser, simulator_process):
    httpx.post(f"{simulator_process.url}/_control/reset")
    device = factories.device(home.organization_id, external_account="106540352242922")
    answer = browser(home).post("/admin/devices/check/", {"id": device.id})
    assert answer.status_code == 200
    assert "alert-success" in answer.text


def test_a_dead_token_is_noted(home, browser, monkeypatch):
    def check(_self, _account):
        raise ProviderError("Session <b>expired</b>", code=190, permanent=True, reauth=True)

    monkeypatch.setattr(type(CHANNELS["wa_official"]), "check", check)
    device = factories.device(home.organization_id)
    answer = browser(home).post("/admin/devices/check/", {"id": device.id})

    assert "alert-danger" in answer.text
    assert "<b>expired" not in answer.text
    assert device_of(home.organization_id).status == "needs_reauth"


def test_removing_names_what_happens_and_keeps_conversations(home, browser):
    conversation = factories.conversation(home.organization_id)
    mine = browser(home)
    page = mine.get(f"/admin/devices/details/?id={conversation.device_id}").text
    assert "data-confirm=" in page

    mine.post("/admin/devices/delete/", {"id": conversation.device_id})
    gone = device_of(home.organization_id)
    assert (gone.deleted_at is not None, gone.secrets) == (True, None)
    assert mine.get(f"/admin/devices/details/?id={gone.id}").status_code == 404
    assert mine.client.get(f"/api/app/inbox/conversations/{conversation.id}").status_code == 200


def test_a_token_that_meta_refuses_is_said_beside_its_field(home, browser, whatsapp):
    answer = browser(home).post("/admin/devices/new/?type=wa_official", whatsapp(access_token="EAAsalah"))
    assert answer.status_code == 422
    assert 'id="access_token-error"' in answer.text
    assert device_of(home.organization_id) is None
