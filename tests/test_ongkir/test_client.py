"""The provider's answers and failures, as our own words; both dialects."""

import logging
import time

import pytest

from cloudchat.clients import rajaongkir
from cloudchat.clients.rajaongkir import BREAK_AFTER, Breaker, Place, RajaOngkirError
from cloudchat.simulators.rajaongkir import Fault

KEY = "kunci-yang-baik"


@pytest.fixture
def ask(provider, simulator_process):
    def made(key=KEY, seconds=5.0, path=""):
        return rajaongkir.client(f"{simulator_process.url}/rajaongkir{path}", key, seconds)[0]

    return made


def kind_of(call) -> str:
    with pytest.raises(RajaOngkirError) as caught:
        call()
    assert KEY not in str(caught.value) and KEY not in repr(caught.value)
    return caught.value.kind


def test_from_search_to_cost(ask, provider):
    client = ask()
    sleman = client.search("NGAGLIK")[0]
    jakarta = client.search("TEBET")[0]
    assert (sleman.city, sleman.district, sleman.family) == ("SLEMAN", "NGAGLIK", "search")
    rates = client.cost(jakarta, sleman, 1200, ["jne", "sicepat"])
    assert [rate.cost for rate in rates] == sorted(rate.cost for rate in rates)
    assert {rate.courier for rate in rates} == {"jne", "sicepat"}
    sent = provider.calls[-1]["form"]
    assert sent["courier"] == "jne:sicepat" and sent["weight"] == "1200"


def test_families_of_ids_are_not_mixed(ask):
    client = ask()
    city = next(one for one in client.cities(6) if one["name"] == "BANDUNG")
    district = client.districts(city["id"])[0]
    there = Place("district", district["id"], "")
    assert client.cost(there, there, 1000, ["jne"])
    with pytest.raises(ValueError, match="two families"):
        client.cost(there, Place("search", 100_000, ""), 1000, ["jne"])


def test_errors_become_words(ask, provider):
    assert kind_of(lambda: ask("salah-kunci").provinces()) == "invalid"
    assert kind_of(lambda: ask("").provinces()) == "invalid"
    assert ask().search("TIDAKADADISINI") == []
    nowhere = Place("search", 999_999_999, "")
    assert kind_of(lambda: ask().cost(nowhere, nowhere, 1000, ["jne"])) == "no_service"
    provider.quota = 0
    assert kind_of(lambda: ask().provinces()) == "quota_exceeded"


def test_the_closed_hosts_say_so_and_do_not_blame_the_key(ask):
    for path in ("/starter", "/basic"):
        assert kind_of(lambda path=path: ask(path=path).provinces()) == "legacy"


def test_trouble_is_tried_once_more_and_no_longer_than_allowed(ask, provider):
    provider.faults = [Fault("status")]
    assert len(ask().provinces()) == 35
    provider.faults = [Fault("html", times=2)]
    assert kind_of(lambda: ask().provinces()) == "unavailable"
    provider.faults = [Fault("close", times=2)]
    assert kind_of(lambda: ask().provinces()) == "unavailable"
    provider.faults = [Fault("slow", seconds=3, times=9)]
    rajaongkir.breaker.reset()
    began = time.monotonic()
    assert kind_of(lambda: ask(seconds=0.6).provinces()) == "unavailable"
    assert time.monotonic() - began < 2.5


def test_the_breaker_opens_and_closes():
    moment = [0.0]
    breaker = Breaker(clock=lambda: moment[0])
    for _ in range(BREAK_AFTER):
        breaker.check("a")
        breaker.failed("a")
    assert kind_of(lambda: breaker.check("a")) == "unavailable"
    breaker.check("b")
    moment[0] = rajaongkir.BREAK_SECONDS + 1
    breaker.check("a")
    breaker.failed("a")
    assert kind_of(lambda: breaker.check("a")) == "unavailable"
    moment[0] *= 2
    breaker.worked("a")
    breaker.check("a")


def test_the_key_is_in_no_log(ask, provider, caplog, capsys):
    provider.faults = [Fault("status", times=2)]
    with caplog.at_level(logging.DEBUG):
        kind_of(lambda: ask().provinces())
    assert KEY not in caplog.text and KEY not in "".join(capsys.readouterr())


def test_the_old_shape_is_understood(monkeypatch):
    """A bridge that speaks the closed API's dialect."""
    answers = {
        "/city": {
            "rajaongkir": {
                "status": {"code": 200, "description": "OK"},
                "results": [
                    {"city_id": "501", "province": "DI Yogyakarta", "type": "Kota", "city_name": "Yogyakarta"}
                ],
            }
        },
        "/cost": {
            "rajaongkir": {
                "status": {"code": 200},
                "results": [
                    {
                        "code": "jne",
                        "name": "JNE",
                        "costs": [
                            {
                                "service": "OKE",
                                "description": "Ekonomis",
                                "cost": [{"value": 38000, "etd": "4-5"}],
                            }
                        ],
                    }
                ],
            }
        },
        "/province": {"rajaongkir": {"status": {"code": 400, "description": "Invalid key."}}},
    }
    client, transport = rajaongkir.client("https://bridge.example/starter", KEY, 5)
    monkeypatch.setattr(transport, "call", lambda _method, path, **_: (200, answers[path]))
    place = client.search("yogyakarta")[0]
    assert (place.family, place.id) == ("legacy", 501)
    rate = client.cost(place, place, 1700, ["jne"])[0]
    assert (rate.cost, rate.service, rate.etd) == (38000, "OKE", "4-5")
    assert kind_of(client.provinces) == "invalid"
