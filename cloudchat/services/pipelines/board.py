"""The board: the first cards of each stage in one statement, exact counts and sums in another."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, true

from cloudchat.extensions import db
from cloudchat.models import Conversation, Pipeline, PipelineStage
from cloudchat.services.accounts import Identity
from cloudchat.services.pipelines import cards, catalog, stages
from cloudchat.services.pipelines.board_filter import Criteria, Filter, criteria
from cloudchat.services.pipelines.cards import COLUMNS, plain

SORTS = ("manual", "newest", "longest", "value")


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
    chosen = criteria(identity, pipeline, wanted, columns)
    found = _first_cards(pipeline, chosen, sort, limit)
    totals = _totals(chosen)
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
    chosen = criteria(identity, pipeline, wanted, stages.of_pipelines([pipeline.id]))
    statement = _shown(sort).where(*chosen.all, Conversation.pipeline_stage_id == stage.id)
    if after is not None:
        statement = statement.where(_behind(sort, after))
    rows = list(db.session.execute(statement.limit(limit + 1)))
    totals = _totals(chosen).get(stage.id, Totals())
    return _stage(stage, totals, rows, sort, limit)


def among(identity: Identity, pipeline_id: int, ids: list[int], wanted: Filter) -> tuple[list[dict], dict]:
    """Those of these conversations that stand on the board under the filter, and the totals."""
    pipeline = catalog.get(pipeline_id)
    by_id = {stage.id: stage for stage in stages.of_pipelines([pipeline.id])}
    chosen = criteria(identity, pipeline, wanted, list(by_id.values()))
    statement = cards.with_names(select(*COLUMNS, cards.label_names()).select_from(Conversation))
    rows = db.session.execute(statement.where(Conversation.id.in_(ids), *chosen.all))
    found = [cards.outward(row, by_id.get(row.pipeline_stage_id)) for row in rows]
    return found, _totals(chosen)


def _stage(stage: PipelineStage, totals: Totals, rows: list, sort: str, limit: int) -> Stage:
    shown = rows[:limit]
    after = Place(shown[-1].sort_key, shown[-1].id) if len(rows) > limit else None
    return Stage(stage, totals, [cards.outward(row, stage) for row in shown], after)


# --- the cards ---------------------------------------------------------------------------------


def _first_cards(pipeline: Pipeline, chosen: Criteria, sort: str, limit: int) -> dict[int, list]:
    """One LATERAL LIMIT per stage: a column of thousands costs as much as one of fifty."""
    inner = (
        select(Conversation.id)
        .where(*chosen.all, Conversation.pipeline_stage_id == PipelineStage.id)
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


# --- counts and sums ---------------------------------------------------------------------------


def _totals(chosen: Criteria) -> dict[int, Totals]:
    """Of every column at once: exact, whatever is loaded. The filter is asked once for each card: it
    groups those that fit apart from the others."""
    fits = and_(true(), *chosen.narrow).label("fits")
    groups = [literal_column("fits")] if chosen.narrow else []
    rows = db.session.execute(
        select(
            Conversation.pipeline_stage_id,
            fits,
            func.count().label("count"),
            func.count(Conversation.deal_value).label("valued"),
            func.coalesce(func.sum(Conversation.deal_value), 0).label("value"),
        )
        .where(*chosen.base)
        .group_by(Conversation.pipeline_stage_id, *groups)
    )
    found: dict[int, Totals] = {}
    for row in rows:
        known = found.get(row.pipeline_stage_id, Totals())
        total = known.total + row.count
        if row.fits:
            known = Totals(row.count, total, row.value, row.count - row.valued)
        found[row.pipeline_stage_id] = replace(known, total=total)
    return found


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
