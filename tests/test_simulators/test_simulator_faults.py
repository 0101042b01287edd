"""Fault injection, and what the log of accepted messages says afterwards."""

import time

import httpx
import pytest

from .simulator_tools import CUSTOMER, NUMBER, code_of


def fault(simulator, **fields):
    return simulator.control("meta/faults", fields)


def test_the_next_n_fail_with_a_code(simulator):
    fault(simulator, kind="error", code=130429, times=2)
    assert [code_of(simulator.send()) for _ in range(2)] == [130429, 130429]
    assert simulator.send().status_code == 200
    assert len(simulator.sent()) == 1
    assert simulator.control("meta/faults") == {"items": []}


@pytest.mark.parametrize(("code", "http"), [(131000, 500), (131016, 500), (2, 503), (131031, 403)])
def test_http_statuses_follow_the_table(simulator, code, http):
    fault(simulator, kind="error", code=code)
    assert simulator.send().status_code == http


def test_a_reseller_says_429(simulator):
    fault(simulator, kind="error", code=130429, http=429)
    answer = simulator.send()
    assert (answer.status_code, code_of(answer)) == (429, 130429)


def test_a_gateway_page_instead_of_json(simulator):
    fault(simulator, kind="status", status=502)
    answer = simulator.send()
    assert answer.status_code == 502 and answer.headers["content-type"].startswith("text/html")
    assert simulator.sent() == []


@pytest.mark.parametrize("kind", ["close", "reset"])
def test_a_connection_that_dies_before(simulator, kind):
    fault(simulator, kind=kind)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        simulator.send()
    assert simulator.sent() == []
    assert simulator.send().status_code == 200


@pytest.mark.parametrize("kind", ["close_after", "cut"])
def test_a_connection_that_dies_after(simulator, kind):
    fault(simulator, kind=kind)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        simulator.send(biz_opaque_callback_data="ref-1")
    assert [item["reference"] for item in simulator.sent()] == ["ref-1"]


def test_truncated_json(simulator):
    fault(simulator, kind="truncate")
    answer = simulator.send()
    assert answer.status_code == 200
    with pytest.raises(ValueError):
        answer.json()
    assert len(simulator.sent()) == 1


def test_a_500_although_it_was_accepted(simulator):
    fault(simulator, kind="error_after")
    assert simulator.send().status_code == 500
    assert len(simulator.sent()) == 1


@pytest.mark.parametrize(("kind", "accepted_meanwhile"), [("hang", 0), ("hang_after", 1)])
def test_hanging(simulator, kind, accepted_meanwhile):
    fault(simulator, kind=kind, seconds=0.8)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{simulator.url}/meta/v24.0/{NUMBER}/messages",
            headers={"Authorization": "Bearer simulator-access-token"},
            json={"messaging_product": "whatsapp", "to": CUSTOMER, "text": {"body": "x"}},
            timeout=0.3,
        )
    assert len(simulator.sent()) == accepted_meanwhile
    end = time.time() + 5
    while not simulator.sent() and time.time() < end:
        time.sleep(0.02)
    assert len(simulator.sent()) == 1


def test_a_fault_for_one_recipient_or_number_leaves_others_alone(simulator):
    rule = fault(simulator, kind="error", code=131016, to="628119999999", times=None)
    assert simulator.send().status_code == 200
    assert code_of(simulator.send(to="+62 811-9999-999")) == 131016
    assert code_of(simulator.send(to="628119999999")) == 131016
    simulator.control(f"meta/faults/{rule['id']}", method="DELETE")
    assert simulator.send(to="628119999999").status_code == 200
    other = simulator.control("whatsapp/accounts", {})
    fault(simulator, kind="error", code=2, node=other["phone_number_id"])
    assert simulator.send().status_code == 200


def test_faults_on_other_edges(simulator):
    fault(simulator, kind="error", code=131053, edge="media")
    assert simulator.send().status_code == 200
    answer = simulator.graph(
        "POST",
        f"{NUMBER}/media",
        data={"messaging_product": "whatsapp"},
        files={"file": ("a.png", b"x", "image/png")},
    )
    assert code_of(answer) == 131053


def test_every_call_is_in_the_request_log(simulator):
    simulator.send()
    fault(simulator, kind="close")
    with pytest.raises(httpx.HTTPError):
        simulator.send()
    simulator.send(to="6281200131026")
    log = simulator.control("meta/requests")["items"]
    assert [(e["status"], e.get("code"), e.get("fault")) for e in log] == [
        (200, None, None),
        (None, None, "close"),
        (400, 131026, None),
    ]
