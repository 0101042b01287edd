"""Webhooks out: signatures, statuses and their order, retries, every inbound type."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from cloudchat import config

from .simulator_tools import CUSTOMER, NUMBER, signed_right


def test_a_message_arrives_signed_over_its_exact_bytes(simulator, receiver):
    made = simulator.write("Selamat pagi, Bu Ratih ☕", name="Budi", wait=True)
    assert made["answers"][0]["status"] == 200
    post = receiver.posts[0]
    assert signed_right(post)
    assert b"\\u2615" in post["body"] and b": " not in post["body"]
    body = json.loads(post["body"])
    assert body["object"] == "whatsapp_business_account"
    assert body["entry"][0]["id"] == "102290129340398"
    assert body["entry"][0]["changes"][0]["field"] == "messages"
    value = receiver.values(1)[0]
    assert value["metadata"] == {"display_phone_number": "6281200000001", "phone_number_id": NUMBER}
    assert value["contacts"] == [{"profile": {"name": "Budi"}, "wa_id": CUSTOMER}]
    message = value["messages"][0]
    assert message["id"] == made["id"] and message["from"] == CUSTOMER
    assert message["text"] == {"body": "Selamat pagi, Bu Ratih ☕"}
    assert abs(int(message["timestamp"]) - time.time()) < 5


def test_escaped_slashes_are_signed_too(simulator, receiver):
    simulator.control("meta/app", {"escape_slashes": True}, "PATCH")
    simulator.write("https://toko.test/a", wait=True)
    assert rb"https:\/\/toko.test\/a" in receiver.posts[0]["body"]
    assert signed_right(receiver.posts[0])


@pytest.mark.parametrize("how", ["missing", "wrong", "truncated", "sha1", "uppercase", "reserialized"])
def test_wrong_signatures_on_demand(simulator, receiver, how):
    payload = {"object": "whatsapp_business_account", "entry": [], "teks": "ä"}
    answer = simulator.control("meta/webhooks", {"payload": payload, "signature": how})
    assert answer["status"] == 200
    post = receiver.posts[0]
    assert json.loads(post["body"]) == payload
    assert not signed_right(post)
    given = post["headers"].get("X-Hub-Signature-256")
    right = hmac.new(config.SIMULATOR_APP_SECRET.encode(), post["body"], hashlib.sha256).hexdigest()
    if how == "uppercase":
        assert given == f"sha256={right.upper()}"
    if how in ("missing", "sha1"):
        assert given is None


def test_raw_bytes_go_out_as_given_once(simulator, receiver):
    receiver.statuses[:] = [500]
    raw = b"{\xff not json"
    body = {"body_base64": base64.b64encode(raw).decode(), "content_type": "text/plain"}
    assert simulator.control("meta/webhooks", body)["status"] == 500
    simulator.idle()
    assert [post["body"] for post in receiver.posts] == [raw]
    assert signed_right(receiver.posts[0])


def test_another_secret_on_demand(simulator, receiver):
    simulator.write("x", secret="another app", wait=True)
    assert not signed_right(receiver.posts[0])


SPECS = {
    "image": ({"caption": "Bukti"}, lambda c: c["mime_type"] == "image/jpeg" and c["caption"]),
    "document": ({"filename": "a.pdf"}, lambda c: c["filename"] == "a.pdf"),
    "audio": ({}, lambda c: c["voice"] is True and c["mime_type"] == "audio/ogg"),
    "video": ({}, lambda c: c["mime_type"] == "video/mp4" and len(c["sha256"]) == 64),
    "sticker": ({}, lambda c: c["animated"] is False and c["mime_type"] == "image/webp"),
    "location": (
        {"latitude": 1.5, "place": "X"},
        lambda c: (c["latitude"], c["name"]) == (1.5, "X"),
    ),
    "contacts": ({"contact_name": "Rina"}, lambda c: c[0]["name"]["formatted_name"] == "Rina"),
    "button": ({"text": "Lacak", "payload": "track:1"}, lambda c: c["payload"] == "track:1"),
    "reaction": (
        {"message_id": "wamid.x"},
        lambda c: c == {"message_id": "wamid.x"},
    ),
    "unsupported": ({}, lambda c: c == {"type": "poll"}),
    "order": ({"order": {"catalog_id": "7"}}, lambda c: c == {"catalog_id": "7"}),
    "hologram": ({"text": "?"}, lambda c: c == {"body": "?"}),
}


@pytest.mark.parametrize("kind", SPECS)
def test_every_inbound_type(simulator, receiver, kind):
    spec, check = SPECS[kind]
    simulator.control("whatsapp/messages", {"from": CUSTOMER, "type": kind, "wait": True, **spec})
    message = receiver.values(1)[0]["messages"][0]
    assert message["type"] == kind
    assert check(message[kind])
    assert (kind == "unsupported") == ("errors" in message)


def test_replies_carry_their_context(simulator, receiver):
    simulator.settings(statuses=False)
    asked = simulator.send("Divisi?").json()["messages"][0]["id"]
    reply = {"type": "interactive", "reply_id": "div:3", "title": "Billing", "reply_to": asked}
    simulator.control("whatsapp/messages", {"from": CUSTOMER, "wait": True, **reply})
    reply |= {"reply_type": "list_reply", "description": "Tagihan"}
    simulator.control("whatsapp/messages", {"from": CUSTOMER, "wait": True, **reply})
    first, second = [value["messages"][0] for value in receiver.values(2)]
    assert first["context"] == {"from": "6281200000001", "id": asked}
    assert first["interactive"] == {
        "type": "button_reply",
        "button_reply": {"id": "div:3", "title": "Billing"},
    }
    assert second["interactive"]["list_reply"]["description"] == "Tagihan"


def test_contacts_may_be_absent_and_ids_not_numbers(simulator, receiver):
    simulator.write("x", **{"from": "ID.1234abcd"}, contacts=False, user_id="ID.1", wait=True)
    value = receiver.values(1)[0]
    assert "contacts" not in value
    assert value["messages"][0]["from"] == "ID.1234abcd"
    assert value["messages"][0]["from_user_id"] == "ID.1"


def test_copies_at_once_or_spread(simulator, receiver):
    receiver.delay = 0.3
    started = time.time()
    made = simulator.write("satu", copies=8, parallel=True, wait=True)
    assert len(made["answers"]) == 8 and time.time() - started < 1.5
    assert len({post["body"] for post in receiver.posts}) == 1
    receiver.posts.clear()
    receiver.delay = 0.0
    simulator.write("dua", wamid="wamid.same", copies=3, interval=0.05, wait=True)
    simulator.write("tiga", wamid="wamid.same", wait=True)
    ids = [value["messages"][0]["id"] for value in receiver.values(4)]
    assert ids == ["wamid.same"] * 4
    assert receiver.posts[2]["at"] - receiver.posts[0]["at"] >= 0.09


def test_a_batch_of_several_numbers_is_one_post(simulator, receiver):
    other = simulator.control("whatsapp/accounts", {})["phone_number_id"]
    messages = [{"from": f"62811{n}000000", "text": str(n)} for n in range(3)]
    messages.append({"from": "628110000000", "text": "lain", "phone_number_id": other})
    made = simulator.control("whatsapp/batch", {"messages": messages, "wait": True})
    assert len(made["ids"]) == 4
    body = receiver.wait(1)[0]
    assert [len(entry["changes"]) for entry in body["entry"]] == [3, 1]
    assert len(receiver.posts) == 1


def test_echo_and_account_error(simulator, receiver):
    simulator.control("whatsapp/echoes", {"to": CUSTOMER, "text": "dari ponsel", "wait": True})
    change = receiver.wait(1)[0]["entry"][0]["changes"][0]
    assert change["field"] == "smb_message_echoes"
    echo = change["value"]["message_echoes"][0]
    assert (echo["from"], echo["to"]) == ("6281200000001", CUSTOMER)
    assert simulator.sent() == []
    simulator.control("whatsapp/errors", {"code": 131042, "wait": True})
    assert receiver.values(2)[1]["errors"][0]["code"] == 131042


def test_statuses_come_in_order_with_the_reference(simulator, receiver):
    simulator.settings(read="auto")
    wamid = simulator.send(biz_opaque_callback_data="ref-1").json()["messages"][0]["id"]
    assert receiver.statuses_told(3) == ["sent", "delivered", "read"]
    status = receiver.values(3)[0]["statuses"][0]
    assert status["id"] == wamid and status["recipient_id"] == CUSTOMER
    assert status["biz_opaque_callback_data"] == "ref-1"
    assert status["pricing"]["category"] == "service"
    assert "conversation" not in status
    assert all(signed_right(post) for post in receiver.posts)
    simulator.idle()
    item = simulator.sent()[0]
    assert [status["status"] for status in item["statuses"]] == ["sent", "delivered", "read"]


def test_old_versions_carry_a_conversation(simulator, receiver):
    body = {"messaging_product": "whatsapp", "to": CUSTOMER, "text": {"body": "x"}}
    simulator.graph("POST", f"{NUMBER}/messages", version="v22.0", json=body)
    assert receiver.values(1)[0]["statuses"][0]["conversation"]["origin"] == {"type": "service"}


def test_the_order_can_be_reversed_doubled_and_batched(simulator, receiver):
    simulator.settings(status_order="reversed", read="auto")
    simulator.send()
    assert receiver.statuses_told(3) == ["read", "delivered", "sent"]
    simulator.idle()
    receiver.posts.clear()
    simulator.settings(status_order="normal", read="never", status_copies=2)
    simulator.send()
    assert receiver.statuses_told(4) == ["sent", "sent", "delivered", "delivered"]
    simulator.idle()
    receiver.posts.clear()
    simulator.settings(status_copies=1, status_batched=True)
    simulator.send()
    assert receiver.statuses_told(1) == ["sent", "delivered"]


def test_a_status_can_come_before_the_answer(simulator, receiver):
    simulator.settings(status_before_response=True)
    simulator.send()
    assert len(receiver.posts) == 2  # already there when the answer is


def test_read_when_the_customer_looks(simulator, receiver):
    simulator.send("satu")
    simulator.send("dua")
    receiver.wait(4)
    assert simulator.control("whatsapp/view", {"phone": CUSTOMER}) == {"read": 2}
    assert receiver.statuses_told(6)[4:] == ["read", "read"]
    assert simulator.control("whatsapp/view", {"phone": CUSTOMER}) == {"read": 0}


def test_statuses_by_hand(simulator, receiver):
    simulator.settings(statuses=False)
    wamid = simulator.send().json()["messages"][0]["id"]
    simulator.control("whatsapp/statuses", {"id": wamid, "statuses": ["failed"], "code": 131049})
    assert receiver.values(1)[0]["statuses"][0]["errors"][0]["code"] == 131049


def test_retries_until_200_while_others_pass(simulator, receiver):
    receiver.statuses[:] = [500, 404]
    simulator.write("pertama", wait=True)
    simulator.write("kedua", wait=True)
    texts = [value["messages"][0]["text"]["body"] for value in receiver.values(4)]
    assert sorted(texts) == ["kedua", "kedua", "pertama", "pertama"]
    simulator.idle()
    log = simulator.control("meta/webhooks")["items"]
    tries = [[attempt["status"] for attempt in item["attempts"]] for item in log]
    assert tries == [[404, 200], [500, 200]]
    assert {item["state"] for item in log} == {"delivered"}


def test_first_tries_keep_the_order_of_a_number(simulator, receiver):
    receiver.delay = 0.01
    for n in range(12):
        simulator.write(str(n))
    texts = [value["messages"][0]["text"]["body"] for value in receiver.values(12)]
    assert texts == [str(n) for n in range(12)]


def test_customers_may_have_lanes_of_their_own(simulator, receiver):
    simulator.control("meta/app", {"lanes": "customer"}, "PATCH")
    receiver.delay = 0.2
    started = time.time()
    for n in range(8):
        simulator.write(str(n), **{"from": f"62811000000{n % 4}"})
    texts = [value["messages"][0]["text"]["body"] for value in receiver.values(8)]
    assert time.time() - started < 1.4  # one after the other they would take 1.6 s
    for n in range(4):
        assert texts.index(str(n)) < texts.index(str(n + 4))


def test_an_app_that_is_down_gets_it_later(simulator, receiver):
    simulator.control("meta/app", {"webhook_url": "http://127.0.0.1:9/webhooks/meta"}, "PATCH")
    made = simulator.write("tunggu", wait=True)
    assert "Connect" in made["answers"][0]["error"]
    delivery = simulator.control(f"meta/webhooks/{made['deliveries'][0]}")
    assert delivery["state"] in ("retrying", "sending", "waiting")
    assert json.loads(delivery["body"])["entry"]


def test_hold_flush_and_resend(simulator, receiver):
    simulator.control("meta/app", {"hold": True}, "PATCH")
    simulator.write("ditahan")
    time.sleep(0.1)
    assert receiver.posts == []
    simulator.control("meta/app", {"hold": False}, "PATCH")
    receiver.wait(1)
    simulator.write("nanti", interval=60, copies=2)
    receiver.wait(2)
    simulator.control("meta/webhooks/flush", {})
    receiver.wait(3)
    simulator.idle()
    newest = simulator.control("meta/webhooks?limit=1")["items"][0]
    simulator.control(f"meta/webhooks/{newest['id']}/resend", {})
    receiver.wait(4)
    assert receiver.posts[3]["body"] == receiver.posts[2]["body"]
