"""Stages of a pipeline: adding, changing, ordering, and taking one away without losing a card."""

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import PipelineChanged, publish
from cloudchat.extensions import db
from cloudchat.models import Pipeline, PipelineStage
from cloudchat.services import audit, edits
from cloudchat.services.pipelines import ladder_steps, stage_fields
from cloudchat.services.pipelines.cards import Actor
from cloudchat.services.pipelines.ladder_steps import of_pipelines

PLAIN_COLOR = "#64748b"  # what a stage without a colour is shown in


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


def add(pipeline_id: int, values: dict) -> PipelineStage:
    """A new stage; an open one before the closed ones."""
    pipeline = ladder_steps.hold(pipeline_id)
    row = ladder_steps.add(pipeline, values)
    audit.record("stage.created", row, name=row.name, pipeline=pipeline.name)
    _save(pipeline)
    return row


def change(stage_id: int, values: dict, expected: str | None = None) -> PipelineStage:
    """Change what is named. A lower limit leaves the cards that are there. Raises Conflict where
    somebody else has changed the same since the version `expected`."""
    row = get(stage_id)
    pipeline = ladder_steps.hold(row.pipeline_id)
    edits.check(row, stage_fields.editable, edits.clean(values), expected)
    ladder_steps.change(row, values)
    ladder_steps.check(of_pipelines([pipeline.id]))
    audit.record("stage.changed", row, name=row.name, fields=sorted(values))
    _save(pipeline)
    return row


def reorder(pipeline_id: int, ids: list[int]) -> list[PipelineStage]:
    """Set the order; every stage has to be named once, open ones before closed ones."""
    pipeline = ladder_steps.hold(pipeline_id)
    rows = {row.id: row for row in of_pipelines([pipeline.id])}
    for row_id in set(ids) - set(rows):
        get(row_id)
    if sorted(ids) != sorted(rows):  # somebody has added or taken away a stage meanwhile
        fields = {"ids": ["order_incomplete"]}
        raise Conflict("order_incomplete", code="order_incomplete", fields=fields)
    ordered = [rows[row_id] for row_id in ids]
    ladder_steps.order(ordered)
    audit.record("stages.reordered", pipeline, name=pipeline.name)
    _save(pipeline)
    return ordered


def archive(stage_id: int, actor: Actor, move_to_stage_id: int | None = None) -> None:
    """Take a stage away. One with cards needs a stage of the same pipeline where they go."""
    row = get(stage_id)
    pipeline = ladder_steps.hold(row.pipeline_id)
    target = get(move_to_stage_id) if move_to_stage_id is not None else None
    cards = ladder_steps.take_away(row, target, actor)
    ladder_steps.check(of_pipelines([pipeline.id]))
    audit.record("stage.deleted", row, name=row.name, pipeline=pipeline.name, cards=cards)
    _save(pipeline)


def _save(pipeline: Pipeline) -> None:
    publish(PipelineChanged(pipeline.organization_id, pipeline.id))
    db.session.commit()


# --- a form of all of them ---------------------------------------------------------------------


def as_lines(pipeline_id: int) -> list[dict]:
    """The stages as `set_lines` takes them."""
    return [
        {"id": str(row.id), "name": row.name, "kind": row.kind, "color": row.color or PLAIN_COLOR}
        for row in of_pipelines([pipeline_id])
    ]


def set_lines(pipeline: Pipeline, lines: list[dict], actor: Actor) -> dict[str, list[str]]:
    """The stages of a held pipeline as a form has them, in its order: those without an id are new, and
    one whose name was emptied is taken away; a stage keeps what its line does not say. Part of the
    caller's transaction; answers the names of what was added, changed and taken away."""
    before = of_pipelines([pipeline.id])
    known = {str(row.id): row for row in before}
    shown = {line["id"]: line for line in as_lines(pipeline.id)}
    done: dict[str, list[str]] = {"added": [], "changed": [], "removed": []}
    wanted = []
    for given in lines:
        line = {**given, "color": given["color"] or PLAIN_COLOR}
        row, name = known.get(line["id"]), line["name"]
        values = {key: line[key] for key in ("name", "kind", "color")}
        if line["id"] and row is None and name:  # taken away meanwhile, or never of this pipeline
            raise Invalid("stages", fields={"stages": ["unknown_stage"]})
        if row is not None and not name:
            done["removed"].append(row.name)
            ladder_steps.take_away(row, None, actor)
        elif row is not None:
            wanted.append(row)
            if line != shown[line["id"]]:
                ladder_steps.change(row, values)
                done["changed"].append(name)
        elif name:
            wanted.append(ladder_steps.add(pipeline, values))
            done["added"].append(name)
    done["order"] = _set_order(pipeline.id, before, wanted)
    return {what: names for what, names in done.items() if names}


def _set_order(pipeline_id: int, before: list[PipelineStage], wanted: list[PipelineStage]) -> list[str]:
    """The order of the lines, behind them what came meanwhile, closed stages last. Answers the names
    in their order where those that stayed are in another one now."""
    present = of_pipelines([pipeline_id])
    ladder_steps.check(present)
    lines = [*wanted, *(row for row in present if row not in wanted)]
    ordered = sorted(lines, key=lambda row: row.kind != "open")
    ladder_steps.order(ordered)
    stayed = [row for row in ordered if row in before]
    return [row.name for row in ordered] if stayed != [row for row in before if row in ordered] else []
