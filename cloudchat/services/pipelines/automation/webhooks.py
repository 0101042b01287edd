"""Telling another program of a card: signed, tried again, with an id that makes repeats harmless."""

import hashlib
import hmac
import json
from typing import Any

from cloudchat.clients import guarded
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Pipeline, PipelineRun, PipelineStage, PipelineStageHistory
from cloudchat.services import secrets
from cloudchat.services.pipelines.cards import card
from cloudchat.services.presenting import iso

SIGNATURE = "X-CloudChat-Signature"
DELIVERY = "X-CloudChat-Delivery"


def body_of(row: Conversation, run: PipelineRun) -> bytes:
    """What is sent: the card as it is now, and what happened to it."""
    stage = db.session.get(PipelineStage, run.stage_id)
    pipeline = db.session.get(Pipeline, stage.pipeline_id)
    happened = db.session.get(PipelineStageHistory, run.history_id)
    told: dict[str, Any] = {
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
    return json.dumps(told, ensure_ascii=False).encode()


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send(run_id: int, values: dict, body: bytes) -> int:
    """Post it. Raises guarded.Refused, guarded.Failed."""
    secret = secrets.decrypt(values["secret"])["secret"]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "CloudChat",
        DELIVERY: str(run_id),
        SIGNATURE: signature(secret, body),
    }
    return guarded.post(values["url"], body, headers)
