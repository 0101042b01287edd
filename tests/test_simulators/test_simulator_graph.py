"""The Graph API's door: versions, tokens, nodes, accounts."""

import httpx
import pytest

from .simulator_tools import NUMBER, TOKEN, WABA, code_of


@pytest.mark.parametrize("version", ["v19.0", "v24.0", "v26.0"])
def test_living_versions_answer(simulator, version):
    answer = simulator.graph("GET", NUMBER, version=version)
    assert answer.status_code == 200
    assert answer.json() == {
        "verified_name": "Toko Demo",
        "display_phone_number": "+62 812-0000-0001",
        "quality_rating": "GREEN",
        "id": NUMBER,
    }


@pytest.mark.parametrize("version", ["v18.0", "v27.0", "v99.0", "24.0", "v24"])
def test_dead_and_unknown_versions_do_not(simulator, version):
    answer = simulator.graph("GET", NUMBER, version=version)
    assert (answer.status_code, code_of(answer)) == (400, 2500)


def test_tokens(simulator):
    other = simulator.control("whatsapp/accounts", {})
    assert code_of(simulator.graph("GET", NUMBER, token="")) == 0
    wrong = simulator.graph("GET", NUMBER, token="nonsense")
    assert (wrong.status_code, code_of(wrong)) == (401, 190)
    assert "invalid_token" in wrong.headers["www-authenticate"]
    foreign = simulator.graph("GET", NUMBER, token=other["access_token"])
    assert (foreign.status_code, code_of(foreign)) == (400, 100)
    assert foreign.json()["error"]["error_subcode"] == 33
    unknown = simulator.graph("GET", "123", token=TOKEN)
    assert unknown.json()["error"]["error_subcode"] == 33


def test_expired_token(simulator):
    simulator.control(f"whatsapp/accounts/{NUMBER}", {"token_error": 463}, "PATCH")
    answer = simulator.send("Halo")
    assert (answer.status_code, code_of(answer)) == (401, 190)
    assert answer.json()["error"]["error_subcode"] == 463
    assert code_of(simulator.graph("GET", f"{WABA}/phone_numbers")) == 190
    simulator.control(f"whatsapp/accounts/{NUMBER}", {"token_error": 0}, "PATCH")
    assert simulator.send("Halo").status_code == 200


def test_phone_and_waba_nodes(simulator):
    fields = "display_phone_number,throughput,whatsapp_business_manager_messaging_limit"
    node = simulator.graph("GET", NUMBER, params={"fields": fields}).json()
    assert node["throughput"] == {"level": "STANDARD"}
    assert code_of(simulator.graph("GET", NUMBER, params={"fields": "shoe_size"})) == 100
    numbers = simulator.graph("GET", f"{WABA}/phone_numbers").json()
    assert [number["id"] for number in numbers["data"]] == [NUMBER]
    assert simulator.graph("GET", WABA).json()["id"] == WABA
    assert code_of(simulator.graph("GET", f"{WABA}/nothing")) == 2500


def test_subscription_decides_whether_webhooks_come(simulator, receiver):
    app = simulator.graph("GET", f"{WABA}/subscribed_apps").json()["data"][0]
    assert app["whatsapp_business_api_data"]["name"] == "CloudChat"
    assert simulator.graph("DELETE", f"{WABA}/subscribed_apps").json() == {"success": True}
    simulator.write("tidak sampai", wait=True)
    assert receiver.posts == []
    simulator.graph("POST", f"{WABA}/subscribed_apps")
    simulator.write("sampai", wait=True)
    assert len(receiver.posts) == 1


def test_a_waba_may_have_its_own_callback_after_a_handshake(simulator, receiver):
    wrong = {"override_callback_uri": receiver.url, "verify_token": "no"}
    assert code_of(simulator.graph("POST", f"{WABA}/subscribed_apps", json=wrong)) == 2200
    right = {"override_callback_uri": receiver.url, "verify_token": "simulator-verify-token"}
    assert simulator.graph("POST", f"{WABA}/subscribed_apps", json=right).status_code == 200
    assert simulator.control("meta/handshake", {})["ok"]
    assert not simulator.control("meta/handshake", {"verify_token": "no"})["ok"]


def test_a_second_account_stands_alone(simulator, receiver):
    other = simulator.control(
        "whatsapp/accounts", {"access_token": "token-2", "verified_name": "Toko Dua", "mps": 5}
    )
    assert simulator.send(number=other["phone_number_id"], token="token-2").status_code == 200
    assert simulator.send(number=NUMBER, token="token-2").status_code == 400
    simulator.idle()
    value = receiver.values(2)[0]
    assert value["metadata"]["phone_number_id"] == other["phone_number_id"]


def test_nonsense_to_the_control_api_is_refused(simulator):
    post = simulator.http.post
    assert post("/_control/whatsapp/accounts", json={"shoe": 1}).status_code == 422
    assert post("/_control/whatsapp/accounts", json={"mps": "many"}).status_code == 422
    assert post("/_control/whatsapp/messages", json={"text": "who?"}).status_code == 422
    assert post("/_control/whatsapp/messages", json=[1]).status_code == 422
    assert post("/_control/meta/faults", json={"kind": "flood"}).status_code == 422
    assert post("/_control/nothing", json={}).status_code == 404
    foreign = {"Origin": "https://evil.test"}
    spoofed = post("/_control/whatsapp/messages", json={"from": "628111111111"}, headers=foreign)
    assert spoofed.status_code == 403
    assert simulator.http.patch("/_control/whatsapp/settings", json={"read": "x"}).status_code == 422


def test_stop_ends_the_server_and_its_connections():
    from cloudchat import simulators

    server = simulators.serve()
    client = httpx.Client(base_url=server.url)
    assert client.get("/healthz").json() == {"status": "ok"}
    server.stop()
    with pytest.raises(httpx.HTTPError):
        client.get("/healthz")
