"""Pipelines and stages in their outward form."""

from typing import Any

from cloudchat.models import Pipeline, PipelineStage
from cloudchat.services import edits
from cloudchat.services.pipelines import catalog, stage_fields
from cloudchat.services.pipelines.automation import rules
from cloudchat.services.pipelines.board import Board, Stage, totals_json, weight
from cloudchat.services.pipelines.cards import plain
from cloudchat.services.pipelines.catalog import Summary
from cloudchat.services.presenting import iso


def pipeline(row: Pipeline) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "icon": row.icon,
        "color": row.color,
        "currency": row.currency,
        "is_default": row.is_default,
        "is_active": row.is_active,
        "hide_resolved": row.hide_resolved,
        "takes_new": row.takes_new,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        "version": edits.version_of(catalog.editable(row)),
    }


def stage(row: PipelineStage, secrets: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "id": row.id,
        "pipeline_id": row.pipeline_id,
        "name": row.name,
        "description": row.description,
        "icon": row.icon,
        "color": row.color,
        "position": row.position,
        "kind": row.kind,
        "is_closed_stage": row.is_closed_stage,
        "probability": row.probability,
        "stuck_after_hours": row.stuck_after_hours,
        "wip_limit": row.wip_limit,
        "wip_hard": row.wip_hard,
        "automation_actions": rules.outward(row.automation_actions or [], secrets),
        "version": edits.version_of(stage_fields.editable(row)),
    }


def summary(found: Summary) -> dict[str, Any]:
    stages = [{**stage(row), "count": found.counts.get(row.id, 0)} for row in found.stages]
    counts = {"open": found.open_count, "won": found.count_of("won"), "lost": found.count_of("lost")}
    return {**pipeline(found.pipeline), "stages": stages, "counts": counts, "value": plain(found.value)}


def column(found: Stage, next_cursor: str | None) -> dict[str, Any]:
    """A board's column with what its head shows."""
    row = found.stage
    return {
        "id": row.id,
        "name": row.name,
        "icon": row.icon,
        "color": row.color,
        "kind": row.kind,
        "wip_limit": row.wip_limit,
        "wip_hard": row.wip_hard,
        **totals_json(found.totals),
        "cards": found.cards,
        "next_cursor": next_cursor,
    }


def money(found: Board) -> dict[str, Any]:
    """What is open on the whole board, and what of it is likely to come."""
    open_stages = [item.stage for item in found.stages if item.stage.kind == "open"]
    value = weighted = 0.0
    for item in found.stages:
        if item.stage.kind == "open":
            value += float(item.totals.value)
            weighted += float(item.totals.value) * weight(item.stage, open_stages)
    return {"value": value, "weighted_value": round(weighted, 2)}
