"""Channels by device type, and the one that needs no provider."""

import pytest

from cloudchat import channels, config
from cloudchat.channels.base import DeviceAccount, Media, OutboundMessage, RawEvent
from cloudchat.errors import ProviderError

DEVICE = DeviceAccount(1, 1, "webchat", "")


@pytest.fixture
def registry():
    """Other tests go on with the adapters that they had."""
    kept = dict(channels.CHANNELS)
    yield
    channels.CHANNELS.clear()
    channels.CHANNELS.update(kept)


def test_every_channel_is_found_by_its_type(registry, tmp_path) -> None:
    channels.configure(config.load({"CLOUDCHAT_DATA_DIR": str(tmp_path)}))
    for device_type in ("wa_official", "webchat"):
        assert channels.get(device_type).type == device_type
    with pytest.raises(LookupError):
        channels.get("pigeon")


def test_web_chat_is_sent_when_it_is_written() -> None:
    channel = channels.WebChat()
    message = OutboundMessage(reference="out-7", to="x", kind="text", text="Halo")
    result = channel.send(DEVICE, message)
    assert (result.external_id, result.status) == ("web-out-7", "sent")
    assert channel.capabilities.in_process


def test_web_chat_has_no_provider_to_ask() -> None:
    channel = channels.WebChat()
    assert channel.split(b"anything") == []
    assert channel.parse(RawEvent("", "x", "message", {})) == []
    assert channel.check(DEVICE) == {}
    channel.mark_read(DEVICE, "web-1")
    with pytest.raises(ProviderError):
        channel.fetch_media(DEVICE, Media("image", url="http://127.0.0.1/"), 10)
