"""What filters and rules can name: users, divisions, stages with their pipeline."""

from typing import Any

from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import Division, Pipeline, PipelineStage, User


def agents() -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(User.id, User.name).where(User.is_active).order_by(func.lower(User.name))
    )
    return [dict(row._mapping) for row in rows]


def divisions() -> list[dict[str, Any]]:
    rows = db.session.execute(
        select(Division.id, Division.name).where(Division.is_active).order_by(Division.position, Division.id)
    )
    return [dict(row._mapping) for row in rows]


def stages() -> list[dict[str, Any]]:
    """Every stage under its pipeline's name, for rules that move a card on."""
    rows = db.session.execute(
        select(PipelineStage.id, PipelineStage.name, Pipeline.name.label("pipeline"))
        .join(Pipeline, Pipeline.id == PipelineStage.pipeline_id)
        .where(PipelineStage.archived_at.is_(None), Pipeline.archived_at.is_(None))
        .order_by(Pipeline.position, Pipeline.id, PipelineStage.position)
    )
    return [{"id": row.id, "name": f"{row.pipeline}: {row.name}"} for row in rows]
