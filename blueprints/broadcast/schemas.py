"""Bodies and queries of the broadcast API."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BeforeValidator, Field, NaiveDatetime

from cloudchat.fields import RowId, StrictId
from cloudchat.services.broadcasts.audience import MAX_IDS
from cloudchat.services.broadcasts.catalog import Chosen
from cloudchat.services.contact_filters import MOST as MOST_FILTERS
from cloudchat.web import MAX_LIMIT, Body, Versioned, me

MAX_PHONES = 20_000


def _as_text(value: Any) -> Any:
    """A number is a fine way to write a phone number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Phone(Body):
    """Somebody by number, with what is to be filled in for them."""

    phone: Annotated[str, Field(max_length=60), BeforeValidator(_as_text)]
    name: str | None = Field(None, max_length=255)
    variables: dict[str, Any] | None = None


class ContactFilter(Body):
    """As the list of contacts is filtered."""

    q: str = Field("", max_length=200)
    label: StrictId | str | None = None


class Audience(Body):
    """Whoever one of these names, each once."""

    labels: list[StrictId | str] | None = Field(None, max_length=50)
    contact_ids: list[StrictId] | None = Field(None, max_length=MAX_IDS)
    phones: list[Phone] | None = Field(None, max_length=MAX_PHONES)
    filter: ContactFilter | None = None
    saved_filters: list[StrictId] | None = Field(None, max_length=MOST_FILTERS)
    all_contacts: bool | None = None
    file: str | None = Field(None, max_length=100)


class QuietHours(Body):
    """When nothing goes out, by the organization's clock: "21:00" to "08:00"."""

    start: str = Field(max_length=5)
    end: str = Field(max_length=5)


LocalTime = Annotated[NaiveDatetime | None, BeforeValidator(lambda value: value or None)]


def _moment(body: Any) -> datetime | None:
    """The time of a body: with its zone, or by the organization's clock."""
    if body.scheduled_at or not body.scheduled_local:
        return body.scheduled_at
    return body.scheduled_local.replace(tzinfo=ZoneInfo(me().timezone)).astimezone(UTC)


class BroadcastBody(Body):
    """A broadcast to make; with a time it is scheduled, except `as_draft`."""

    name: str = Field(min_length=1, max_length=120)
    device_id: StrictId
    template_id: StrictId
    audience: Audience
    variables: dict[str, dict[str, Any]] | None = Field(None, max_length=100)
    scheduled_at: AwareDatetime | None = None
    scheduled_local: LocalTime = None
    as_draft: bool = False
    quiet_hours: QuietHours | None = None

    def values(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True) | {"scheduled_at": _moment(self)}


class BroadcastChange(Versioned):
    """What to change of a broadcast that does not run yet; what is not named stays. Without a time
    (null) it does not start by itself any more."""

    name: str | None = Field(None, min_length=1, max_length=120)
    device_id: StrictId | None = None
    template_id: StrictId | None = None
    audience: Audience | None = None
    variables: dict[str, dict[str, Any]] | None = Field(None, max_length=100)
    scheduled_at: AwareDatetime | None = None
    scheduled_local: LocalTime = None
    quiet_hours: QuietHours | None = None

    def values(self) -> dict[str, Any]:
        """The fields that are named; only time and quiet hours can be taken away."""
        given = self.changes()
        empties = ("scheduled_at", "quiet_hours")
        made = {name: value for name, value in given.items() if value is not None or name in empties}
        if made.get("audience"):
            made["audience"] = self.audience.model_dump(exclude_none=True)
        if given.keys() & {"scheduled_at", "scheduled_local"}:
            made["scheduled_at"] = _moment(self)
        made.pop("scheduled_local", None)
        return made


class AudienceBody(Body):
    """Recipients to count."""

    audience: Audience


class ScheduleBody(Body):
    """When it starts by itself: with a zone, or (`scheduled_local`) by the organization's clock."""

    scheduled_at: AwareDatetime | None = None
    scheduled_local: LocalTime = None

    def moment(self) -> datetime | None:
        return _moment(self)


class TestBody(Body):
    """The number that gets the test."""

    phone: str = Field(min_length=1, max_length=60)


class OptOutBody(Body):
    """Whether the contact wants no broadcasts."""

    opted_out: bool


class SettingsBody(Body):
    """The words that end broadcasts for whoever writes one, and what is answered."""

    opt_out_words: list[str] = Field(max_length=50)
    confirmation: str = Field(max_length=1000)


class ListQuery(Body):
    """Which broadcasts, and where to go on."""

    status: Literal["", "draft", "scheduled", "running", "paused", "completed", "cancelled"] = ""
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class RecipientQuery(Body):
    """Which recipients, and where to go on."""

    status: Literal[
        "", "queued", "sent", "delivered", "read", "failed", "unknown", "cancelled", "replied"
    ] = ""
    q: str = Field("", max_length=100)
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)

    def chosen(self) -> Chosen:
        return Chosen(self.status, self.q)


class SendableQuery(Body):
    """What this device can send."""

    device_id: RowId
    q: str = Field("", max_length=200)
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)
