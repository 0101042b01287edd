"""Webhook bodies as Meta sends them, and as nobody should: what they become."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudchat.channels import whatsapp_inbound
from cloudchat.channels.base import AccountUpdate, InboundMessage, Media, RawEvent, StatusUpdate

PAYLOADS = Path(__file__).parents[1] / "payloads" / "whatsapp"
SENT_AT = datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)
OURS = "wamid.HBgMNjI4MTExMTExMTExFQIAEhgUM0EOUR1"
TEMPLATE_TIME = 1751247548


def split(name: str) -> list[RawEvent]:
    return whatsapp_inbound.split((PAYLOADS / f"{name}.json").read_bytes())


def parse(name: str) -> Any:
    """The single meaning of a payload's single event."""
    (event,) = split(name)
    (parsed,) = whatsapp_inbound.parse(event)
    return parsed


def media(kind: str, number: int, mime: str, sha256: str, **more: str) -> tuple[Media, ...]:
    return (Media(kind, external_id=str(number), mime=mime, sha256=sha256, **more),)


MESSAGES = {
    "text": {"kind": "text", "text": "Halo, pesanan saya sampai mana? 🙏"},
    "text_reply": {"kind": "text", "reply_to_external_id": OURS},
    "text_forwarded": {"extra": {"forwarded": True, "frequently_forwarded": True}},
    "text_other_wa_id": {"external_user_id": "5213311111111", "user_name": "Budi Santoso"},
    "text_without_contacts": {"text": "Halo", "user_name": None, "phone": "+628111111111"},
    "text_scoped_user": {
        "external_user_id": "ID.13491208655302741918",
        "phone": None,
        "user_name": "Siti",
    },
    "text_scoped_and_phone": {"external_user_id": "628111111111", "extra": {"user_id": "ID.77"}},
    "image": {
        "kind": "image",
        "text": "Ini buktinya",
        "media": media(
            "image",
            1003383421387256,
            "image/jpeg",
            "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=",
            url="https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1003383421387256",
        ),
    },
    "document": {
        "kind": "document",
        "text": "Faktur Juni",
        "media": media(
            "document", 1003383421387257, "application/pdf", "x1sYjm==", filename="faktur.pdf"
        ),
    },
    "audio_voice": {
        "kind": "audio",
        "text": None,
        "media": media("audio", 1003383421387258, "audio/ogg; codecs=opus", "a2=="),
        "extra": {"voice": True},
    },
    "video": {"kind": "video", "media": media("video", 1003383421387259, "video/mp4", "a3==")},
    "sticker": {
        "kind": "sticker",
        "media": media("sticker", 1003383421387260, "image/webp", "a4=="),
        "extra": {"animated": True},
    },
    "location": {
        "kind": "location",
        "text": "Monas, Gambir, Jakarta Pusat",
        "location": {
            "latitude": -6.2088,
            "longitude": 106.8456,
            "name": "Monas",
            "address": "Gambir, Jakarta Pusat",
            "url": "https://foursquare.com/v/monas",
        },
    },
    "location_bare": {
        "kind": "location",
        "text": None,
        "location": {"latitude": -6.2088, "longitude": 106.8456},
    },
    "contacts": {"kind": "contacts", "text": "Siti Aminah, Agus"},
    "interactive_list": {
        "kind": "interactive",
        "text": "Billing",
        "choice_id": "div:3",
        "reply_to_external_id": OURS,
        "extra": {},
    },
    "interactive_button": {"kind": "interactive", "text": "Support", "choice_id": "div:4"},
    "interactive_form": {"kind": "interactive", "text": "Sent", "choice_id": None},
    "template_button": {
        "kind": "interactive",
        "text": "Lacak",
        "choice_id": "track:INV-1",
        "reply_to_external_id": OURS,
    },
    "reaction": {
        "kind": "reaction",
        "text": "👍🏽",
        "reply_to_external_id": OURS,
        "extra": {"reaction": {"message_id": OURS, "emoji": "👍🏽"}},
    },
    "reaction_removed": {"kind": "reaction", "text": None, "reply_to_external_id": OURS},
    "system": {"kind": "unsupported", "text": "Budi changed from 628111111111 to 628999999999"},
    "order": {"kind": "unsupported", "text": None},
    "edit": {"kind": "unsupported"},
    "revoke": {"kind": "unsupported"},
    "unknown_type": {
        "kind": "unsupported",
        "extra": {"type": "hologram", "body": {"frames": 12}},
    },
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_means_what_it_says(name: str) -> None:
    (event,) = split(name)
    assert (event.account, event.kind) == ("106540352242922", "message")
    assert event.parent_account == "102290129340398"
    (message,) = whatsapp_inbound.parse(event)
    assert isinstance(message, InboundMessage)
    assert message.external_id == event.provider_id
    assert message.occurred_at == SENT_AT
    assert not message.echo
    assert {key: getattr(message, key) for key in MESSAGES[name]} == MESSAGES[name]


def test_the_sender_is_known_by_number_and_name() -> None:
    message = parse("text")
    assert message.external_user_id == "628111111111"
    assert message.phone == "+628111111111"
    assert message.user_name == "Budi Santoso"


def test_what_an_ad_or_a_form_brings_along_is_kept() -> None:
    assert parse("text_referral").extra["referral"]["headline"] == "Diskon 20%"
    assert parse("interactive_form").extra["nfm_reply"]["response_json"]
    assert parse("contacts").extra["contacts"][0]["phones"][0]["wa_id"] == "628112222222"
    assert parse("order").extra["body"]["text"] == "Saya pesan ini"


def test_an_unsupported_message_becomes_a_placeholder_with_its_reason() -> None:
    message = parse("unsupported")
    assert message.kind == "unsupported"
    assert message.extra["body"] == {"type": "poll"}
    assert message.extra["errors"][0]["code"] == 131051


def test_an_echo_is_ours_and_belongs_to_the_customer_it_went_to() -> None:
    (event,) = split("echo")
    assert event.kind == "echo"
    (message,) = whatsapp_inbound.parse(event)
    assert (message.echo, message.external_user_id) == (True, "628111111111")
    assert (message.text, message.user_name) == ("Saya balas dari HP", None)


STATUSES = {
    "status_sent": "sent",
    "status_delivered": "delivered",
    "status_read": "read",
    "status_played": "read",
    "status_failed": "failed",
}


@pytest.mark.parametrize("name", STATUSES)
def test_a_status_names_the_message_and_our_reference(name: str) -> None:
    (event,) = split(name)
    assert event.provider_id == f"{OURS}:{name.removeprefix('status_')}"
    (update,) = whatsapp_inbound.parse(event)
    assert isinstance(update, StatusUpdate)
    assert (update.external_id, update.status) == (OURS, STATUSES[name])
    assert update.reference == "out-42"


def test_a_failed_status_says_why() -> None:
    error = parse("status_failed").error
    assert error["code"] == "131047"
    assert error["message"] == "Re-engagement message"
    assert "24 hours" in error["details"]


def test_an_unknown_status_means_nothing() -> None:
    (event,) = split("status_unknown")
    assert event.kind == "status"
    assert whatsapp_inbound.parse(event) == []


def test_trouble_with_the_account_is_told() -> None:
    locked, dead = parse("account_error"), parse("account_token_dead")
    assert isinstance(locked, AccountUpdate)
    assert (locked.status, locked.error["code"]) == (None, "131031")
    assert (dead.status, dead.error["code"]) == ("needs_reauth", "190")


def test_news_about_the_number_names_only_the_waba() -> None:
    (event,) = split("account_update")
    assert (event.kind, event.account, event.parent_account) == ("account", "", "102290129340398")
    (update,) = whatsapp_inbound.parse(event)
    assert update.details["value"]["event"] == "FLAGGED"


@pytest.mark.parametrize("name", ["template_status", "unknown_field", "no_changes", "other_object"])
def test_what_we_do_not_know_is_kept_and_means_nothing(name: str) -> None:
    (event,) = split(name)
    assert event.kind == "other"
    assert event.provider_id.startswith("other:")
    assert whatsapp_inbound.parse(event) == []


def test_an_event_without_id_is_known_by_its_content() -> None:
    (first,), (again,) = split("template_status"), split("template_status")
    assert first.provider_id == again.provider_id
    raw = (PAYLOADS / "template_status.json").read_bytes()
    later = raw.replace(str(TEMPLATE_TIME).encode(), str(TEMPLATE_TIME + 60).encode())
    assert whatsapp_inbound.split(later)[0].provider_id != first.provider_id


def test_a_batch_gives_every_item_to_its_own_number() -> None:
    events = split("batch")
    assert [event.kind for event in events] == ["message"] * 3 + ["status"] * 2 + ["message"]
    assert [event.account for event in events] == ["106540352242922"] * 5 + ["106540352242999"]
    assert len({event.provider_id for event in events}) == 6
    names = [whatsapp_inbound.parse(event)[0].user_name for event in events[:3]]
    assert names == ["Budi Santoso", "Siti", "Budi Santoso"]


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
    body = (
        b'{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"x","value":%s}]}]}'
    )
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
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["text", "image", "location", "interactive", "button", "reaction", "contacts"]
)
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
