"""What a board is narrowed to, as criteria over conversations."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, or_, select

from cloudchat.extensions import now
from cloudchat.models import Conversation, Device, Pipeline, PipelineStage
from cloudchat.services.accounts import Identity
from cloudchat.services.pipelines import cards
from cloudchat.services.searching import customer_matches
from cloudchat.services.visibility import assigned_to, labelled, visible_to

MAX_QUERY = 100


@dataclass(frozen=True)
class Filter:
    """What the board is narrowed to. `agent` is me, unassigned or a user's id."""

    q: str = ""
    agent: str | int | None = None
    label: str | int | None = None
    channel: str | None = None
    since: date | None = None
    until: date | None = None
    min_value: float | None = None
    max_value: float | None = None
    stuck: bool = False


@dataclass(frozen=True)
class Criteria:
    """`base`: the cards of the board that the caller sees. `narrow`: what the filter leaves of them."""

    base: list
    narrow: list

    @property
    def all(self) -> list:
        return [*self.base, *self.narrow]


def criteria(
    identity: Identity, pipeline: Pipeline, wanted: Filter, columns: list[PipelineStage]
) -> Criteria:
    """`columns` are the pipeline's stages."""
    base: list[Any] = [Conversation.pipeline_id == pipeline.id, visible_to(identity)]
    if pipeline.hide_resolved:
        base.append(Conversation.status != "resolved")
    return Criteria(base, _narrowing(identity, wanted, columns))


def _narrowing(identity: Identity, wanted: Filter, columns: list[PipelineStage]) -> list:
    criteria: list[Any] = []
    if wanted.agent is not None:
        criteria.append(assigned_to(identity, wanted.agent))
    if wanted.label is not None:
        criteria.append(Conversation.id.in_(labelled(wanted.label)))
    if wanted.channel:
        kinds = select(Device.id).where(Device.type == wanted.channel)
        criteria.append(Conversation.device_id.in_(kinds))
    if wanted.q.strip():
        criteria.append(_matches(wanted.q))
    criteria += _ranges(identity, wanted)
    if wanted.stuck:
        criteria.append(_stuck(columns))
    return criteria


def _matches(q: str) -> ColumnElement[bool]:
    """Name, number or the last message has these words, literally."""
    text = q.strip()[:MAX_QUERY]
    return or_(
        customer_matches(q, Conversation.contact_id),
        Conversation.last_message_text.icontains(text, autoescape=True),
    )


def _ranges(identity: Identity, wanted: Filter) -> list:
    """Dates are days of the organization's zone, both included: of the card's last move."""
    zone = ZoneInfo(identity.timezone)
    criteria = []
    if wanted.since:
        start = datetime.combine(wanted.since, datetime.min.time(), zone)
        criteria.append(Conversation.stage_changed_at >= start)
    if wanted.until:
        end = datetime.combine(wanted.until + timedelta(days=1), datetime.min.time(), zone)
        criteria.append(Conversation.stage_changed_at < end)
    if wanted.min_value is not None:
        criteria.append(Conversation.deal_value >= wanted.min_value)
    if wanted.max_value is not None:
        criteria.append(Conversation.deal_value <= wanted.max_value)
    return criteria


def _stuck(columns: list[PipelineStage]) -> ColumnElement[bool]:
    """Longer in an open stage than it should be."""
    moment = now()
    late = [
        and_(
            Conversation.pipeline_stage_id == stage.id,
            Conversation.stage_changed_at < moment - cards.stuck_after(stage),
        )
        for stage in columns
        if stage.kind == "open"
    ]
    return or_(false(), *late)
