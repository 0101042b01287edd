"""Bodies of the API that are no JSON or name what nobody may choose (H6, H31, H34)."""

import httpx
import pytest

from tests import factories


@pytest.fixture
def admin(cast, as_person):
    return as_person(cast.admin)


# --- devices (H31, H34) ------------------------------------------------------------------------

CONFIGS = [
    {"phone_number_id": "../../me", "access_token": "a"},
    {"phone_number_id": "1/../2", "access_token": "a"},
    {"phone_number_id": "http://169.254.169.254/", "access_token": "a"},
    {"phone_number_id": {"a": 1}, "access_token": "a"},
    {"phone_number_id": "1" * 400, "access_token": "a"},
    {"phone_number_id": "123", "access_token": {"a": 1}},
    {"phone_number_id": "123", "access_token": "a" * 100_000},
    {"phone_number_id": "123", "waba_id": "..", "access_token": "a"},
    {"phone_number_id": "", "access_token": "a"},
    {"access_token": "a"},
    {},
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: str(config)[:50])
def test_h31_a_device_takes_no_address_for_an_account(admin, config):
    sent = {"type": "wa_official", "name": "A", "config": config}
    answer = admin.post("/api/app/devices", json=sent)
    assert answer.status_code == 422
    assert all(name.startswith("config.") for name in answer.json["error"]["fields"])


@pytest.fixture
def known_number(simulator_process):
    """A number that its token opens at Meta, as the config that somebody would type."""
    number = str(factories.number())
    config = {"phone_number_id": number, "access_token": f"rahasia-{number}"}
    account = {**config, "waba_id": f"9{number}"}
    httpx.post(
        f"{simulator_process.url}/_control/whatsapp/accounts", json=account, timeout=10
    ).raise_for_status()
    return config


def test_h34_no_address_of_a_provider_comes_from_a_client(admin, cast, known_number):
    """Fields that would lead our calls elsewhere are dropped."""
    config = {
        **known_number,
        "graph_url": "http://127.0.0.1:6379",
        "base_url": "http://169.254.169.254",
        "version": "../..",
    }
    made = admin.post("/api/app/devices", json={"type": "wa_official", "name": "A", "config": config})
    assert made.status_code == 201
    assert set(made.json["config"]) == {"phone_number_id"} and "rahasia" not in made.text


CHAT_CONFIGS = [
    {"color": "red;background:url(//evil)"},
    {"color": "expression(alert(1))"},
    {"color": {"a": 1}},
    {"welcome": "x" * 100_000},
    {"welcome": ["a"]},
    {"allowed_origins": "https://a.test"},
    {"allowed_origins": ["*"]},
    {"allowed_origins": ["javascript:alert(1)"]},
    {"allowed_origins": ["https://a.test/path"]},
    {"allowed_origins": [1]},
    {"allowed_origins": ["https://a.test"] * 1000},
]


@pytest.mark.parametrize("config", CHAT_CONFIGS, ids=lambda config: str(config)[:50])
def test_h13_a_web_chats_look_takes_no_code(admin, config):
    sent = {"type": "webchat", "name": "A", "config": config}
    answer = admin.post("/api/app/devices", json=sent)
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:  # kept as the text that it is
        page = answer.json["chat_url"].split("/chat/")[1]
        assert "url(//evil" not in admin.get(f"/chat/{page}").text


def test_an_account_is_connected_once_in_the_whole_installation(as_person, cast, known_number):
    sent = {"type": "wa_official", "name": "A", "config": known_number}
    assert as_person(cast.stranger).post("/api/app/devices", json=sent).status_code == 201
    taken = as_person(cast.admin).post("/api/app/devices", json=sent)
    assert (taken.status_code, taken.json["error"]["code"]) == (409, "account_in_use")


# --- bodies ------------------------------------------------------------------------------------

RAW = {
    "not JSON": (b"{", "application/json", 400),
    "deep": (b"[" * 100_000, "application/json", 400),
    "deep objects": (b'{"a":' * 100_000, "application/json", 400),
    "NaN": (b'{"name": NaN}', "application/json", 400),
    "infinite": (b'{"name": -Infinity}', "application/json", 400),
    "long number": (b'{"name": ' + b"9" * 10_000 + b"}", "application/json", 400),
    "NUL": (b'{"name": "a\\u0000"}', "application/json", 400),
    "lone surrogate": (b'{"name": "\\ud800"}', "application/json", 400),
    "raw surrogate": (b'{"name": "\xed\xa0\x80"}', "application/json", 400),
    "utf-16": ('{"name": "a"}'.encode("utf-16"), "application/json", 400),
    "a list": (b"[1]", "application/json", 422),
    "a text": (b'"x"', "application/json", 422),
    "null": (b"null", "application/json", 422),
    "as text": (b'{"name": "a"}', "text/plain", 415),
    "a form": (b"name=a", "application/x-www-form-urlencoded", 415),
    "xml": (b"<a/>", "application/xml", 415),
    "no type": (b'{"name": "a"}', None, 415),
    "multipart": (b"--x--", "multipart/form-data; boundary=x", 415),
    "nothing": (b"", "application/json", 422),
}


@pytest.mark.parametrize("kind", RAW)
def test_h6_bodies_of_the_api(admin, kind):
    data, content_type, expected = RAW[kind]
    answer = admin.post("/api/app/labels", data=data, content_type=content_type)
    assert answer.status_code == expected and answer.json["error"]["code"]


def test_h6_what_is_no_json_changes_nothing(admin, cast, make):
    contact = make.contact(cast.organization_id, "Budi")
    url = f"/api/app/contacts/{contact.id}"
    for data, content_type, _ in RAW.values():
        if data:
            assert admin.patch(url, data=data, content_type=content_type).status_code >= 400
    assert admin.get(url).json["name"] == "Budi"


def test_the_same_key_does_a_thing_once(admin, cast, make):
    talk = make.conversation(cast.organization_id, make.device(cast.organization_id, "webchat", config={}))
    url = f"/api/app/inbox/conversations/{talk.id}/messages"
    first, again = (
        admin.post(url, json={"text": "halo"}, headers={"Idempotency-Key": "k1"}) for _ in range(2)
    )
    assert first.status_code == again.status_code == 201 and first.json == again.json
    other = admin.post(url, json={"text": "lain"}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json["error"]["code"]) == (422, "key_reused")
    assert len(admin.get(url).json["items"]) == 1
    long = admin.post(url, json={"text": "a"}, headers={"Idempotency-Key": "x" * 201})
    assert long.status_code == 422
