"""Where a card has been, and what automation did on the way."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from cloudchat.extensions import db
from cloudchat.models import Pipeline, PipelineRun, PipelineStage, PipelineStageHistory, User
from cloudchat.services.presenting import iso


def page(conversation_id: int, after: int | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """Rows of a card, the newest first, each with its automation; one more where there is a next page."""
    came, left = aliased(PipelineStage), aliased(PipelineStage)
    statement = (
        select(
            PipelineStageHistory,
            Pipeline.name.label("pipeline_name"),
            left.name.label("from_name"),
            came.name.label("to_name"),
            User.name.label("user_name"),
        )
        .join(Pipeline, Pipeline.id == PipelineStageHistory.pipeline_id)
        .outerjoin(left, left.id == PipelineStageHistory.from_stage_id)
        .outerjoin(came, came.id == PipelineStageHistory.to_stage_id)
        .outerjoin(User, User.id == PipelineStageHistory.changed_by)
        .where(PipelineStageHistory.conversation_id == conversation_id)
    )
    if after is not None:
        statement = statement.where(PipelineStageHistory.id < after)
    rows = db.session.execute(statement.order_by(PipelineStageHistory.id.desc()).limit(limit + 1)).all()
    runs = _runs([row.PipelineStageHistory.id for row in rows])
    return [_outward(row, runs.get(row.PipelineStageHistory.id, [])) for row in rows]


def _outward(row, runs: list[PipelineRun]) -> dict[str, Any]:
    move = row.PipelineStageHistory
    return {
        "id": move.id,
        "pipeline_id": move.pipeline_id,
        "pipeline_name": row.pipeline_name,
        "from_stage_id": move.from_stage_id,
        "from_stage_name": row.from_name,
        "to_stage_id": move.to_stage_id,
        "to_stage_name": row.to_name,
        "changed_by": {"id": move.changed_by, "name": row.user_name} if move.changed_by else None,
        "actor_type": move.actor_type,
        "duration_seconds": move.duration_seconds,
        "created_at": iso(move.created_at),
        "automation": [_run(item) for item in runs],
    }


def _runs(history_ids: list[int]) -> dict[int, list[PipelineRun]]:
    found: dict[int, list[PipelineRun]] = {}
    rows = db.session.scalars(
        select(PipelineRun)
        .where(PipelineRun.history_id.in_(history_ids))
        .order_by(PipelineRun.history_id, PipelineRun.place)
    )
    for row in rows:
        found.setdefault(row.history_id, []).append(row)
    return found


def _run(run: PipelineRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "on": run.rule["on"],
        "do": run.rule["do"],
        "state": run.state,
        "due_at": iso(run.due_at),
        "finished_at": iso(run.finished_at),
        "attempts": run.attempts,
        "reason": run.result.get("reason"),
        "result": {key: value for key, value in run.result.items() if key != "reason"},
    }
