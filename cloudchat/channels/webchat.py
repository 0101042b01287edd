"""The web chat: our own page is the provider, so sending is done once the row is there."""

from cloudchat.channels.base import (
    Adapter,
    Capabilities,
    DeviceAccount,
    Media,
    OutboundMessage,
    Parsed,
    RawEvent,
    SendResult,
)
from cloudchat.errors import ProviderError

_MAX_FILE = 25 * 1024 * 1024


class WebChat(Adapter):
    """The adapter of the hosted page and the widget; customers write through our own API."""

    type = "webchat"
    capabilities = Capabilities(
        text_length=4096,
        buttons=13,
        button_title=200,
        menu_text_length=4096,
        media=dict.fromkeys(("image", "document", "audio", "video"), _MAX_FILE),
        caption_length=4096,
        receipts=True,
        typing=True,
        in_process=True,
    )

    def split(self, raw: bytes) -> list[RawEvent]:
        """Nothing: no provider calls us."""
        return []

    def parse(self, event: RawEvent) -> list[Parsed]:
        """Nothing: no provider calls us."""
        return []

    def send(self, device: DeviceAccount, message: OutboundMessage) -> SendResult:
        """The customer's page finds the message in our database; it counts as sent."""
        return SendResult(external_id=f"web-{message.reference}", status="sent")

    def fetch_media(self, device: DeviceAccount, media: Media, limit: int) -> tuple[bytes, str]:
        """Always refused: files of the web chat are uploaded to us, never fetched."""
        raise ProviderError("Web chat files are never fetched.", code="no_media", permanent=True)

    def check(self, device: DeviceAccount) -> dict:
        """Always well: there is no account elsewhere."""
        return {}
