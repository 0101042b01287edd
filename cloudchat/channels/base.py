"""What every messaging channel offers to the core: one interface, plain values in and out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True)
class Capabilities:
    """What a channel can carry. Lengths are in characters, sizes in bytes, 0 means none."""

    text_length: int = 4096
    buttons: int = 0
    button_title: int = 20
    list_rows: int = 0
    list_title: int = 24
    list_description: int = 72
    menu_text_length: int = 1024  # of the text above buttons or a list
    media: Mapping[str, int] = field(default_factory=dict)  # kind -> largest size
    media_types: Mapping[str, frozenset[str]] = field(default_factory=dict)  # kind -> MIME; absent: any
    caption_length: int = 1024
    captionless: frozenset[str] = frozenset()  # kinds of media that carry no text
    window: timedelta | None = None  # how long after the customer's last message free text may go
    receipts: bool = False  # does the provider report delivered and read?
    typing: bool = False
    in_process: bool = False  # sending is our own database row; no provider is called


@dataclass(frozen=True)
class DeviceAccount:
    """A device as an adapter needs it: its settings and decrypted secrets, never the ORM row."""

    id: int
    organization_id: int
    type: str
    external_account: str
    config: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class RawEvent:
    """One item of a webhook body, still in the provider's own shape.

    account: which device it is for. provider_id: unique per device, so that storing twice is impossible.
    """

    account: str
    provider_id: str
    kind: str  # message | status | echo | account | template | other
    payload: dict
    parent_account: str | None = None  # what the account belongs to (WABA); some news names only that


@dataclass(frozen=True)
class Media:
    """A file that came with a message; `url` or `external_id` is what `fetch_media` needs."""

    kind: str  # image | document | audio | video | sticker
    external_id: str | None = None
    url: str | None = None
    mime: str | None = None
    filename: str | None = None
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class InboundMessage:
    """A customer's message (or, with `echo`, one that the business typed on its own phone)."""

    external_id: str
    external_user_id: str
    # text | image | document | audio | video | sticker | location | interactive | contacts |
    # reaction | unsupported
    kind: str
    occurred_at: datetime  # aware, UTC, clamped to a sane range
    text: str | None = None
    user_name: str | None = None
    phone: str | None = None  # E.164 with "+", where the channel knows it
    choice_id: str | None = None  # the id of a tapped button or list row
    media: tuple[Media, ...] = ()
    location: dict | None = None
    reply_to_external_id: str | None = None
    echo: bool = False
    extra: dict = field(default_factory=dict)  # kept in payload as is (contacts, reaction, referral)


@dataclass(frozen=True)
class StatusUpdate:
    """What a provider reports about one of our messages."""

    external_id: str
    status: str  # sent | delivered | read | failed
    occurred_at: datetime
    reference: str | None = None  # our own outbox reference, if the provider echoes one
    error: dict | None = None  # {"code", "message", "details"}


@dataclass(frozen=True)
class AccountUpdate:
    """News about the device itself (token dead, number restricted, quality)."""

    status: str | None = None  # connected | needs_reauth | disconnected
    error: dict | None = None
    details: dict = field(default_factory=dict)


@dataclass(frozen=True)
class TemplateUpdate:
    """News about a message template; what it does not speak of is None."""

    account: str  # the WABA
    name: str
    language: str
    external_id: str | None
    occurred_at: datetime | None
    status: str | None = None
    quality: str | None = None
    category: str | None = None
    reason: str | None = None
    details: str | None = None


Parsed = InboundMessage | StatusUpdate | AccountUpdate | TemplateUpdate


@dataclass(frozen=True)
class OutboundMessage:
    """One message to send. `reference` is ours and comes back in statuses where the provider can."""

    reference: str
    to: str
    kind: str  # text | image | document | audio | video | buttons | list | location | template
    text: str | None = None
    buttons: tuple[dict, ...] = ()  # {"id", "title", "description"?}
    list_button: str | None = None
    media_path: str | None = None
    media_mime: str | None = None
    media_filename: str | None = None
    location: dict | None = None
    template: dict | None = None
    reply_to_external_id: str | None = None
    header: str | None = None  # above and below the text of buttons or a list
    footer: str | None = None


@dataclass(frozen=True)
class SendResult:
    """The provider accepted the message. `status` is what may be claimed now."""

    external_id: str | None
    status: str = "sent"
    external_user_id: str | None = None  # where the provider knows the recipient by another id


class Channel(Protocol):
    """An adapter for one provider. It never touches the database."""

    type: str
    capabilities: Capabilities

    def split(self, raw: bytes) -> Iterable[RawEvent]:
        """The separate events of a verified webhook body. Unknown shapes become events of kind `other`."""

    def parse(self, event: RawEvent) -> list[Parsed]:
        """The meaning of one stored event; an empty list where there is nothing to do."""

    def send(self, device: DeviceAccount, message: OutboundMessage) -> SendResult:
        """Send one message. Raises ProviderError."""

    def fetch_media(self, device: DeviceAccount, media: Media, limit: int) -> tuple[bytes, str]:
        """Content and MIME type of a received file, at most `limit` bytes. Raises ProviderError."""

    def mark_read(self, device: DeviceAccount, external_id: str) -> None:
        """Tell the provider that the message was read. Raises ProviderError."""

    def check(self, device: DeviceAccount) -> dict:
        """Ask the provider whether the account works; facts to show. Raises ProviderError."""
