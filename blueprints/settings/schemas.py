"""Bodies of the settings API."""

from pydantic import Field

from cloudchat.web import Body, Versioned


class NewDevice(Body):
    """A channel account to connect; which keys `config` needs depends on `type`."""

    type: str = Field(max_length=20)
    name: str = Field(max_length=255)
    config: dict = Field(default_factory=dict)


class DeviceChange(Versioned):
    """The fields to change; secrets are write-only."""

    name: str | None = Field(None, max_length=255)
    is_active: bool | None = None
    config: dict | None = None


class LabelBody(Versioned):
    name: str = Field(max_length=60)
    color: str = Field("#64748b", max_length=7)


class CannedReplyBody(Versioned):
    shortcut: str = Field(max_length=41)
    text: str = Field(max_length=4096)


class CannedReplyQuery(Body):
    q: str = Field("", max_length=60)
