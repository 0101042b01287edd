"""The steps of a ladder's change: parts of the caller's transaction, over a held pipeline."""

from typing import Any

from sqlalchemy import ColumnElement, func, select

from cloudchat.errors import AppError, Conflict, Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Pipeline, PipelineStage
from cloudchat.services.pipelines import shifting, stage_fields
from cloudchat.services.pipelines.cards import Actor

MOST_STAGES = 30


def of_pipelines(ids: list[int]) -> list[PipelineStage]:
    """The stages of these pipelines, in the order of their boards."""
    return list(
        db.session.scalars(
            select(PipelineStage)
            .where(PipelineStage.pipeline_id.in_(ids), PipelineStage.archived_at.is_(None))
            .order_by(PipelineStage.position, PipelineStage.id)
            .execution_options(populate_existing=True)
        )
    )


def hold(pipeline_id: int) -> Pipeline:
    """The pipeline's row, locked: its ladder is changed by one person at a time."""
    found = db.session.scalar(
        select(Pipeline)
        .where(Pipeline.id == pipeline_id, Pipeline.archived_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("pipeline")
    return found


def lock(rows: list[PipelineStage]) -> None:
    """Hold stages against moves, in the order in which everybody locks them."""
    ids = sorted(row.id for row in rows)
    db.session.execute(
        select(PipelineStage.id)
        .where(PipelineStage.id.in_(ids))
        .order_by(PipelineStage.id)
        .with_for_update(key_share=True)
    )


def cards_in(row: PipelineStage) -> ColumnElement[bool]:
    return (Conversation.pipeline_id == row.pipeline_id) & (Conversation.pipeline_stage_id == row.id)


def count_cards(row: PipelineStage) -> int:
    return db.session.scalar(select(func.count(Conversation.id)).where(cards_in(row))) or 0


# --- the first stages --------------------------------------------------------------------------


def add_all(pipeline: Pipeline, given: list[dict]) -> None:
    """The first stages of a new pipeline; part of the caller's transaction."""
    if len(given) > MOST_STAGES:
        raise Invalid("stages", fields={"stages": ["too_many_stages"]})
    made, errors = [], {}
    for position, values in enumerate(given):
        row = PipelineStage(pipeline_id=pipeline.id, position=position)
        try:
            stage_fields.apply(row, values)
        except Invalid as error:
            errors |= {f"stages.{position}.{name}": codes for name, codes in error.fields.items()}
        made.append((row, values))
    if errors:
        raise Invalid("stages", fields=errors)
    rows = _in_order(made)
    check(rows, Invalid)
    db.session.add_all(rows)
    db.session.flush()
    for row, values in made:
        stage_fields.set_rules(row, values)


def _in_order(made: list[tuple[PipelineStage, dict]]) -> list[PipelineStage]:
    """By the positions that were given, open stages first."""

    def place(item) -> tuple:
        row, values = item
        wanted = values.get("position")
        return row.kind != "open", wanted if type(wanted) is int else row.position, row.position

    rows = [row for row, _values in sorted(made, key=place)]
    for position, row in enumerate(rows):
        row.position = position
    return rows


# --- one stage ---------------------------------------------------------------------------------


def add(pipeline: Pipeline, values: dict) -> PipelineStage:
    """A new stage; an open one before the closed ones."""
    present = of_pipelines([pipeline.id])
    if len(present) >= MOST_STAGES:
        raise Conflict("too_many_stages", code="too_many_stages")
    row = PipelineStage(pipeline_id=pipeline.id, position=len(present))
    stage_fields.apply(row, values)
    db.session.add(row)
    db.session.flush()
    stage_fields.set_rules(row, values)
    _insert(row, present, values.get("position"))
    return row


def change(row: PipelineStage, values: dict) -> None:
    """Change what is named. A lower limit leaves the cards that are there."""
    lock([row])
    db.session.refresh(row)
    kind = row.kind
    stage_fields.apply(row, values)
    stage_fields.set_rules(row, values)
    if row.kind != kind and count_cards(row):
        raise Conflict("stage_has_cards", code="stage_has_cards", fields={"kind": ["stage_has_cards"]})
    if row.kind != kind or "position" in values:
        others = [stage for stage in of_pipelines([row.pipeline_id]) if stage.id != row.id]
        _insert(row, others, values.get("position", row.position))


def take_away(row: PipelineStage, target: PipelineStage | None, actor: Actor) -> int:
    """Archive a stage; its cards go to another one of the same pipeline. Answers how many there were."""
    if target is not None and (target.pipeline_id != row.pipeline_id or target.id == row.id):
        raise Invalid("stage", fields={"move_to_stage_id": ["other_stage_needed"]})
    lock([row, *([target] if target else [])])
    cards = count_cards(row)
    if cards and target is None:
        raise Conflict("stage_has_cards", code="stage_has_cards", extra={"cards": cards})
    if cards:
        shifting.shift(cards_in(row), target, actor)
    row.archived_at = now()
    return cards


def order(rows: list[PipelineStage]) -> None:
    """Set the order, open ones before closed ones."""
    closed = [row.kind != "open" for row in rows]
    if closed != sorted(closed):
        raise Invalid("stages", fields={"ids": ["closed_last"]})
    for position, row in enumerate(rows):
        row.position = position


def _insert(row: PipelineStage, others: list[PipelineStage], wanted: Any) -> None:
    """Put a stage at a place; open ones stay before closed ones."""
    open_ones = [stage for stage in others if stage.kind == "open"]
    closed = [stage for stage in others if stage.kind != "open"]
    wanted = wanted if type(wanted) is int and wanted >= 0 else len(others)
    if row.kind == "open":
        open_ones.insert(wanted, row)
    else:
        closed.insert(max(0, wanted - len(open_ones)), row)
    for position, stage in enumerate([*open_ones, *closed]):
        stage.position = position


def check(rows: list[PipelineStage], refusal: type[AppError] = Conflict) -> None:
    if not any(row.kind == "open" for row in rows):
        fields = {"stages": ["open_stage_needed"]}
        raise refusal("open_stage_needed", code="open_stage_needed", fields=fields)
