"""The board: the first cards of each stage in one statement, exact counts and sums in another."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, ConversationLabel, Device, Label, Pipeline, PipelineStage
from cloudchat.services.accounts import Identity
from cloudchat.services.pipelines import cards, catalog, stages
from cloudchat.services.pipelines.cards import COLUMNS, plain
from cloudchat.services.searching import customer_matches
from cloudchat.services.visibility import visible_to

SORTS = ("manual", "newest", "longest", "value")
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

    @property
    def is_narrow(self) -> bool:
        return self != Filter()


@dataclass(frozen=True)
class Place:
    """Where a column's next page begins: the value it is sorted by, and the card."""

    key: Any
    card_id: int


@dataclass(frozen=True)
class Totals:
    """A whole column, not only what is loaded: under the filter, and without it."""

    count: int = 0
    total: int = 0
    value: Decimal = Decimal(0)
    without_value: int = 0


@dataclass(frozen=True)
class Stage:
    """A column with its first cards; `after` is where the next page begins."""

    stage: PipelineStage
    totals: Totals
    cards: list[dict]
    after: Place | None


@dataclass(frozen=True)
class Board:
    """A pipeline as the caller sees it."""

    pipeline: Pipeline
    stages: list[Stage]


def show(
    identity: Identity, pipeline_id: int, wanted: Filter, sort: str = "manual", limit: int = 50
) -> Board:
    """All columns with their first cards."""
    pipeline = catalog.get(pipeline_id)
    columns = stages.of_pipelines([pipeline.id])
    criteria = _criteria(identity, pipeline, wanted)
    found = _first_cards(pipeline, criteria, sort, limit)
    totals = _totals(identity, pipeline, wanted, criteria)
    return Board(
        pipeline,
        [
            _stage(stage, totals.get(stage.id, Totals()), found.get(stage.id, []), sort, limit)
            for stage in columns
        ],
    )


def more(
    identity: Identity,
    pipeline_id: int,
    stage_id: int,
    wanted: Filter,
    sort: str = "manual",
    after: Place | None = None,
    limit: int = 50,
) -> Stage:
    """The next cards of one column."""
    pipeline = catalog.get(pipeline_id)
    stage = stages.of_pipeline(pipeline.id, stage_id)
    criteria = _criteria(identity, pipeline, wanted)
    statement = _shown(sort).where(*criteria, Conversation.pipeline_stage_id == stage.id)
    if after is not None:
        statement = statement.where(_behind(sort, after))
    rows = list(db.session.execute(statement.limit(limit + 1)))
    totals = _totals(identity, pipeline, wanted, criteria).get(stage.id, Totals())
    return _stage(stage, totals, rows, sort, limit)


def among(identity: Identity, pipeline_id: int, ids: list[int], wanted: Filter) -> tuple[list[dict], dict]:
    """Those of these conversations that stand on the board under the filter, and the totals."""
    pipeline = catalog.get(pipeline_id)
    criteria = _criteria(identity, pipeline, wanted)
    by_id = {stage.id: stage for stage in stages.of_pipelines([pipeline.id])}
    statement = cards.with_names(select(*COLUMNS, cards.label_names()).select_from(Conversation))
    rows = db.session.execute(statement.where(Conversation.id.in_(ids), *criteria))
    found = [cards.outward(row, by_id.get(row.pipeline_stage_id)) for row in rows]
    return found, _totals(identity, pipeline, wanted, criteria)


def _stage(stage: PipelineStage, totals: Totals, rows: list, sort: str, limit: int) -> Stage:
    shown = rows[:limit]
    after = Place(shown[-1].sort_key, shown[-1].id) if len(rows) > limit else None
    return Stage(stage, totals, [cards.outward(row, stage) for row in shown], after)


# --- the cards ---------------------------------------------------------------------------------


def _first_cards(pipeline: Pipeline, criteria: list, sort: str, limit: int) -> dict[int, list]:
    """One LATERAL LIMIT per stage: a column of thousands costs as much as one of fifty."""
    inner = (
        select(Conversation.id)
        .where(*criteria, Conversation.pipeline_stage_id == PipelineStage.id)
        .order_by(*_order(sort))
        .limit(limit + 1)
        .correlate(PipelineStage)
        .lateral("first")
    )
    ids = (
        select(inner.c.id)
        .select_from(PipelineStage)
        .join(inner, true())
        .where(PipelineStage.pipeline_id == pipeline.id, PipelineStage.archived_at.is_(None))
        .subquery()
    )
    statement = _shown(sort).join(ids, ids.c.id == Conversation.id)
    found: dict[int, list] = {}
    for row in db.session.execute(statement):
        found.setdefault(row.pipeline_stage_id, []).append(row)
    return found


def _shown(sort: str) -> Select:
    """Cards with their names and labels, in the order of the column."""
    key = _key(sort).label("sort_key")
    statement = cards.with_names(select(*COLUMNS, cards.label_names(), key).select_from(Conversation))
    return statement.order_by(*_order(sort))


def _key(sort: str) -> Any:
    if sort == "newest":
        return Conversation.last_message_at
    if sort == "longest":
        return Conversation.stage_changed_at
    if sort == "value":
        return func.coalesce(Conversation.deal_value, 0)
    return Conversation.pipeline_position


def _order(sort: str) -> tuple:
    key = _key(sort)
    if sort in ("newest", "value"):
        return key.desc(), Conversation.id.desc()
    return key, Conversation.id


def _behind(sort: str, after: Place) -> ColumnElement[bool]:
    """What stands behind a place; the first part gives the index its starting point."""
    key = _key(sort)
    if sort in ("newest", "value"):
        same = and_(key == after.key, Conversation.id < after.card_id)
        return and_(key <= after.key, or_(key < after.key, same))
    same = and_(key == after.key, Conversation.id > after.card_id)
    return and_(key >= after.key, or_(key > after.key, same))


# --- the filter --------------------------------------------------------------------------------


def _base(identity: Identity, pipeline: Pipeline) -> list:
    criteria: list[Any] = [Conversation.pipeline_id == pipeline.id, visible_to(identity)]
    if pipeline.hide_resolved:
        criteria.append(Conversation.status != "resolved")
    return criteria


def _criteria(identity: Identity, pipeline: Pipeline, wanted: Filter) -> list:
    return [*_base(identity, pipeline), *_narrowing(identity, wanted)]


def _narrowing(identity: Identity, wanted: Filter) -> list:
    criteria: list[Any] = []
    if wanted.agent == "me":
        criteria.append(Conversation.assignee_id == identity.user_id)
    elif wanted.agent == "unassigned":
        criteria.append(Conversation.assignee_id.is_(None))
    elif isinstance(wanted.agent, int):
        criteria.append(Conversation.assignee_id == wanted.agent)
    if wanted.label is not None:
        criteria.append(Conversation.id.in_(_labelled(wanted.label)))
    if wanted.channel:
        kinds = select(Device.id).where(Device.type == wanted.channel)
        criteria.append(Conversation.device_id.in_(kinds))
    if wanted.q.strip():
        criteria.append(_matches(wanted.q))
    criteria += _ranges(identity, wanted)
    if wanted.stuck:
        criteria.append(_stuck())
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


def _stuck() -> ColumnElement[bool]:
    hours = func.coalesce(PipelineStage.stuck_after_hours, cards.STUCK_AFTER.total_seconds() / 3600)
    late = (
        select(PipelineStage.id)
        .where(
            PipelineStage.id == Conversation.pipeline_stage_id,
            PipelineStage.kind == "open",
            Conversation.stage_changed_at < now() - hours * timedelta(hours=1),
        )
        .correlate(Conversation)
    )
    return late.exists()


def _labelled(label: str | int) -> Select:
    name = Label.id == label if isinstance(label, int) else func.lower(Label.name) == label.lower()
    return (
        select(ConversationLabel.conversation_id)
        .join(Label, Label.id == ConversationLabel.label_id)
        .where(name)
    )


# --- counts and sums ---------------------------------------------------------------------------


def _totals(identity: Identity, pipeline: Pipeline, wanted: Filter, criteria: list) -> dict[int, Totals]:
    """Of every column at once: exact, whatever is loaded."""
    fits = and_(true(), *_narrowing(identity, wanted))
    inside = case((fits, 1)) if wanted.is_narrow else case((true(), 1))
    value = case((fits, Conversation.deal_value)) if wanted.is_narrow else Conversation.deal_value
    rows = db.session.execute(
        select(
            Conversation.pipeline_stage_id,
            func.count().label("total"),
            func.count(inside).label("count"),
            func.count(value).label("valued"),
            func.coalesce(func.sum(value), 0).label("value"),
        )
        .where(*_base(identity, pipeline))
        .group_by(Conversation.pipeline_stage_id)
    )
    return {
        row.pipeline_stage_id: Totals(row.count, row.total, row.value, row.count - row.valued) for row in rows
    }


# --- outward -----------------------------------------------------------------------------------


def weight(stage: PipelineStage, open_stages: list[PipelineStage]) -> float:
    """How likely a deal of the stage is won: as set, else in even steps up the ladder."""
    if stage.kind != "open":
        return 1.0 if stage.kind == "won" else 0.0
    if stage.probability is not None:
        return stage.probability / 100
    return (open_stages.index(stage) + 1) / (len(open_stages) + 1)


def totals_json(totals: Totals) -> dict[str, Any]:
    return {
        "count": totals.count,
        "total": totals.total,
        "value": plain(totals.value),
        "without_value": totals.without_value,
    }
