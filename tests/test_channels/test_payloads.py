"""Webhook bodies as the providers send them, and what each adapter makes of them."""

from pathlib import Path

import pytest

from cloudchat.channels import Messenger, Telegram, WaDevice
from cloudchat.channels.base import AccountUpdate, InboundMessage, StatusUpdate, Watermark

PAYLOADS = Path(__file__).parents[1] / "payloads"
ADAPTERS = {
    "telegram": Telegram("http://localhost"),
    "wa_device": WaDevice("http://localhost"),
    "messenger": Messenger("http://localhost", "v24.0", "100000000000001"),
}
MEANING = {
    "telegram": {
        "audio": ["audio: audio"],
        "blocked": [],
        "callback_query": ["interactive: div:2", "Acknowledgement"],
        "callback_query_old_message": ["interactive: div:2", "Acknowledgement"],
        "contact": ["contacts: Rina"],
        "document": ["document: Ini"],
        "edited": ["text edited: Ya, jadi"],
        "group": [],
        "image": ["image: Ini"],
        "location": ["location:"],
        "sticker": ["sticker: 👍"],
        "text": ["text: Halo, mau pesan"],
        "text_reply": ["text: Ya"],
        "unknown_update": [],
        "unsupported": ["unsupported: poll"],
        "video": ["video: Ini"],
    },
    "wa_device": {
        "ack_delivered": ["status delivered true_6281234"],
        "ack_failed": ["status failed true_6281234"],
        "ack_pending": [],
        "ack_played": ["status read true_6281234"],
        "ack_read": ["status read true_6281234"],
        "ack_sent": ["status sent true_6281234"],
        "audio": ["audio: audio"],
        "contact": ["contacts: Rina"],
        "document": ["document: Ini"],
        "echo": ["text echo: Masih kak"],
        "edited": ["text edited: Masih buka sampai jam berapa?"],
        "reaction": ["reaction: 🙏"],
        "reaction_own": [],
        "revoked": ["Deletion"],
        "group": [],
        "hidden_number": ["text: Masih buka kak?"],
        "image": ["image: Ini"],
        "location": ["location: Monas"],
        "newsletter": [],
        "old_server": ["text: Masih buka kak?"],
        "session_failed": ["account disconnected"],
        "session_scan_qr_code": ["account needs_reauth"],
        "session_starting": ["account None"],
        "session_stopped": ["account disconnected"],
        "session_working": ["account connected"],
        "status_broadcast": [],
        "sticker": ["sticker: sticker"],
        "text": ["text: Masih buka kak?"],
        "text_of_2024": ["text: Masih buka kak?"],
        "unknown_event": [],
        "video": ["video: Ini"],
    },
    "messenger": {
        "audio": ["audio: audio"],
        "batch": ["text: pesan 0", "text: pesan 1", "text: pesan 2", "unsupported: unknown"],
        "deleted": ["Deletion"],
        "delivery": ["status delivered m_1", "status delivered m_2"],
        "delivery_without_mids": ["watermark delivered"],
        "document": ["document: document"],
        "echo_from_page": ["text echo: Dijawab dari halaman"],
        "echo_own": ["status sent m_own"],
        "echo_own_app_without_metadata": [],
        "edit": ["text edited: Yang ini"],
        "fallback": ["unsupported: fallback"],
        "feed_change": [],
        "image": ["image: image"],
        "location": ["location: Monas"],
        "postback": ["interactive: GET_STARTED"],
        "quick_reply": ["interactive: div:1"],
        "reaction": ["reaction: ❤"],
        "read": ["watermark read"],
        "referral": [],
        "standby": ["text silent: Halo"],
        "sticker": ["sticker: sticker"],
        "text": ["text: Harga sepatu ini berapa?"],
        "unsupported": ["unsupported: fallback"],
        "video": ["video: video"],
    },
}


def brief(item) -> str:
    """What matters of a parsed item, in a line."""
    match item:
        case InboundMessage():
            flags = "".join(f" {flag}" for flag in ("echo", "edited", "silent") if getattr(item, flag))
            media = item.media[0].kind if item.media else None
            told = item.choice_id or item.text or media or item.extra.get("type") or ""
            return f"{item.kind}{flags}: {told}".strip()
        case StatusUpdate():
            return f"status {item.status} {item.external_id[:12]}"
        case Watermark():
            return f"watermark {item.status}"
        case AccountUpdate():
            return f"account {item.status}"
    return type(item).__name__


@pytest.mark.parametrize("channel", MEANING)
def test_a_body_means_what_it_should(channel):
    adapter, found = ADAPTERS[channel], {}
    for path in sorted((PAYLOADS / channel).glob("*.json")):
        events = adapter.split(path.read_bytes())
        assert len({event.provider_id for event in events}) == len(events), path
        found[path.stem] = [brief(item) for event in events for item in adapter.parse(event)]
    assert found == MEANING[channel]


def test_hidden_and_old_numbers_of_whatsapp():
    def sender(name):
        [event] = ADAPTERS["wa_device"].split((PAYLOADS / "wa_device" / f"{name}.json").read_bytes())
        [message] = ADAPTERS["wa_device"].parse(event)
        return message.external_user_id, message.phone

    assert sender("old_server") == ("6281234567801", "+6281234567801")
    assert sender("hidden_number") == ("145876543210987@lid", None)
