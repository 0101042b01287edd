"""Bodies and queries of the notifications API."""

from typing import Literal

from pydantic import Field

from cloudchat.fields import MessageId, StrictId
from cloudchat.services.notification_settings import MOST_VOLUME
from cloudchat.web import MAX_LIMIT, Body


class Channels(Body):
    """How a kind of event is told; what is left out stays as it is."""

    in_app: bool | None = None
    sound: bool | None = None
    desktop: bool | None = None
    push: bool | None = None


class Sound(Body):
    name: str | None = Field(None, max_length=20)
    volume: int | None = Field(None, ge=0, le=MOST_VOLUME, strict=True)


class QuietHours(Body):
    """From `start_time` to `end_time` ("HH:MM", may cross midnight); 0 is Sunday."""

    enabled: bool | None = None
    days: list[Literal[0, 1, 2, 3, 4, 5, 6]] | None = Field(None, max_length=7)
    start_time: str | None = Field(None, max_length=5)
    end_time: str | None = Field(None, max_length=5)
    own_still_rings: bool | None = None


class PushWishes(Body):
    show_text: bool | None = None


class SettingsChange(Body):
    """The choices to change; the others stay."""

    events: dict[str, Channels] | None = Field(None, max_length=50)
    sound: Sound | None = None
    quiet_hours: QuietHours | None = None
    push: PushWishes | None = None


class Snooze(Body):
    """For an hour, until tomorrow morning, or (null) not any more."""

    how_long: Literal["hour", "tomorrow"] | None


class ListQuery(Body):
    cursor: str | None = None
    limit: int = Field(20, ge=1, le=MAX_LIMIT)


class Read(Body):
    """Which notifications were read: some, those of a conversation, or all."""

    ids: list[MessageId] | None = Field(None, max_length=100)
    conversation_id: StrictId | None = None
    all: bool = False


class PushKeys(Body):
    p256dh: str = Field(max_length=120)
    auth: str = Field(max_length=40)


class Subscription(Body):
    """What `PushSubscription.toJSON()` of a browser gives."""

    endpoint: str = Field(max_length=2048)
    keys: PushKeys
