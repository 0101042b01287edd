"""A rule's dress rehearsal: what a stage would do with a card now, without doing anything."""

from typing import Any

from sqlalchemy import select

from cloudchat.errors import AppError
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Organization, PipelineStage
from cloudchat.services import activity
from cloudchat.services.pipelines.automation import rules, templates


def rehearse(stage: PipelineStage, row: Conversation) -> list[dict[str, Any]]:
    """For each rule whether it would act on this card, and if not, which condition stands in the way."""
    timezone = db.session.scalar(
        select(Organization.timezone).where(Organization.id == stage.organization_id)
    )
    found = []
    for shown, rule in zip(
        rules.outward(stage.automation_actions), stage.automation_actions or [], strict=True
    ):
        reason = None if rule["enabled"] else "rule_off"
        reason = reason or rules.unmet(rule, row, now(), timezone) or _impossible(rule, row)
        found.append({"rule": shown, "would_run": reason is None, "reason": reason})
    return found


def _no_template(wanted: dict | None, row: Conversation) -> str | None:
    """Why no template can go out instead of the text."""
    try:
        if wanted is None:
            return "window_closed"
        templates.filled(row, wanted)
    except AppError as error:
        return error.code
    return None


def _impossible(rule: dict, row: Conversation) -> str | None:
    if rule["do"] == "send_message":
        if not row.device.is_active or row.device.deleted_at:
            return "device_off"
        if not activity.window_is_open(row, row.device.type):
            return _no_template(rule["with"].get("template"), row)
    if rule["do"] == "notify" and not rule["with"].get("agent_id") and row.assignee_id is None:
        return "no_agent"
    return None
