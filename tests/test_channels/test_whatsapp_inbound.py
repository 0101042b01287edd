"""Webhook bodies as Meta sends them: what they become."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cloudchat.channels import whatsapp_inbound
from cloudchat.channels.base import AccountUpdate, Deletion, InboundMessage, Media, RawEvent, StatusUpdate

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
        "media": media("document", 1003383421387257, "application/pdf", "x1sYjm==", filename="faktur.pdf"),
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
    "unknown_type": {
        "kind": "unsupported",
        "extra": {"type": "hologram", "body": {"frames": 12}},
    },
}


def test_an_edit_and_a_revocation_are_about_the_message_before() -> None:
    original = "wamid.HBgMNjI4MTExMTExMTExFQIAEhgUM0ET1"
    [edit], [revoke] = (whatsapp_inbound.parse(split(name)[0]) for name in ("edit", "revoke"))
    assert (edit.edited, edit.external_id, edit.kind, edit.text) == (True, original, "text", "Halo!")
    assert revoke == Deletion(original, SENT_AT)


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


def test_what_customers_tell_meta_about_offers() -> None:
    stop, resume, other = split("wish_stop")
    (wish,) = whatsapp_inbound.parse(stop)
    assert (wish.external_user_id, wish.phone, wish.wanted) == ("628111111111", "+628111111111", False)
    assert [wish.wanted for wish in whatsapp_inbound.parse(resume)] == [True]
    assert whatsapp_inbound.parse(other) == []


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


def test_news_of_a_template() -> None:
    (event,) = split("template_status")
    assert (event.kind, event.account, event.parent_account) == ("template", "", "102290129340398")
    (news,) = whatsapp_inbound.parse(event)
    assert (news.account, news.name, news.language) == ("102290129340398", "promo", "id")
    assert (news.status, news.reason, news.external_id) == ("REJECTED", "INVALID_FORMAT", "1689556908129835")
    assert news.occurred_at.timestamp() == 1751247548


@pytest.mark.parametrize("name", ["unknown_field", "no_changes", "other_object"])
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
