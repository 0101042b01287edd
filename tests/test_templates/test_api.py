"""Templates over the API: made, changed, deleted at Meta; what a device can send; sent as an answer."""

from datetime import timedelta

import pytest

from cloudchat.extensions import now
from tests import factories
from tests.conftest import wait_until
from tests.test_templates.conftest import parts

URL = "/api/app/meta-templates"
OWN = "/api/app/message-templates"


@pytest.fixture
def admin(as_person, cast):
    return as_person(cast.admin)


def error_of(answer, status: int) -> dict:
    assert answer.status_code == status, answer.json
    return answer.json["error"]


# --- Meta's ------------------------------------------------------------------------------------


def test_a_template_is_made_there_and_read_here(waba, admin):
    answer = admin.post(URL, json=waba.body("pesanan_1"))
    assert answer.status_code == 201, answer.json
    made = answer.json
    assert (made["status"], made["category"], made["waba_id"]) == ("PENDING", "UTILITY", waba.id)
    assert made["meta_id"] == waba.there()[0]["id"]
    assert made["device"] == {"id": waba.device.id, "name": waba.device.name}
    assert [field["key"] for field in made["fields"]] == ["1", "2"]
    assert admin.get(f"{URL}/{made['id']}").json["name"] == "pesanan_1"
    assert error_of(admin.post(URL, json=waba.body("pesanan_1")), 409)["code"] == "template_exists"


def test_our_refusal_names_fields_and_metas_comes_in_its_words(waba, admin):
    told = error_of(admin.post(URL, json=waba.body(components=parts("{{1}} halo"))), 422)
    assert "body" in told["fields"] and waba.there() == []
    dense = parts("a {{1}} b {{2}} c", {"body_text": [["x", "y"]]})
    told = error_of(admin.post(URL, json=waba.body("padat", components=dense)), 422)
    assert told["code"] == "provider_refused"
    assert told["message"] == "Terlalu banyak variabel untuk panjang teks ini."
    assert told["provider_code"] == 2388293 and waba.rows() == {}


@pytest.mark.parametrize("kind", ["close_after", "truncate", "error_after"])
def test_a_lost_answer_is_looked_up_and_never_made_twice(waba, admin, kind):
    waba.fault(kind, edge="message_templates")
    answer = admin.post(URL, json=waba.body("sekali"))
    assert answer.status_code == 201 and answer.json["status"] == "PENDING"
    assert [item["id"] for item in waba.there()] == [answer.json["meta_id"]]


def test_an_unknown_outcome_is_settled_by_the_list(waba, admin):
    for _ in range(2):  # neither the call nor the look-up after it is answered
        waba.fault("close", edge="message_templates")
    made = admin.post(URL, json=waba.body("entah")).json
    assert made["status"] == "SUBMITTING"
    assert error_of(admin.put(f"{URL}/{made['id']}", json={"components": parts()}), 409)
    waba.add("entah", status="APPROVED", components=parts())

    def settled() -> bool:  # a worker may be fetching the list of before at this moment
        waba.sync()
        return waba.rows()["entah"].status == "APPROVED"

    wait_until(settled)


def test_meta_away_keeps_nothing(waba, admin):
    waba.fault("error", edge="message_templates", code=4)
    answer = admin.post(URL, json=waba.body("nanti"))
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 1
    assert waba.rows() == {} and admin.post(URL, json=waba.body("nanti")).status_code == 201


def test_only_refused_and_paused_ones_are_changed(waba, admin):
    for status in ("APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED"):
        waba.add(status.lower(), status=status, components=parts())
    waba.sync()
    ids = {name: row.id for name, row in waba.rows().items()}
    change = {"components": parts("Halo {{1}}, ini teks yang lebih jelas sekali.", {"body_text": [["B"]]})}
    codes = {
        "approved": "template_approved",
        "pending": "template_pending",
        "disabled": "template_not_editable",
    }
    for name, code in codes.items():
        assert error_of(admin.put(f"{URL}/{ids[name]}", json=change), 409)["code"] == code
    for name in ("rejected", "paused"):
        answer = admin.put(f"{URL}/{ids[name]}", json=change)
        assert (answer.status_code, answer.json["status"]) == (200, "PENDING")
        [there] = [item for item in waba.there() if item["name"] == name]
        assert there["components"][0]["text"] == change["components"][0]["text"]


def test_deleting_takes_one_language_there_and_an_approved_one_asks_twice(waba, admin):
    for language in ("id", "en"):
        waba.add("promo", status="APPROVED", language=language)
    waba.add("lama", status="REJECTED")
    waba.sync()
    found = admin.get(URL, query_string={"waba_id": waba.id, "language": "id", "q": "promo"}).json["items"]
    url = f"{URL}/{found[0]['id']}"
    assert error_of(admin.delete(url), 409)["code"] == "template_in_use"
    assert admin.delete(url, query_string={"confirm": "true"}).status_code == 204
    assert sorted((item["name"], item["language"]) for item in waba.there()) == [
        ("lama", "id"),
        ("promo", "en"),
    ]
    assert admin.get(url).status_code == 404
    waba.sync()
    assert admin.get(url).status_code == 404
    lama = waba.rows()["lama"]
    waba.control("DELETE", f"templates/{lama.meta_id}")  # gone there already
    assert admin.delete(f"{URL}/{lama.id}").status_code == 204


def test_the_list_filters_and_pages(waba, make_waba, cast, admin):
    other = make_waba(cast.organization_id)
    waba.add("a", count=3)
    waba.add("b", status="REJECTED", language="en")
    other.add("z")
    waba.sync()
    other.sync()

    def names(**query) -> list[str]:
        return [item["name"] for item in admin.get(URL, query_string=query).json["items"]]

    assert names(device_id=waba.device.id) == ["a_1", "a_2", "a_3", "b"]
    assert names(waba_id=other.id) == ["z"] and names(status="rejected") == ["b"]
    assert names(language="en") == ["b"] and names(q="A_2") == ["a_2"] and names(q="%") == []
    first = admin.get(URL, query_string={"limit": 3}).json
    then = admin.get(URL, query_string={"limit": 3, "cursor": first["next_cursor"]}).json
    assert [item["name"] for item in (*first["items"], *then["items"])] == ["a_1", "a_2", "a_3", "b", "z"]
    assert then["next_cursor"] is None


def test_who_may_what(waba, cast, as_person):
    agent, stranger = as_person(cast.agent), as_person(cast.stranger)
    waba.add("satu")
    waba.sync()
    url = f"{URL}/{waba.rows()['satu'].id}"
    assert agent.get(url).status_code == 200 and agent.post(URL, json=waba.body()).status_code == 403
    assert agent.delete(url).status_code == 403
    assert stranger.post(f"{URL}/sync", json={"device_id": waba.device.id}).status_code == 404
    assert stranger.post(URL, json=waba.body()).status_code == 404


# --- sending -----------------------------------------------------------------------------------


def talk(waba, closed: bool = False):
    at = now() - timedelta(days=3) if closed else now()
    return factories.conversation(waba.organization_id, waba.device, last_inbound_at=at)


def test_a_template_goes_out_after_the_window_has_closed(waba, cast, as_person):
    from cloudchat.services import delivery
    from cloudchat.tenancy import acting_as

    waba.add("pesanan", components=parts())
    waba.sync()
    row, agent = talk(waba, closed=True), as_person(cast.agent)
    url = f"/api/app/inbox/conversations/{row.id}/messages"
    body = {"template_id": waba.rows()["pesanan"].id, "variables": {"1": "Sari", "2": "INV-7"}}
    assert error_of(agent.post(url, json={"text": "halo"}), 409)["code"] == "window_closed"
    told = error_of(agent.post(url, json={**body, "variables": {"1": "Sari"}}), 422)
    assert list(told["fields"]) == ["variables.2"]
    answer = agent.post(url, json=body, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json["status"], answer.json["type"]) == (201, "queued", "template")
    assert answer.json["text"].startswith("Halo Sari, pesanan INV-7 sudah")
    assert agent.post(url, json=body, headers={"Idempotency-Key": "k1"}).json["id"] == answer.json["id"]
    with acting_as(waba.organization_id):
        delivery.deliver(waba.device.id)
    number = waba.device.external_account
    [sent] = waba.control("GET", "whatsapp/sent", params={"phone_number_id": number})["items"]
    assert sent["payload"]["template"]["name"] == "pesanan"
    values = sent["payload"]["template"]["components"][0]["parameters"]
    assert [value["text"] for value in values] == ["Sari", "INV-7"]


def test_what_cannot_be_sent_is_refused_at_the_door(waba, make_waba, cast, as_person):
    other = make_waba(cast.organization_id)
    other.add("lain")
    waba.add("dijeda", status="PAUSED")
    for one in (waba, other):
        one.sync()
    agent = as_person(cast.agent)
    url = f"/api/app/inbox/conversations/{talk(waba).id}/messages"
    told = error_of(agent.post(url, json={"template_id": other.rows()["lain"].id}), 422)
    assert "template_id" in told["fields"]
    told = error_of(agent.post(url, json={"template_id": waba.rows()["dijeda"].id}), 409)
    assert told["code"] == "template_not_approved"
    assert agent.post(url, json={"template_id": 2**31 - 1}).status_code == 404


def test_a_device_offers_only_what_it_can_send(waba, make_waba, cast, admin):
    other = make_waba(cast.organization_id)
    waba.add("bisa")
    waba.add("belum", status="PENDING")
    other.add("lain")
    for one in (waba, other):
        one.sync()
    chat = factories.device(cast.organization_id, "webchat")
    for name, kind in (("Salam", None), ("Web saja", "webchat"), ("Telegram saja", "telegram")):
        admin.post(OWN, json={"name": name, "body": "Halo {nama}!", "device_type": kind})

    def offered(device) -> list[str]:
        answer = admin.get("/api/app/broadcasts/templates", query_string={"device_id": device.id})
        assert answer.json["device"]["name"] == device.name
        return [item["name"] for item in answer.json["items"]]

    assert offered(waba.device) == ["bisa"]
    assert offered(chat) == ["Salam", "Web saja"]


# --- our own -----------------------------------------------------------------------------------


def test_our_own_are_made_changed_filled_and_deleted(cast, admin, as_person):
    answer = admin.post(OWN, json={"name": "Salam", "body": "Halo {nama}, {nama}! {0} {x.__class__}"})
    assert answer.status_code == 201
    made = answer.json
    assert [field["key"] for field in made["fields"]] == ["nama", "0"]
    assert error_of(admin.post(OWN, json={"name": "SALAM", "body": "x"}), 409)["code"] == "name_taken"
    assert set(error_of(admin.post(OWN, json={"name": ""}), 422)["fields"]) == {"name", "body"}
    url = f"{OWN}/{made['id']}"
    changed = admin.put(url, json={"body": "Halo {nama}, {x.__class__} {nama!r}", "version": made["version"]})
    assert (changed.status_code, changed.json["name"]) == (200, "Salam")
    stale = admin.put(url, json={"body": "Lain", "version": made["version"]})
    assert error_of(stale, 409)["code"] == "changed_meanwhile"
    chat = factories.device(cast.organization_id, "webchat")
    row = factories.conversation(cast.organization_id, chat, external_user_id="visitor:x")
    send = f"/api/app/inbox/conversations/{row.id}/messages"
    agent = as_person(cast.agent)
    sent = agent.post(send, json={"template_id": made["id"], "variables": {"nama": "{x} {nama}"}})
    assert sent.status_code == 201
    assert sent.json["text"] == "Halo {x} {nama}, {x.__class__} {nama!r}"
    assert as_person(cast.stranger).put(url, json={"body": "x"}).status_code == 404
    assert admin.delete(url).status_code == 204 and admin.get(url).status_code == 404
