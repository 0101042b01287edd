"""The settings of the account, and looking up costs, as programs and the page use them."""

import json

import pytest
from sqlalchemy import select, text

from cloudchat.extensions import db
from cloudchat.models import Notification, OngkirLog, OngkirSettings
from cloudchat.realtime import notifications as bell
from cloudchat.simulators.rajaongkir import Fault
from cloudchat.tenancy import acting_as
from tests.test_ongkir.conftest import KEY

URL = "/api/app/ongkir"
ASKED = {"destination": "Kota Bandung", "weight": 1200, "couriers": ["jne", "sicepat"]}


@pytest.fixture
def api(shop, as_person):
    return as_person(shop.admin)


def code_of(answer) -> str:
    return answer.json["error"]["code"]


def test_the_key_goes_in_and_never_comes_out(api, shop, as_person):
    answer = api.put(f"{URL}/settings", json={"rajaongkir_api_key": " kunci-rahasia-abcd "})
    assert answer.json["has_api_key"] and answer.json["api_key_hint"] == "••••abcd"
    assert answer.json["api_status"] == "unverified"
    for url in ("settings", "usage"):
        assert "kunci-rahasia" not in api.get(f"{URL}/{url}").text
    with acting_as(shop.organization_id):
        assert KEY not in db.session.scalar(select(OngkirSettings.rajaongkir_api_key))
        audit = db.session.execute(text("select data::text from audit_log")).scalars().all()
        assert audit and not any("kunci-rahasia" in line for line in audit)
    assert as_person(shop.agent).get(f"{URL}/settings").status_code == 403
    assert as_person(shop.manager).put(f"{URL}/settings", json={}).status_code == 403
    assert as_person(shop.stranger).get(f"{URL}/settings").json["has_api_key"] is False


def test_fields_that_are_not_named_stay(api):
    changed = api.put(f"{URL}/settings", json={"enabled_couriers": ["jne"]}).json
    assert changed["enabled_couriers"] == ["jne"] and changed["default_origin_city_name"] == "JAKARTA SELATAN"
    for body, field in (
        ({"enabled_couriers": ["pcp"]}, "enabled_couriers"),
        ({"rajaongkir_account_type": "gold"}, "rajaongkir_account_type"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"rajaongkir_api_key": "ada spasi"}, "rajaongkir_api_key"),
    ):
        answer = api.put(f"{URL}/settings", json=body)
        assert answer.status_code == 422 and field in answer.json["error"]["fields"]


def test_verify_tells_the_states_apart(api, provider):
    assert api.post(f"{URL}/verify").json["api_status"] == "active"
    provider.faults = [Fault("daily_limit")]
    assert api.post(f"{URL}/verify").json["api_status"] == "quota_exceeded"
    provider.faults = [Fault("status", times=2)]
    assert api.post(f"{URL}/verify").status_code == 503
    assert (
        api.get(f"{URL}/settings").json["api_status"] == "quota_exceeded"
    )  # trouble says nothing of the key
    api.put(f"{URL}/settings", json={"rajaongkir_api_key": "salah-salah-salah"})
    answer = api.post(f"{URL}/verify").json
    assert (answer["api_status"], answer["outcome"]) == ("invalid", "invalid")
    api.put(f"{URL}/settings", json={"rajaongkir_api_key": ""})
    assert code_of(api.post(f"{URL}/verify")) == "ongkir_no_key"


def test_costs_sorted_and_the_same_question_free(api, provider, shop):
    first = api.post(f"{URL}/cost", json=ASKED)
    assert first.status_code == 200, first.text
    costs = [row["cost"] for row in first.json["items"]]
    assert costs == sorted(costs) and set(first.json["items"][0]) >= {
        "courier",
        "courier_name",
        "service",
        "description",
        "cost",
        "etd",
    }
    calls = len(provider.calls)
    again = api.post(f"{URL}/cost", json=ASKED | {"couriers": ["sicepat", "jne"]})
    assert again.json["items"] == first.json["items"] and again.json["from_cache"]
    assert len(provider.calls) == calls
    text_for_chat = again.json["text"]
    assert (
        text_for_chat.startswith("Ongkir Jakarta Selatan ke Kota Bandung, 1,2 kg:") and "Rp" in text_for_chat
    )
    assert "JTR" not in text_for_chat and "GOKIL" not in text_for_chat and "M-100" not in text_for_chat
    use = api.get(f"{URL}/usage").json
    assert use["requests_this_month"] == 2 and use["api_calls_today"] == calls
    assert use["remaining_today"] == use["daily_limit"] - calls
    with acting_as(shop.organization_id):
        row = db.session.scalars(select(OngkirLog).order_by(OngkirLog.id)).first()
        assert (row.status, row.weight, row.cost, row.courier) == ("ok", 1200, costs[0], "jne:sicepat")


def test_kota_and_kabupaten_are_two_places(api, provider):
    for name, district in (("Kota Bandung", "BANDUNG KIDUL"), ("Kabupaten Bandung", None)):
        assert api.post(f"{URL}/cost", json=ASKED | {"destination": name}).status_code == 200, name
        sent = int(provider.calls[-1]["form"]["destination"])
        code = provider.world.search_ids[sent]
        assert code.startswith("32.73." if name.startswith("Kota") else "32.04."), district


def test_places_by_the_ids_that_were_given_out(api, provider):
    provinces = api.get(f"{URL}/provinces").json["items"]
    bali = next(one for one in provinces if one["name"] == "BALI")
    cities = api.get(f"{URL}/cities", query_string={"province_id": bali["id"]}).json["items"]
    denpasar = next(one for one in cities if one["name"] == "DENPASAR")
    answer = api.post(f"{URL}/cost", json=ASKED | {"destination": {"id": denpasar["id"]}})
    assert answer.status_code == 200 and answer.json["destination"] == "DENPASAR"
    assert provider.world.search_ids[int(provider.calls[-1]["form"]["destination"])].startswith("51.71.")
    found = api.get(f"{URL}/destinations", query_string={"q": "ngaglik"}).json["items"][0]
    assert "SLEMAN" in found["label"]
    answer = api.post(
        f"{URL}/cost", json=ASKED | {"destination": {"id": found["id"], "label": found["label"]}}
    )
    assert answer.status_code == 200
    saved = api.put(
        f"{URL}/settings",
        json={
            "default_origin_city_id": denpasar["id"],
            "default_origin_city_name": "DENPASAR",
            "default_origin_province": "BALI",
        },
    )
    assert saved.json["default_origin_city_id"] == denpasar["id"]
    assert api.post(f"{URL}/cost", json=ASKED).json["origin"] == "DENPASAR"
    assert provider.world.search_ids[int(provider.calls[-1]["form"]["origin"])].startswith("51.71.")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"weight": 0}, "weight"),
        ({"weight": -5}, "weight"),
        ({"weight": 10**9}, "weight"),
        ({"destination": ""}, "destination"),
        ({"destination": "Bandung"}, "destination"),
        ({"destination": "' OR 1=1--"}, "destination"),
        ({"destination": "%_\\"}, "destination"),
        ({"destination": {"id": 2**40}}, "destination.PlaceBody.id"),
        ({"couriers": ["gosend"]}, "couriers"),
    ],
)
def test_bad_questions_are_refused_by_field(api, change, field):
    answer = api.post(f"{URL}/cost", json=ASKED | change)
    assert answer.status_code == 422, answer.text
    assert field in answer.json["error"]["fields"]


def test_trouble_is_told_and_the_cache_goes_on(api, provider, shop):
    assert api.post(f"{URL}/cost", json=ASKED).status_code == 200
    provider.faults = [Fault("status", times=2)]
    assert code_of(api.post(f"{URL}/cost", json=ASKED | {"weight": 3000})) == "ongkir_unavailable"
    assert api.get(f"{URL}/settings").json["api_status"] == "active"
    provider.faults = [Fault("daily_limit")]
    answer = api.post(f"{URL}/cost", json=ASKED | {"weight": 4000})
    assert (answer.status_code, code_of(answer)) == (429, "ongkir_quota_exceeded")
    assert int(answer.headers["Retry-After"]) > 0
    calls = len(provider.calls)
    assert api.post(f"{URL}/cost", json=ASKED | {"weight": 5000}).status_code == 429
    assert len(provider.calls) == calls  # it would say the same all day
    assert api.post(f"{URL}/cost", json=ASKED).status_code == 200  # known from before
    assert api.get(f"{URL}/usage").json["remaining_today"] == 0
    with acting_as(shop.organization_id):
        statuses = db.session.scalars(select(OngkirLog.status).order_by(OngkirLog.id)).all()
    assert statuses == ["ok", "unavailable", "quota_exceeded", "quota_exceeded", "ok"]
    bell.tell(shop.organization_id)
    with acting_as(shop.organization_id):
        kinds = db.session.execute(select(Notification.kind, Notification.user_id)).all()
    assert ("ongkir_quota", shop.admin.id) in [tuple(row) for row in kinds]


def test_the_key_is_in_no_answer_and_no_log(api, provider, shop, capsys):
    provider.faults = [Fault("html", times=2)]
    said = api.post(f"{URL}/cost", json=ASKED).text + "".join(capsys.readouterr())
    with acting_as(shop.organization_id):
        rows = [row.__dict__ for row in db.session.scalars(select(OngkirLog))]
    assert KEY not in said + json.dumps(rows, default=str)


def test_parse_answers_in_the_providers_spelling(api):
    answer = api.post(f"{URL}/parse", json={"text": "cek ongkir dr jaksel ke dps 1,5 kg jne"}).json
    assert answer == {
        "is_ongkir_question": True,
        "origin": "JAKARTA SELATAN",
        "destination": "DENPASAR",
        "weight_grams": 1500,
        "couriers": ["jne"],
        "missing": [],
        "ambiguous": [],
    }
    assert api.post(f"{URL}/parse", json={"text": "ongkir ke bandung"}).json["missing"] == ["weight"]
    assert api.post(f"{URL}/parse", json={"text": "ongkir ke bandung"}).json["ambiguous"] == ["destination"]
    assert api.post(f"{URL}/parse", json={"text": "halo"}).json["missing"] == []
