"""Sending: what is accepted, what is refused with which code, rates, window, magic numbers."""

import time

import pytest

from tests.waiting import wait_until

from .simulator_tools import CUSTOMER, NUMBER, code_of


def buttons(*replies, **more):
    made = [{"type": "reply", "reply": {"id": i, "title": t}} for i, t in replies]
    return {"type": "button", "body": {"text": "Pilih"}, "action": {"buttons": made}, **more}


def menu(rows, sections=None, button="Pilih", **more):
    sections = sections or [{"title": "Divisi", "rows": rows}]
    action = {"button": button, "sections": sections}
    return {"type": "list", "body": {"text": "Pilih divisi"}, "action": action, **more}


def rows(count, title="Baris"):
    return [{"id": f"r{n}", "title": f"{title} {n}"} for n in range(count)]


GOOD = {
    "text": ("text", {"body": "x" * 4096, "preview_url": False}),
    "link": ("image", {"link": "http://127.0.0.1:9/a.jpg", "caption": "x" * 1024}),
    "location": ("location", {"latitude": -6.2, "longitude": "106.8", "name": "Toko"}),
    "buttons": ("interactive", buttons(("a", "x" * 20), ("b", "B"), ("x" * 256, "C"))),
    "list": ("interactive", menu(rows(10), header={"type": "text", "text": "Halo"})),
    "contacts": ("contacts", [{"name": {"formatted_name": "Rina", "first_name": "Rina"}}]),
    "reaction": ("reaction", {"message_id": "wamid.x", "emoji": "👍"}),
    "template": ("template", {"name": "hello_world", "language": {"code": "id"}, "components": []}),
}
BAD = {
    "text too long": ("text", {"body": "x" * 4097}, 100),
    "text empty": ("text", {"body": " "}, 131008),
    "text missing": ("text", None, 131008),
    "type unknown": ("hologram", {}, 100),
    "media without id": ("image", {"caption": "x"}, 131008),
    "media with both": ("image", {"id": "1", "link": "https://x.test/a.jpg"}, 131008),
    "media id unknown": ("image", {"id": "1"}, 131009),
    "link no address": ("image", {"link": "ftp://x"}, 131009),
    "caption too long": ("image", {"link": "https://x.test/a.jpg", "caption": "x" * 1025}, 131009),
    "audio caption": ("audio", {"link": "https://x.test/a.mp3", "caption": "x"}, 131009),
    "no latitude": ("location", {"longitude": 1}, 131008),
    "latitude 91": ("location", {"latitude": 91, "longitude": 1}, 131009),
    "4 buttons": ("interactive", buttons(*[(str(n), str(n)) for n in range(4)]), 131009),
    "no buttons": ("interactive", buttons(), 131009),
    "same titles": ("interactive", buttons(("a", "A"), ("b", "A")), 131009),
    "same ids": ("interactive", buttons(("a", "A"), ("a", "B")), 131009),
    "button title 21": ("interactive", buttons(("a", "x" * 21)), 131009),
    "button id 257": ("interactive", buttons(("x" * 257, "A")), 131009),
    "button body 1025": ("interactive", buttons(("a", "A"), body={"text": "x" * 1025}), 131009),
    "no body": ("interactive", buttons(("a", "A"), body=None), 131008),
    "footer 61": ("interactive", buttons(("a", "A"), footer={"text": "x" * 61}), 131009),
    "header 61": (
        "interactive",
        buttons(("a", "A"), header={"type": "text", "text": "x" * 61}),
        131009,
    ),
    "list image header": ("interactive", menu(rows(1), header={"type": "image"}), 131009),
    "list body 4097": ("interactive", menu(rows(1), body={"text": "x" * 4097}), 131009),
    "list 11 rows": ("interactive", menu(rows(11)), 131009),
    "list no rows": ("interactive", menu([]), 131009),
    "list label 21": ("interactive", menu(rows(1), button="x" * 21), 131009),
    "row title 25": ("interactive", menu([{"id": "a", "title": "x" * 25}]), 131009),
    "row id 201": ("interactive", menu([{"id": "x" * 201, "title": "A"}]), 131009),
    "row description 73": (
        "interactive",
        menu([{"id": "a", "title": "A", "description": "x" * 73}]),
        131009,
    ),
    "row without title": ("interactive", menu([{"id": "a"}]), 131008),
    "same row ids": ("interactive", menu([{"id": "a", "title": "A"}] * 2), 131009),
    "untitled sections": ("interactive", menu([], [{"rows": rows(1)}] * 2), 131008),
    "section title 25": ("interactive", menu([], [{"title": "x" * 25, "rows": rows(1)}]), 131009),
    "11 sections": ("interactive", menu([], [{"title": "A", "rows": rows(1)}] * 11), 131009),
    "interactive kind": ("interactive", {"type": "dance", "body": {"text": "x"}}, 131009),
    "contact nameless": ("contacts", [{}], 131008),
    "reaction targetless": ("reaction", {"emoji": "👍"}, 131008),
    "template languageless": ("template", {"name": "a"}, 131008),
    "template name": ("template", {"name": "Bad Name", "language": {"code": "id"}}, 132001),
    "template paused": ("template", {"name": "err_132015", "language": {"code": "id"}}, 132015),
}


@pytest.mark.parametrize("case", GOOD)
def test_accepted(simulator, case):
    simulator.settings(fetch_links=False)
    kind, content = GOOD[case]
    answer = simulator.send(content, kind, biz_opaque_callback_data="ref-1")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["messaging_product"] == "whatsapp"
    assert body["contacts"] == [{"input": CUSTOMER, "wa_id": CUSTOMER}]
    assert body["messages"][0]["id"].startswith("wamid.HBg")
    assert [(s["type"], s["reference"], s["id"]) for s in simulator.sent()] == [
        (kind, "ref-1", body["messages"][0]["id"])
    ]


@pytest.mark.parametrize("case", BAD)
def test_refused(simulator, case):
    kind, content, code = BAD[case]
    answer = simulator.send(content, kind)
    assert code_of(answer) == code
    assert answer.status_code == (404 if code == 132001 else 400)
    assert simulator.sent() == []


def test_the_common_fields(simulator):
    def code(**fields):
        body = {"messaging_product": "whatsapp", "to": CUSTOMER, "text": {"body": "x"}, **fields}
        return code_of(simulator.graph("POST", f"{NUMBER}/messages", json=body))

    assert code(messaging_product=None) == 100
    assert code(to="") == 100
    assert code(to="12") == 100
    assert code(recipient_type="group") == 100
    assert code(biz_opaque_callback_data="x" * 513) == 131009
    assert code(context={}) == 131008
    assert code(to="+62 812-0000-0001") == 131021
    raw = simulator.graph("POST", f"{NUMBER}/messages", content=b"{not json")
    assert code_of(raw) == 100


def test_the_recipient_is_normalised(simulator):
    answer = simulator.send(to="+62 812-3456-7801").json()
    assert answer["contacts"] == [{"input": "+62 812-3456-7801", "wa_id": CUSTOMER}]
    assert simulator.send(to="5215512345678").json()["contacts"][0]["wa_id"] == "525512345678"


def test_magic_numbers_fail_at_once_or_later(simulator, receiver):
    answer = simulator.send(to="6281200131026")
    assert (answer.status_code, code_of(answer)) == (400, 131026)
    assert simulator.sent() == []
    later = simulator.send(to="6289900131026")
    assert later.status_code == 200
    wamid = later.json()["messages"][0]["id"]

    def told_of_it() -> list[dict]:  # the messages of the test before may be told of still
        every = [status for value in receiver.values(0) for status in value.get("statuses", [])]
        return [status for status in every if status["id"] == wamid]

    [status] = wait_until(told_of_it)
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)
    assert simulator.sent()[0]["failed_code"] == 131026
    simulator.settings(magic_numbers=False)
    assert simulator.send(to="6281200131026").status_code == 200


def test_the_window(simulator, receiver):
    simulator.settings(window="immediate")
    assert code_of(simulator.send()) == 131047
    simulator.write("Halo", wait=True)
    assert simulator.send().status_code == 200
    moved = simulator.control("whatsapp/window", {"phone": CUSTOMER, "hours_ago": 24.01})
    assert moved["open"] is False
    assert code_of(simulator.send()) == 131047
    template = {"name": "hello_world", "language": {"code": "id"}}
    answer = simulator.send(template, "template")
    assert answer.json()["messages"][0]["message_status"] == "accepted"
    simulator.idle()
    receiver.posts.clear()
    simulator.settings(window="status")
    assert simulator.send().status_code == 200
    status = receiver.values(1)[0]["statuses"][0]
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131047)


def test_throughput_of_a_number(simulator):
    simulator.control(f"whatsapp/accounts/{NUMBER}", {"mps": 3, "pair_burst": 100}, "PATCH")
    started = time.monotonic()
    answers = []
    while not answers or answers[-1].status_code == 200:
        answers.append(simulator.send(to=f"62811000{len(answers):04}"))
    refilled = 3 * (time.monotonic() - started)
    assert code_of(answers[-1]) == 130429
    assert 3 <= len(answers) - 1 <= 3 + refilled


def test_pair_rate(simulator):
    codes = [simulator.send(str(n)).status_code for n in range(46)]
    assert codes == [200] * 45 + [400]
    assert code_of(simulator.send("x")) == 131056
    assert simulator.send("x", to="6281234567802").status_code == 200


def test_allowed_recipients_of_a_test_number(simulator):
    patch = {"allowed_recipients": [CUSTOMER]}
    simulator.control(f"whatsapp/accounts/{NUMBER}", patch, "PATCH")
    assert simulator.send().status_code == 200
    assert code_of(simulator.send(to="6281234567802")) == 131030


def test_mark_as_read_and_typing(simulator):
    wamid = simulator.write("Halo", wait=True)["id"]
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    typing = body | {"typing_indicator": {"type": "text"}}
    answer = simulator.graph("POST", f"{NUMBER}/messages", json=typing)
    assert answer.json() == {"success": True}
    state = simulator.server.providers["whatsapp"].state
    assert state.messages[wamid].read
    assert state.customers[(NUMBER, CUSTOMER)].typing_until > 0
    unknown = body | {"message_id": "wamid.nothing"}
    assert code_of(simulator.graph("POST", f"{NUMBER}/messages", json=unknown)) == 131009
    assert simulator.sent() == []


def test_the_summary_finds_what_was_accepted_twice(simulator):
    for _ in range(2):
        simulator.send("sama", biz_opaque_callback_data="ref-7")
    simulator.send("lain", biz_opaque_callback_data="ref-8")
    simulator.send("tanpa referensi")
    summary = simulator.control("whatsapp/sent/summary")
    assert (summary["count"], summary["recipients"]) == (4, 1)
    assert [(r["reference"], r["count"]) for r in summary["repeated"]] == [("ref-7", 2)]
    page = simulator.control("whatsapp/sent?limit=3")
    assert (len(page["items"]), page["count"]) == (3, 4)
    rest = simulator.control(f"whatsapp/sent?after={page['next_after']}")
    assert [item["text"] for item in rest["items"]] == ["tanpa referensi"]
    assert simulator.control("whatsapp/sent?reference=ref-8")["count"] == 1
