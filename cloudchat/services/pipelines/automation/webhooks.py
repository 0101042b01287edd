"""Telling another program of a card. The delivery goes the way of all webhooks: signed, tried again."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from cloudchat.events import WebhooksDue, publish_once
from cloudchat.extensions import db, now
from cloudchat.models import (
    Conversation,
    Pipeline,
    PipelineRun,
    PipelineStage,
    PipelineStageHistory,
    WebhookDelivery,
)
from cloudchat.services.pipelines.cards import card
from cloudchat.services.presenting import iso


def told_of(row: Conversation, run: PipelineRun) -> dict[str, Any]:
    """The card as it is now, and what happened to it."""
    stage = db.session.get(PipelineStage, run.stage_id)
    pipeline = db.session.get(Pipeline, stage.pipeline_id)
    happened = db.session.get(PipelineStageHistory, run.history_id)
    return {
        "event": f"pipeline.stage_{run.rule['on']}",
        "delivery_id": run.id,
        "at": iso(now()),
        "pipeline": {"id": pipeline.id, "name": pipeline.name},
        "stage": {"id": stage.id, "name": stage.name, "kind": stage.kind},
        "from_stage_id": happened.from_stage_id,
        "to_stage_id": happened.to_stage_id,
        "conversation_id": row.id,
        "contact": {"id": row.contact_id, "name": row.contact.name, "phone": row.contact.phone},
        "card": card(row.id),
    }


def hand_on(row: Conversation, _values: dict, run: PipelineRun) -> None:
    """A delivery for this run, once; part of the caller's transaction."""
    told = told_of(row, run)
    values = {
        "organization_id": run.organization_id,
        "run_id": run.id,
        "event_id": f"run_{run.id}",
        "event": told["event"],
        "data": told,
        "contact_id": row.contact_id,
    }
    db.session.execute(
        insert(WebhookDelivery).values(values).on_conflict_do_nothing(index_elements=["run_id"])
    )
    publish_once(WebhooksDue(run.organization_id))
