"""What a stage may be: its fields and its rules, checked and set. Parts of the caller's transaction."""

import re

from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import PipelineStage
from cloudchat.services.labels import COLOR
from cloudchat.services.pipelines.automation import replanning, rules

ICON = re.compile(r"[a-z0-9-]{1,50}")
MAX_DESCRIPTION = 1000
LIMITS = {"probability": (0, 100), "stuck_after_hours": (1, 24 * 3650), "wip_limit": (1, 100_000)}
KINDS = ("open", "won", "lost")


def editable(row: PipelineStage) -> dict:
    """What people change of a stage; its rules without their secrets."""
    plain = ("name", "description", "icon", "color", "kind", "wip_hard", *LIMITS)
    return {"automation_actions": rules.without_secrets(row), **{name: getattr(row, name) for name in plain}}


def apply(row: PipelineStage, values: dict) -> None:
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


def set_rules(row: PipelineStage, values: dict) -> None:
    if values.get("automation_actions") is None:
        row.automation_actions = row.automation_actions or []
        return
    before = row.automation_actions or []
    row.automation_actions = rules.checked(values["automation_actions"], before, row)
    db.session.flush()
    replanning.replan(row)
