"""Stages of a pipeline: adding, changing, ordering, and taking one away without losing a card."""

import re
from typing import Any

from sqlalchemy import ColumnElement, func, select

from cloudchat.errors import AppError, Conflict, Invalid, NotFound
from cloudchat.events import PipelineChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Pipeline, PipelineStage
from cloudchat.services import audit
from cloudchat.services.labels import COLOR
from cloudchat.services.pipelines import shifting
from cloudchat.services.pipelines.automation import replanning, rules
from cloudchat.services.pipelines.cards import Actor

ICON = re.compile(r"[a-z0-9-]{1,50}")
MOST_STAGES = 30
MAX_DESCRIPTION = 1000
LIMITS = {"probability": (0, 100), "stuck_after_hours": (1, 24 * 3650), "wip_limit": (1, 100_000)}
KINDS = ("open", "won", "lost")


def get(stage_id: int) -> PipelineStage:
    found = db.session.get(PipelineStage, stage_id)
    if found is None or found.archived_at is not None:
        raise NotFound("stage")
    return found


def of_pipeline(pipeline_id: int, stage_id: int) -> PipelineStage:
    """A stage of this pipeline and of no other. Raises NotFound."""
    found = get(stage_id)
    if found.pipeline_id != pipeline_id:
        raise NotFound("stage")
    return found


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


def _live_pipeline(pipeline_id: int) -> Pipeline:
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


# --- writing -----------------------------------------------------------------------------------


def add_all(pipeline: Pipeline, given: list[dict]) -> None:
    """The first stages of a new pipeline; part of the caller's transaction."""
    if len(given) > MOST_STAGES:
        raise Invalid("stages", fields={"stages": ["too_many_stages"]})
    made, errors = [], {}
    for position, values in enumerate(given):
        row = PipelineStage(pipeline_id=pipeline.id, position=position)
        try:
            _apply(row, values)
        except Invalid as error:
            errors |= {f"stages.{position}.{name}": codes for name, codes in error.fields.items()}
        made.append((row, values))
    if errors:
        raise Invalid("stages", fields=errors)
    rows = _in_order(made)
    _check_ladder(rows, Invalid)
    db.session.add_all(rows)
    db.session.flush()
    for row, values in made:
        _set_rules(row, values)


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


def add(pipeline_id: int, values: dict) -> PipelineStage:
    """A new stage; an open one before the closed ones."""
    pipeline = _live_pipeline(pipeline_id)
    present = of_pipelines([pipeline.id])
    if len(present) >= MOST_STAGES:
        raise Conflict("too_many_stages", code="too_many_stages")
    row = PipelineStage(pipeline_id=pipeline.id, position=len(present))
    _apply(row, values)
    db.session.add(row)
    db.session.flush()
    _set_rules(row, values)
    _insert(row, present, values.get("position"))
    audit.record("stage.created", row, name=row.name, pipeline=pipeline.name)
    publish(PipelineChanged(pipeline.organization_id, pipeline.id))
    db.session.commit()
    return row


def change(stage_id: int, values: dict) -> PipelineStage:
    """Change what is named. A lower limit leaves the cards that are there."""
    row = get(stage_id)
    _live_pipeline(row.pipeline_id)
    lock([row])
    db.session.refresh(row)
    kind = row.kind
    _apply(row, values)
    _set_rules(row, values)
    present = of_pipelines([row.pipeline_id])
    if row.kind != kind and db.session.scalar(
        select(func.count(Conversation.id)).where(
            Conversation.pipeline_id == row.pipeline_id, Conversation.pipeline_stage_id == row.id
        )
    ):
        raise Conflict("stage_has_cards", code="stage_has_cards", fields={"kind": ["stage_has_cards"]})
    if row.kind != kind or "position" in values:
        others = [stage for stage in present if stage.id != row.id]
        _insert(row, others, values.get("position", row.position))
    _check_ladder(present)
    audit.record("stage.changed", row, name=row.name, fields=sorted(values))
    publish(PipelineChanged(row.organization_id, row.pipeline_id))
    db.session.commit()
    return row


def reorder(pipeline_id: int, ids: list[int]) -> list[PipelineStage]:
    """Set the order; every stage has to be named once, open ones before closed ones."""
    pipeline = _live_pipeline(pipeline_id)
    rows = {row.id: row for row in of_pipelines([pipeline.id])}
    for row_id in set(ids) - set(rows):
        get(row_id)
    if sorted(ids) != sorted(rows):  # somebody has added or taken away a stage meanwhile
        fields = {"ids": ["order_incomplete"]}
        raise Conflict("order_incomplete", code="order_incomplete", fields=fields)
    ordered = [rows[row_id] for row_id in ids]
    closed = [row.kind != "open" for row in ordered]
    if closed != sorted(closed):
        raise Invalid("stages", fields={"ids": ["closed_last"]})
    for position, row in enumerate(ordered):
        row.position = position
    audit.record("stages.reordered", pipeline, name=pipeline.name)
    publish(PipelineChanged(pipeline.organization_id, pipeline.id))
    db.session.commit()
    return ordered


def set_lines(pipeline_id: int, lines: list[dict], actor: Actor) -> None:
    """The stages as a form has them, in its order: those without an id are new, and one whose name was
    emptied is taken away. A line with an id keeps what the form does not say."""
    known = {row.id: row for row in of_pipelines([pipeline_id])}
    order = []
    for line in lines:
        stage_id = _line_id(line)
        if stage_id is not None and stage_id not in known:
            raise NotFound("stage")
        name = (line.get("name") or "").strip()
        if stage_id is None and not name:
            continue
        values = {"name": name, "kind": line.get("kind") or "open", "color": line.get("color") or None}
        if stage_id is None:
            order.append(add(pipeline_id, values).id)
        elif not name:
            archive(stage_id, actor)
        else:
            row = known[stage_id]
            if any(getattr(row, key) != value for key, value in values.items()):
                change(stage_id, values)
            order.append(stage_id)
    rows = {row.id: row for row in of_pipelines([pipeline_id])}
    missing = [row_id for row_id in rows if row_id not in order]
    ordered = sorted([*order, *missing], key=lambda row_id: rows[row_id].kind != "open")
    if ordered != list(rows):
        reorder(pipeline_id, ordered)


def _line_id(line: dict) -> int | None:
    text = str(line.get("id") or "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 11 and int(text) < 2**31):
        raise NotFound("stage")
    return int(text)


def archive(stage_id: int, actor: Actor, move_to_stage_id: int | None = None) -> None:
    """Take a stage away. One with cards needs a stage of the same pipeline where they go."""
    row = get(stage_id)
    pipeline = _live_pipeline(row.pipeline_id)
    target = get(move_to_stage_id) if move_to_stage_id is not None else None
    if target is not None and (target.pipeline_id != row.pipeline_id or target.id == row.id):
        raise Invalid("stage", fields={"move_to_stage_id": ["other_stage_needed"]})
    lock([row, *([target] if target else [])])
    here = Conversation.pipeline_id == row.pipeline_id, Conversation.pipeline_stage_id == row.id
    cards = db.session.scalar(select(func.count(Conversation.id)).where(*here))
    if cards and target is None:
        raise Conflict("stage_has_cards", code="stage_has_cards", extra={"cards": cards})
    _check_ladder([stage for stage in of_pipelines([row.pipeline_id]) if stage.id != row.id])
    if cards:
        shift_cards(here[0] & here[1], target, actor)
    row.archived_at = now()
    audit.record("stage.deleted", row, name=row.name, pipeline=pipeline.name, cards=cards)
    publish(PipelineChanged(row.organization_id, row.pipeline_id))
    db.session.commit()


def shift_cards(which: ColumnElement[bool], target: PipelineStage | None, actor: Actor) -> None:
    """Move all these cards at once, with their history; part of the caller's transaction."""
    shifting.shift(which, target, actor)


# --- checking ----------------------------------------------------------------------------------


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


def _check_ladder(rows: list[PipelineStage], refusal: type[AppError] = Conflict) -> None:
    if not any(row.kind == "open" for row in rows):
        fields = {"stages": ["open_stage_needed"]}
        raise refusal("open_stage_needed", code="open_stage_needed", fields=fields)


def _apply(row: PipelineStage, values: dict) -> None:
    errors: dict[str, list[str]] = {}
    name = str(values.get("name", row.name) or "").strip()
    if not name or len(name) > 255:
        errors["name"] = ["required" if not name else "too_long"]
    description = str(values.get("description", row.description) or "").strip()
    if len(description) > MAX_DESCRIPTION:
        errors["description"] = ["too_long"]
    kind = _kind(row, values)
    if kind not in KINDS:
        errors["kind"] = ["unknown"]
    if values.get("color") and not COLOR.fullmatch(str(values["color"])):
        errors["color"] = ["color_invalid"]
    if values.get("icon") and not ICON.fullmatch(str(values["icon"])):
        errors["icon"] = ["unknown"]
    for field, (low, high) in LIMITS.items():
        value = values.get(field)
        if value is not None and (type(value) is not int or not low <= value <= high):
            errors[field] = ["number_out_of_range"]
    if errors:
        raise Invalid("stage", fields=errors)
    row.name, row.description = name, description or None
    row.kind, row.is_closed_stage = kind, kind != "open"
    for field in ("color", "icon", *LIMITS):
        if field in values:
            setattr(row, field, values[field] if values[field] != "" else None)
    if values.get("wip_hard") is not None:
        row.wip_hard = bool(values["wip_hard"])


def _kind(row: PipelineStage, values: dict) -> str:
    """`kind`, or the plan's `is_closed_stage` alone: closed means won unless it says lost."""
    if values.get("kind"):
        return values["kind"]
    closed = values.get("is_closed_stage")
    if closed is None or closed == (row.kind not in (None, "open")):
        return row.kind or "open"
    return "won" if closed else "open"


def _set_rules(row: PipelineStage, values: dict) -> None:
    if values.get("automation_actions") is None:
        row.automation_actions = row.automation_actions or []
        return
    before = row.automation_actions or []
    row.automation_actions = rules.checked(values["automation_actions"], before, row)
    db.session.flush()
    replanning.replan(row)
