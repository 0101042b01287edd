"""Bodies and queries of the pipeline API."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from cloudchat.errors import Invalid
from cloudchat.fields import Reference, RowId, StrictId, number_or_word
from cloudchat.services.pipelines.board import Filter, Place
from cloudchat.services.pipelines.moving import MOST_AT_ONCE
from cloudchat.web import MAX_LIMIT, Body, Versioned, decode_cursor, encode_cursor

Money = Annotated[float, Field(ge=0, le=10**13)]
Version = Annotated[int, Field(ge=0, le=10**9, strict=True)]


class StageBody(Body):
    """A stage; what is left out stays as it is."""

    name: str | None = None
    description: str | None = None
    icon: str | None = None
    color: str | None = None
    position: int | None = Field(None, ge=0, le=1000)
    kind: Literal["open", "won", "lost"] | None = None
    is_closed_stage: bool | None = None
    probability: int | None = None
    stuck_after_hours: int | None = None
    wip_limit: int | None = None
    wip_hard: bool | None = None
    automation_actions: list[dict[str, Any]] | None = None

    def values(self) -> dict:
        return self.model_dump(exclude_unset=True)


class StageChange(StageBody, Versioned):
    """A stage as it is to be; what is left out stays as it is."""


class NewPipeline(Body):
    """A pipeline with its stages, or with those of a ready ladder."""

    name: str | None = None
    description: str | None = None
    icon: str | None = None
    color: str | None = None
    currency: str | None = None
    is_default: bool | None = None
    is_active: bool | None = None
    hide_resolved: bool | None = None
    takes_new: bool | None = None
    ladder: Literal["sales", "support", "orders"] | None = None
    stages: list[StageBody] | None = None

    def values(self) -> dict:
        given = self.model_dump(exclude_unset=True, exclude={"stages"})
        if self.stages is not None:
            given["stages"] = [stage.values() for stage in self.stages]
        return given


class PipelineChange(Versioned):
    """What is left out stays as it is."""

    name: str | None = None
    description: str | None = None
    icon: str | None = None
    color: str | None = None
    currency: str | None = None
    is_default: bool | None = None
    is_active: bool | None = None
    hide_resolved: bool | None = None
    takes_new: bool | None = None


class AnalyticsQuery(Body):
    """Days of the organization's zone, both included; the last 30 where none are named."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    start: date | None = Field(None, alias="from")
    end: date | None = Field(None, alias="to")
    agent_id: RowId | None = None
    label_id: RowId | None = None
    channel: str | None = Field(None, max_length=20)
    manual: bool = False
    skip_corrections: bool = False


class PipelineQuery(Body):
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class OrderBody(Body):
    ids: list[StrictId] = Field(min_length=1, max_length=200)


class RemovalQuery(Body):
    """Where the cards go: to a stage, or (`force`) off the board."""

    move_to_stage_id: RowId | None = None
    force: bool = False


class BoardQuery(Body):
    """How the board is narrowed; `stage_id` asks for one column, from `cursor` on."""

    q: str = Field("", max_length=200)
    agent: Annotated[RowId | Literal["me", "unassigned"] | None, BeforeValidator(number_or_word)] = None
    label: Reference | None = None
    channel: str | None = Field(None, max_length=20)
    since: date | None = None
    until: date | None = None
    min_value: Money | None = None
    max_value: Money | None = None
    stuck: bool = False
    sort: Literal["manual", "newest", "longest", "value"] = "manual"
    stage_id: RowId | None = None
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)

    def filter(self) -> Filter:
        return Filter(**self.model_dump(exclude={"sort", "stage_id", "cursor", "limit"}))

    def after(self) -> Place | None:
        """The cursor's place; a cursor belongs to the order in which it was handed out."""
        parts = decode_cursor(self.cursor, str, str, int)
        if parts is None:
            return None
        sort, key, card_id = parts
        try:
            if sort != self.sort or not 0 < card_id < 2**31:
                raise ValueError(sort)
            if sort in ("newest", "longest"):
                moment = datetime.fromisoformat(key)
                if moment.tzinfo is None:
                    raise ValueError(key)
                return Place(moment, card_id)
            return Place(_amount(key) if sort == "value" else key, card_id)
        except (ValueError, ArithmeticError):
            raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]}) from None

    def cursor_of(self, place: Place | None) -> str | None:
        if place is None:
            return None
        key = place.key.isoformat() if isinstance(place.key, datetime) else str(place.key)
        return encode_cursor(self.sort, key, place.card_id)


def _amount(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value) > 10**15:
        raise ValueError(text)
    return value


class BoardCardsQuery(BoardQuery):
    """The present state of these cards, as far as the filter lets them through."""

    ids: str = Field("", max_length=1200)

    def filter(self) -> Filter:
        return Filter(**self.model_dump(exclude={"sort", "stage_id", "cursor", "limit", "ids"}))

    def chosen(self) -> list[int]:
        parts = self.ids.split(",")[:100]
        numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 11]
        return [number for number in numbers if 0 < number < 2**31]


class CardAddition(Body):
    """Onto which pipeline; the first stage where none is named."""

    pipeline_id: StrictId
    stage_id: StrictId | None = None


class CardMove(Body):
    """Where the card goes: before or after other cards, else to the column's end (or `place: top`).
    `undo` takes one's own last move back within a minute: rules do not run for it."""

    to_stage_id: StrictId
    before_id: StrictId | None = None
    after_id: StrictId | None = None
    place: Literal["top", "end"] | None = None
    expected_version: Version
    lost_reason: str | None = None
    undo: bool = False


class CardDeal(Body):
    deal_value: Money | None = None
    lost_reason: str | None = None


class ChosenCard(Body):
    id: StrictId
    expected_version: Version | None = None
    before_id: StrictId | None = None
    after_id: StrictId | None = None


class BulkMove(Body):
    """Several cards to a stage, each with a result of its own; without neighbours to its top."""

    to_stage_id: StrictId
    cards: list[ChosenCard] = Field(min_length=1, max_length=MOST_AT_ONCE)
    lost_reason: str | None = None
    undo: bool = False


class AutomationTrial(Body):
    conversation_id: StrictId


class CardHistoryQuery(Body):
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class NewBoardView(Body):
    name: str
    query: dict[str, Any] = {}
