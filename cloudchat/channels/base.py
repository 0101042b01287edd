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
    button_id: int = 256  # in bytes
    list_rows: int = 0
    list_title: int = 24
    list_description: int = 72
    menu_text_length: int = 1024  # of the text above buttons or a list
    media: Mapping[str, int] = field(default_factory=dict)  # kind -> largest size
    media_types: Mapping[str, frozenset[str]] = field(default_factory=dict)  # kind -> MIME; absent: any
    caption_length: int = 1024
    captionless: frozenset[str] = frozenset()  # kinds of media that carry no text
    window: timedelta | None = None  # how long after the customer's last message free text may go
    human_window: timedelta | None = None  # the same for a person's answer, where the account has leave
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
    kind: str  # message | status | echo | wish | account | template | other
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
    edited: bool = False  # the customer changed an earlier message: this is how it reads now
    silent: bool = False  # somebody else answers (another app has the thread): nothing automatic
    extra: dict = field(default_factory=dict)  # kept in payload as is (contacts, reaction, referral)


@dataclass(frozen=True)
class Deletion:
    """The customer took one of their messages back."""

    external_id: str
    occurred_at: datetime


@dataclass(frozen=True)
class StatusUpdate:
    """What a provider reports about one of our messages."""

    external_id: str
    status: str  # sent | delivered | read | failed
    occurred_at: datetime
    reference: str | None = None  # our own outbox reference, if the provider echoes one
    error: dict | None = None  # {"code", "message", "details"}


@dataclass(frozen=True)
class Watermark:
    """All that this customer was sent up to a moment was delivered, or read."""

    external_user_id: str
    status: str  # delivered | read
    up_to: datetime


@dataclass(frozen=True)
class WishUpdate:
    """A customer told the provider whether they want offers from this business."""

    external_user_id: str
    phone: str | None  # E.164
    wanted: bool
    occurred_at: datetime


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


@dataclass(frozen=True)
class Acknowledgement:
    """The provider waits for a sign that a tap was noticed; `details` is for the adapter alone."""

    details: dict


Parsed = (
    InboundMessage
    | Deletion
    | StatusUpdate
    | Watermark
    | WishUpdate
    | AccountUpdate
    | Acknowledgement
    | TemplateUpdate
)


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
    template: dict | None = None  # a file of its header stands in media_path or media_url
    media_url: str | None = None  # a file that the provider itself keeps, to be handed over anew
    reply_to_external_id: str | None = None
    header: str | None = None  # above and below the text of buttons or a list
    footer: str | None = None
    by_human: bool = False  # an agent wrote it
    late: bool = False  # the window for free text has closed


@dataclass(frozen=True)
class SendResult:
    """The provider accepted the message. `status` is what may be claimed now."""

    external_id: str | None
    status: str = "sent"
    external_user_id: str | None = None  # where the provider knows the recipient by another id


@dataclass(frozen=True)
class Connection:
    """How an account stands after a call to its provider; `facts` (names, numbers) are for people."""

    status: str = "connected"
    facts: dict = field(default_factory=dict)
    error: dict | None = None


@dataclass(frozen=True)
class Link:
    """How far the linking of a phone has come: the provider's state, and the code to scan, if any."""

    state: str
    status: str  # connected | needs_reauth | disconnected
    picture: bytes | None = None  # PNG
    facts: dict = field(default_factory=dict)


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

    def mark_read(self, device: DeviceAccount, external_id: str, external_user_id: str = "") -> None:
        """Tell the provider that the customer's message was read. Raises ProviderError."""

    def check(self, device: DeviceAccount) -> dict:
        """Ask the provider whether the account works; facts to show. Raises ProviderError."""

    def connect(self, device: DeviceAccount, webhook_url: str | None) -> Connection:
        """Have the provider send us what happens; doing it again does no harm. Raises ProviderError."""

    def disconnect(self, device: DeviceAccount) -> None:
        """Have the provider send us nothing any more. Raises ProviderError."""


class Adapter:
    """What most channels have nothing to do for."""

    def mark_read(self, device: DeviceAccount, external_id: str, external_user_id: str = "") -> None:
        """Nobody waits for it."""

    def connect(self, device: DeviceAccount, webhook_url: str | None) -> Connection:
        """Nothing to arrange."""
        return Connection()

    def disconnect(self, device: DeviceAccount) -> None:
        """Nothing to arrange."""

    def link(self, device: DeviceAccount) -> Link | None:
        """How the linking of a phone stands; None where no phone is linked."""
        return None

    def acknowledge(self, device: DeviceAccount, details: dict) -> None:
        """Answer an `Acknowledgement` that `parse` asked for. Raises ProviderError."""

    def profile(self, device: DeviceAccount, external_user_id: str) -> str | None:
        """The customer's name, where messages come without it. Raises ProviderError."""
        return None
