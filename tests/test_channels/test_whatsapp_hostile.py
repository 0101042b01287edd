"""Webhook bodies that nobody should send: nothing fails, nothing unfit is kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudchat.channels import whatsapp_inbound
from cloudchat.channels.base import InboundMessage, RawEvent, StatusUpdate

PAYLOADS = Path(__file__).parents[1] / "payloads" / "whatsapp"
SENT_AT = datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)


def split(name: str) -> list[RawEvent]:
    return whatsapp_inbound.split((PAYLOADS / f"{name}.json").read_bytes())


def test_a_bad_item_does_not_spoil_its_neighbours() -> None:
    events = split("batch_with_bad_items")
    parsed = [item for event in events for item in whatsapp_inbound.parse(event)]
    assert [item.kind for item in parsed if isinstance(item, InboundMessage)] == [
        "text",
        "unsupported",
        "text",
    ]
    assert [item.status for item in parsed if isinstance(item, StatusUpdate)] == ["read"]


def test_values_of_the_wrong_type_become_placeholders() -> None:
    parsed = [item for event in split("hostile_types") for item in whatsapp_inbound.parse(event)]
    assert [item.kind for item in parsed] == ["unsupported"] * 5
    assert parsed[0].external_id == "12345"


def test_hostile_text_is_stored_clean() -> None:
    (event,) = split("hostile_text")
    kept = json.dumps(event.payload, allow_nan=False)
    assert "\\u0000" not in kept
    kept.encode()
    (message,) = whatsapp_inbound.parse(event)
    assert message.text == "a\ufffdb\ufffdc 😀 d\ufffd"
    assert message.external_id == "wamid.dup\ufffd\ufffd"
    assert message.user_name == "Bu\ufffddi\ufffd"


def test_times_are_kept_sane() -> None:
    now = datetime.now(UTC)
    times = [whatsapp_inbound.parse(event)[0].occurred_at for event in split("hostile_times")]
    assert times[3] == times[4] == SENT_AT  # milliseconds
    for moment in times[:3] + times[5:]:
        assert now - timedelta(seconds=1) <= moment <= now + timedelta(seconds=10)


def test_overlong_ids_still_fit_an_index_and_match_each_other() -> None:
    message, status = split("hostile_long_ids")
    assert len(message.provider_id) < 100
    (inbound,) = whatsapp_inbound.parse(message)
    (update,) = whatsapp_inbound.parse(status)
    assert inbound.external_id == update.external_id == message.provider_id
    assert len(inbound.external_user_id) < 100
    assert len(inbound.text) == 65_536


def test_every_payload_file_is_read_without_fault() -> None:
    for path in PAYLOADS.glob("*.json"):
        for event in whatsapp_inbound.split(path.read_bytes()):
            whatsapp_inbound.parse(event)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"entry":',
        b"\xff\xfe",
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_a_body_that_is_no_object_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError):
        whatsapp_inbound.split(raw)


def test_deep_nesting_is_cut_off() -> None:
    deep = b'[{"a":' * 400 + b"1" + b"}]" * 400
    body = b'{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"x","value":%s}]}]}'
    (event,) = whatsapp_inbound.split(body % deep)
    assert len(json.dumps(event.payload)) < 1000


def test_a_number_without_end_is_survived() -> None:
    body = b'{"object":"whatsapp_business_account","entry":[{"id":%s}]}' % (b"9" * 100_000)
    (event,) = whatsapp_inbound.split(body)
    assert len(event.parent_account) == 64


def test_a_flood_of_empty_or_countless_items_stays_small() -> None:
    def of(messages: list) -> bytes:
        value = {"metadata": {"phone_number_id": "1"}, "messages": messages}
        entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
        return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()

    assert len(whatsapp_inbound.split(of([{}] * 100_000))) == 1
    many = whatsapp_inbound.split(of([{"id": str(n), "from": "1"} for n in range(25_000)]))
    assert len(many) == whatsapp_inbound.MAX_EVENTS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["text", "image", "location", "interactive", "button", "reaction", "contacts"])
ITEM = st.one_of(
    JSON,
    st.builds(
        lambda kind, body, **rest: {"type": kind, kind: body, **rest},
        KINDS,
        JSON,
        id=JSON | st.just("wamid.1"),
        **{"from": JSON | st.just("628")},
        timestamp=JSON,
        context=JSON,
        referral=JSON,
        errors=JSON,
        status=JSON | st.sampled_from(["read", "failed"]),
    ),
)
VALUE = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {},
        optional={
            "metadata": JSON,
            "contacts": JSON | st.lists(JSON, max_size=2),
            "messages": JSON | st.lists(ITEM, max_size=3),
            "statuses": JSON | st.lists(ITEM, max_size=3),
            "message_echoes": JSON | st.lists(ITEM, max_size=2),
            "errors": JSON | st.lists(JSON, max_size=2),
        },
    ),
)
FIELD = JSON | st.sampled_from(["messages", "smb_message_echoes", "account_update"])


@given(value=VALUE, field=FIELD, entry_id=JSON, time=JSON)
def test_no_json_at_all_makes_it_fail(value: Any, field: Any, entry_id: Any, time: Any) -> None:
    entry = {"id": entry_id, "time": time, "changes": [{"field": field, "value": value}]}
    body = {"object": "whatsapp_business_account", "entry": [entry]}
    for event in whatsapp_inbound.split(json.dumps(body).encode()):
        assert 0 < len(event.provider_id) <= 300
        assert len(event.account) <= 255
        json.dumps(event.payload, allow_nan=False).encode()
        for parsed in whatsapp_inbound.parse(event):
            if isinstance(parsed, InboundMessage):
                assert 0 < len(parsed.external_id) <= 255
                assert 0 < len(parsed.external_user_id) <= 255
                assert parsed.occurred_at <= datetime.now(UTC)


@given(kind=st.sampled_from(["message", "echo", "status", "account", "other", "?"]), value=JSON)
def test_no_stored_event_makes_parsing_fail(kind: str, value: Any) -> None:
    for key in ("message", "status", "value", "contact"):
        whatsapp_inbound.parse(RawEvent("1", "x", kind, {key: value}))


@given(body=JSON)
def test_no_body_makes_it_fail(body: Any) -> None:
    raw = json.dumps(body).encode()
    if isinstance(body, dict):
        whatsapp_inbound.split(raw)
    else:
        with pytest.raises(ValueError):
            whatsapp_inbound.split(raw)
