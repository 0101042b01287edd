"""The messaging channels, by device type. `configure` is called once, when the app is made."""

from cloudchat.channels.base import Channel
from cloudchat.channels.messenger import Messenger
from cloudchat.channels.telegram import Telegram
from cloudchat.channels.wa_device import WaDevice
from cloudchat.channels.webchat import WebChat
from cloudchat.channels.whatsapp_cloud import WhatsAppCloud
from cloudchat.config import Config

CHANNELS: dict[str, Channel] = {}


def configure(config: Config) -> None:
    """Make the adapters for this installation's provider addresses."""
    made = (
        WhatsAppCloud(config.meta_graph_url, config.meta_graph_version),
        WaDevice(config.wa_device_url),
        Telegram(config.telegram_api_url),
        Messenger(config.meta_graph_url, config.meta_graph_version, config.meta_app_id),
        WebChat(),
    )
    CHANNELS.clear()
    CHANNELS.update({channel.type: channel for channel in made})


def get(device_type: str) -> Channel:
    """The adapter for a device type. Raises LookupError for one that we do not have."""
    try:
        return CHANNELS[device_type]
    except KeyError:
        raise LookupError(f"no channel for devices of type {device_type!r}") from None
