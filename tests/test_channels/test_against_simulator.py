"""The adapter and the simulated Meta, together: every kind out, every kind in, every fault."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloudchat import config, simulators
from cloudchat.channels.base import DeviceAccount, InboundMessage, OutboundMessage, StatusUpdate
from cloudchat.channels.meta_signature import is_signed
from cloudchat.channels.whatsapp_cloud import WhatsAppCloud
from cloudchat.errors import ProviderError

NUMBER, WABA, TOKEN = "106540352242922", "102290129340398", "simulator-access-token"
BUDI = "6281234567801"
SAMPLES = Path(simulators.__file__).parent / "whatsapp" / "samples"
TEXT = OutboundMessage(reference="out-1", to=f"+{BUDI}", kind="text", text="Halo 👋")
CHOICES = tuple({"id": f"div:{number}", "title": f"Divisi {number}"} for number in range(1, 4))


class Meta:
    """The running simulator, and the webhooks that it sent."""

    def __init__(self, server: simulators.Server, inbox):
        self._server, self._inbox = server, inbox
        self.channel = WhatsAppCloud(f"{server.url}/meta", "v24.0", timeout=1.5)

    def control(self, method: str, path: str, **body: Any) -> dict:
        answer = httpx.request(method, f"{self._server.url}/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sent(self) -> list[dict]:
        return self.control("GET", "whatsapp/sent")["items"]

    def parsed(self, wanted: Callable[[list], bool]) -> list:
        """Everything heard so far, verified, split and parsed, as soon as `wanted` is content."""
        end = time.monotonic() + 5
        while True:
            found = []
            for call in list(self._inbox.requests):
                signature = call.headers["X-Hub-Signature-256"]
                assert is_signed(call.body, signature, config.SIMULATOR_APP_SECRET)
                for event in self.channel.split(call.body):
                    assert event.account == NUMBER
                    found.extend(self.channel.parse(event))
            if wanted(found):
                return found
            assert time.monotonic() < end, found
            time.sleep(0.02)


@pytest.fixture
def meta(graph, monkeypatch) -> Iterator[Meta]:
    for name in ("META_APP_ID", "META_APP_SECRET", "META_VERIFY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    graph.usual.status = 200
    server = simulators.serve(webhook_url=f"{graph.url}/webhooks/meta")
    yield Meta(server, graph)
    server.stop()


@pytest.fixture
def shop() -> DeviceAccount:
    return DeviceAccount(
        1, 1, "wa_official", NUMBER, config={"waba_id": WABA}, secrets={"access_token": TOKEN}
    )


def file(kind: str, name: str, mime: str, **more: Any) -> OutboundMessage:
    path = str(SAMPLES / name)
    return replace(TEXT, kind=kind, media_path=path, media_mime=mime, media_filename=name, **more)


KINDS = {
    "text": TEXT,
    "template": replace(
        TEXT,
        kind="template",
        text=None,
        template={"name": "hello_world", "language": {"code": "id"}},
    ),
    "buttons": replace(TEXT, kind="buttons", buttons=CHOICES, header="Toko", footer="Balas saja"),
    "list": replace(TEXT, kind="list", buttons=CHOICES, list_button="Pilih"),
    "location": replace(
        TEXT,
        kind="location",
        text=None,
        location={"latitude": -6.2, "longitude": 106.8, "name": "Monas"},
    ),
    "image": file("image", "photo.jpg", "image/jpeg", text="Foto"),
    "document": file("document", "document.pdf", "application/pdf", text=None),
    "audio": file("audio", "voice.ogg", "audio/ogg; codecs=opus", text=None),
    "video": file("video", "video.mp4", "video/mp4", text="Video"),
    "sticker": file("sticker", "sticker.webp", "image/webp", text=None),
}


def test_every_kind_is_accepted_as_it_was_meant(meta: Meta, shop) -> None:
    for number, (kind, message) in enumerate(KINDS.items()):
        result = meta.channel.send(shop, replace(message, reference=f"out-{number}"))
        item = meta.sent()[-1]
        told = (item["id"], item["to"], item["reference"])
        assert told == (result.external_id, BUDI, f"out-{number}"), kind
        assert item["type"] == ("interactive" if kind in ("buttons", "list") else kind)


def test_statuses_come_back_with_our_reference(meta: Meta, shop) -> None:
    meta.control("PATCH", "whatsapp/settings", window="off", read="auto", read_delay=0.4)
    result = meta.channel.send(shop, TEXT)
    updates = meta.parsed(lambda found: len(found) == 3)
    assert all(isinstance(update, StatusUpdate) for update in updates)
    assert {update.status for update in updates} == {"sent", "delivered", "read"}
    assert {update.external_id for update in updates} == {result.external_id}
    assert {update.reference for update in updates} == {"out-1"}


def test_a_closed_window_is_told_at_once_or_later(meta: Meta, shop) -> None:
    meta.channel.send(shop, TEXT)
    (update,) = meta.parsed(bool)
    assert (update.status, update.error["code"]) == ("failed", "131047")
    meta.control("PATCH", "whatsapp/settings", window="immediate")
    with pytest.raises(ProviderError) as caught:
        meta.channel.send(shop, TEXT)
    assert (caught.value.code, caught.value.permanent) == ("131047", True)


INBOUND = {
    "text": ({"text": "Halo"}, "text"),
    "location": ({}, "location"),
    "contacts": ({}, "contacts"),
    "image": ({"caption": "Bukti"}, "image"),
    "document": ({}, "document"),
    "audio": ({}, "audio"),
    "video": ({}, "video"),
    "sticker": ({}, "sticker"),
    "interactive": ({"reply_type": "list_reply", "reply_id": "div:3", "title": "B"}, "interactive"),
    "button": ({"text": "Lacak", "payload": "track:1"}, "interactive"),
    "reaction": ({"message_id": "wamid.X", "emoji": "👍"}, "reaction"),
    "unsupported": ({}, "unsupported"),
    "hologram": ({}, "unsupported"),
}


def test_every_kind_of_a_customer_is_understood(meta: Meta, shop) -> None:
    for number, (kind, (fields, wanted)) in enumerate(INBOUND.items(), 1):
        told = meta.control("POST", "whatsapp/messages", **{"from": BUDI, "type": kind, **fields})
        message = meta.parsed(lambda found, number=number: len(found) == number)[-1]
        assert isinstance(message, InboundMessage)
        assert (message.external_id, message.kind) == (told["id"], wanted)
        assert (message.phone, message.user_name) == (f"+{BUDI}", "Budi Santoso")
        for media in message.media:
            content, mime = meta.channel.fetch_media(shop, media, 5_000_000)
            assert content in [path.read_bytes() for path in SAMPLES.iterdir()]
            assert mime == media.mime.partition(";")[0]


def test_an_echo_and_a_batch(meta: Meta) -> None:
    meta.control("POST", "whatsapp/echoes", to=BUDI, text="Dari HP")
    customers = [{"from": str(6281000000000 + number), "text": str(number)} for number in range(30)]
    meta.control("POST", "whatsapp/batch", messages=customers)
    messages = meta.parsed(lambda found: len(found) == 31)
    assert [message.text for message in messages if message.echo] == ["Dari HP"]
    assert len({message.external_user_id for message in messages}) == 31


def test_an_expired_file_address_ends_as_gone(meta: Meta, shop) -> None:
    meta.control("PATCH", "whatsapp/settings", media_url_seconds=-10.0)
    meta.control("POST", "whatsapp/messages", **{"from": BUDI, "type": "image"})
    (message,) = meta.parsed(bool)
    with pytest.raises(ProviderError) as caught:
        meta.channel.fetch_media(shop, message.media[0], 5_000_000)
    assert caught.value.code == "media_gone"


# fault -> (permanent, unknown outcome)
FAULTS = {
    "error": (False, False),
    "status": (False, True),
    "close": (False, True),
    "reset": (False, True),
    "close_after": (False, True),
    "truncate": (False, True),
    "cut": (False, True),
    "hang_after": (False, True),
}


def test_a_fault_is_named_for_what_it_leaves_open(meta: Meta, shop) -> None:
    for kind, wanted in FAULTS.items():
        meta.control("POST", "meta/faults", kind=kind, code=130429, seconds=2.0)
        with pytest.raises(ProviderError) as caught:
            meta.channel.send(shop, TEXT)
        assert (caught.value.permanent, caught.value.unknown_outcome) == wanted, kind
        assert meta.channel.send(shop, TEXT).external_id


def test_a_refused_recipient_is_told_at_once_or_later(meta: Meta, shop) -> None:
    with pytest.raises(ProviderError) as caught:
        meta.channel.send(shop, replace(TEXT, to="628111131026"))
    assert (caught.value.code, caught.value.permanent) == ("131026", True)
    meta.channel.send(shop, replace(TEXT, to="628999131026"))
    (update,) = meta.parsed(bool)
    assert (update.status, update.error["code"]) == ("failed", "131026")


def test_a_dead_token_asks_for_a_new_connection(meta: Meta, shop) -> None:
    meta.control("PATCH", f"whatsapp/accounts/{NUMBER}", token_error=463)
    for call in (lambda: meta.channel.send(shop, TEXT), lambda: meta.channel.check(shop)):
        with pytest.raises(ProviderError) as caught:
            call()
        assert (caught.value.code, caught.value.reauth) == ("190", True)


def test_check_subscribe_and_mark_read(meta: Meta, shop) -> None:
    facts = meta.channel.check(shop)
    assert (facts["verified_name"], facts["quality_rating"]) == ("Toko Demo", "GREEN")
    meta.channel.subscribe(shop)
    told = meta.control("POST", "whatsapp/messages", **{"from": BUDI, "text": "Halo"})
    meta.channel.mark_read(shop, told["id"])
    with pytest.raises(ProviderError):
        meta.channel.mark_read(shop, "wamid.unknown")
