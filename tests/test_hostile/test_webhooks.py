"""What may arrive at Meta's door (H1-H12). One line a case; the number is in its id."""

import hashlib
import hmac
import json
import re

import pytest
from sqlalchemy import func, select

from cloudchat import logs
from cloudchat.extensions import db
from cloudchat.models import Contact, Conversation, Message, WebhookEvent
from cloudchat.tenancy import acting_as
from tests import factories


@pytest.fixture
def device(context):
    return factories.device(factories.organization())


@pytest.fixture
def send(app, settings, device):
    """`send(body)`: signed as Meta signs; `signature=` for another one, None for none."""

    def post(body, signature="right", **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        digest = hmac.new(settings[0].meta_app_secret.encode(), raw, hashlib.sha256).hexdigest()
        given = f"sha256={digest}" if signature == "right" else signature
        if given is not None:
            headers["X-Hub-Signature-256"] = given.replace("{right}", digest)
        sent = {"data": raw, "headers": headers, "content_type": "application/json"}
        return app.test_client().post("/webhooks/meta", **sent)

    return post


def body_of(device, *messages, statuses=(), field="messages") -> dict:
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": device.external_account}}
    if messages:
        value |= {"messages": list(messages)}
    if statuses:
        value |= {"statuses": list(statuses)}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}],
    }


def text_message(text="halo", **more) -> dict:
    return {
        "id": f"wamid.{factories.number()}",
        "from": "6281234567890",
        "timestamp": "1700000000",
        "type": "text",
        "text": {"body": text},
        **more,
    }


def stored(device, model=WebhookEvent) -> int:
    with acting_as(device.organization_id):
        return db.session.scalar(select(func.count()).select_from(model))


SIGNATURES = {
    "none": None,
    "empty": "",
    "wrong": "sha256=" + "0" * 64,
    "truncated": "sha256=abc",
    "sha1 only": "sha1=" + "0" * 40,
    "upper-case hex": "SHA256={right}",
    "without its name": "{right}",
    "with a blank": "sha256= {right}",
    "twice": "sha256={right},sha256={right}",
    "not latin": "sha256=é",
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_h1_a_bad_signature_stores_nothing(send, device, kind):
    answer = send(body_of(device, text_message()), signature=SIGNATURES[kind])
    assert answer.status_code in (401, 403)
    assert stored(device) == stored(device, Message) == 0


def test_h1_the_signature_is_of_the_bytes_and_not_of_their_meaning(send, device, settings):
    body = body_of(device, text_message())
    other = json.dumps(body, indent=2).encode()
    digest = hmac.new(settings[0].meta_app_secret.encode(), other, hashlib.sha256).hexdigest()
    assert send(body, signature=f"sha256={digest}").status_code == 403


def test_h2_an_unknown_account_is_ignored(send, device):
    body = body_of(device, text_message())
    value = body["entry"][0]["changes"][0]["value"]
    for account in ("999999999", "", None, device.external_account + "0", {"a": 1}, "' OR 1=1--"):
        value["metadata"]["phone_number_id"] = account
        assert send(body).status_code == 200
    assert stored(device) == 0


GOOD = {"hub.mode": "subscribe", "hub.verify_token": "{token}", "hub.challenge": "12345"}
HANDSHAKES = {
    "right": ({}, 200),
    "wrong token": ({"hub.verify_token": "x"}, 403),
    "no token": ({"hub.verify_token": None}, 403),
    "no challenge": ({"hub.challenge": None}, 403),
    "markup": ({"hub.challenge": "<script>alert(1)</script>"}, 403),
    "another mode": ({"hub.mode": "unsubscribe"}, 403),
    "several lines": ({"hub.challenge": "1\r\nX: 1"}, 403),
}


@pytest.mark.parametrize("kind", HANDSHAKES)
def test_h3_the_handshake(client, settings, kind):
    change, expected = HANDSHAKES[kind]
    query = {k: v for k, v in {**GOOD, **change}.items() if v is not None}
    if query.get("hub.verify_token") == "{token}":
        query["hub.verify_token"] = settings[0].meta_verify_token
    answer = client.get("/webhooks/meta", query_string=query)
    assert answer.status_code == expected
    if expected == 200:
        assert (answer.text, answer.mimetype) == ("12345", "text/plain")
    assert "<script>" not in answer.text


BODIES = {
    "h6 100k levels": b"[" * 100_000,
    "h6 100k objects": b'{"a":' * 100_000,
    "h6 not JSON": b"\x00\xff\xfe",
    "h6 empty": b"",
    "h6 a list": b"[]",
    "h6 a number": b"1",
    "h6 NaN": b'{"object": NaN}',
    "h6 long number": b'{"object": ' + b"9" * 100_000 + b"}",
    "h6 duplicate keys": b'{"object": "a", "object": "b", "entry": []}',
    "h6 lone surrogate": b'{"object": "\\ud800", "entry": [{"id": "\\udfff\\u0000"}]}',
    "h7 empty entry": b'{"object": "whatsapp_business_account", "entry": []}',
    "h7 entry is a string": b'{"object": "whatsapp_business_account", "entry": "x"}',
    "h7 null inside": b'{"object": "whatsapp_business_account", "entry": [null, {"changes": [null]}]}',
    "h7 another object": b'{"object": "page", "entry": [{"id": "1"}]}',
}


@pytest.mark.parametrize("kind", BODIES)
def test_odd_bodies(send, device, kind):
    assert send(BODIES[kind]).status_code in (200, 400)
    assert stored(device, Message) == 0


def test_a_plain_call_goes_past_flask_and_is_counted_all_the_same(send, device):
    """The routes would answer with a page's headers; both ways are one figure and one effect."""

    def counted() -> float:
        return logs.REQUESTS.labels("webhooks.receive_meta", 200)._value.get()

    before = counted()
    short = send(body_of(device, text_message()))
    long = send(body_of(device, text_message()), **{"Content-Encoding": "identity"})
    assert (short.status_code, short.data) == (long.status_code, long.data) == (200, b"")
    assert "Content-Security-Policy" in long.headers and "Content-Security-Policy" not in short.headers
    assert short.mimetype == long.mimetype and re.fullmatch("[0-9a-f]{32}", short.headers["X-Request-Id"])
    assert counted() == before + 2 and stored(device, Message) == 2
    refused = send(body_of(device, text_message()), signature="sha256=0")
    assert refused.status_code == 403 and refused.json["error"]["code"] == "bad_signature"


def test_h6_a_million_keys(send, device):
    raw = b"{" + b",".join(b'"%x":1' % n for n in range(250_000)) + b"}"
    assert send(raw).status_code == 200


MESSAGES = {
    "h6 NUL and surrogates": text_message("a\0b\ud800c"),
    "h7 unknown type": text_message(type="hologram", hologram={"a": [1]}),
    "h7 type and content differ": text_message(type="image"),
    "h7 text is a list": text_message(text=["a"]),
    "h7 from is a number": text_message(**{"from": 6281234567890}),
    "h7 new fields": text_message(future={"nested": {"deep": [1, 2]}}),
    "h8 time 0": text_message(timestamp="0"),
    "h8 negative": text_message(timestamp="-5"),
    "h8 year 9999": text_message(timestamp="253402300799"),
    "h8 beyond": text_message(timestamp="9" * 30),
    "h8 milliseconds": text_message(timestamp="1700000000000"),
    "h8 words": text_message(timestamp="kemarin"),
    "h11 SQL": text_message("' OR 1=1--; DROP TABLE messages; %_\\"),
    "h13 markup": text_message("<script>alert(1)</script><img src=x onerror=alert(1)>"),
    "h14 templates": text_message("{{7*7}} {% import os %} ${7*7} #{7*7}"),
    "h25 zalgo": text_message("z" + "\u0300" * 10_000),
    "h25 one long word": text_message("x" * 1_000_000),
    "h25 cut emoji": text_message("👨‍👩‍👧‍👦" * 60),
    "h23 direction marks": text_message("\u202e1\u200b"),
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_odd_messages_are_kept_clean_and_shown(send, device, as_person, kind):
    """Each becomes at most one message, which the API and the page can show as text."""
    admin = factories.person(device.organization_id, "admin")
    answer = send(body_of(device, MESSAGES[kind]))
    assert answer.status_code == 200
    assert stored(device) == 1 and stored(device, Message) <= 1
    listed = as_person(admin).get("/api/app/inbox/conversations").json["items"]
    for talk in listed:
        messages = as_person(admin).get(f"/api/app/inbox/conversations/{talk['id']}/messages")
        [message] = messages.json["items"]
        assert "2010" <= message["created_at"][:4] <= "2100"
        assert "\0" not in message["text"]
        page = as_person(admin).get(f"/app/inbox/{talk['id']}")
        assert page.status_code == 200 and len(talk["last_message"]["text"]) <= 200
        assert "<script>alert" not in page.text and "<img src=x" not in page.text
        if kind.startswith("h14"):
            assert "{{7*7}}" in page.text


def test_h9_ten_thousand_statuses_of_nothing(send, device):
    statuses = [
        {"id": f"wamid.none{n}", "status": "read", "timestamp": "1700000000", "recipient_id": "1"}
        for n in range(10_000)
    ]
    assert send(body_of(device, statuses=statuses)).status_code == 200
    assert stored(device) <= 10_000 and stored(device, Message) == 0


def test_h10_a_genuine_body_again_has_no_effect(send, device):
    body = body_of(device, text_message())
    assert [send(body).status_code for _ in range(3)] == [200] * 3
    assert (stored(device), stored(device, Message), stored(device, Conversation)) == (1, 1, 1)


def test_h10_the_same_id_with_another_text_keeps_the_first(send, device):
    message = text_message("pertama")
    send(body_of(device, message))
    send(body_of(device, {**message, "text": {"body": "kedua"}}))
    with acting_as(device.organization_id):
        assert db.session.scalars(select(Message.text)).all() == ["pertama"]


NAMES = ["<script>alert(1)</script>", "{{7*7}}", "a\u202egpj.exe", "x" * 5000, "\0", "", None, 7, "\r\nX: 1"]


@pytest.mark.parametrize("name", NAMES, ids=[f"name {n}" for n in range(len(NAMES))])
def test_h13_a_customers_own_name_is_text(send, device, as_person, name):
    admin = factories.person(device.organization_id, "admin")
    body = body_of(device, text_message())
    value = body["entry"][0]["changes"][0]["value"]
    value["contacts"] = [{"wa_id": "6281234567890", "profile": {"name": name}}]
    assert send(body).status_code == 200
    with acting_as(device.organization_id):
        [contact] = db.session.scalars(select(Contact)).all()
    assert 1 <= len(contact.name) <= 255
    for url in ("/app/inbox", "/app/contacts", f"/app/contacts/{contact.id}"):
        page = as_person(admin).get(url)
        assert page.status_code == 200 and "<script>alert" not in page.text
