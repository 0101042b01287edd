"""The rules of a stage: what one looks like, and refusing what cannot work before it is kept.

A rule is `{id, on, after_minutes, since, if, do, with, enabled}`. `on` is enter, exit or idle; idle
ones wait `after_minutes` since the card came (`since: move`) or since the customer wrote last
(`since: reply`). Actions are registered in `actions.py`; a new one is a function there.
"""

import secrets as random_source
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from cloudchat.channels import CHANNELS
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import Conversation, ConversationLabel, Label, PipelineStage
from cloudchat.services.pipelines.automation import actions, checking

TRIGGERS = ("enter", "exit", "idle")
SINCE = ("move", "reply")
LONGEST_WAIT = 60 * 24 * 365  # minutes
MOST_RULES = 20
CONDITIONS = ("channel", "label", "without_label", "assignee", "min_value", "hours")


def checked(given: list[dict], kept: list[dict], stage: PipelineStage) -> list[dict]:
    """The rules as they are stored. `kept` are those of before: their ids and secrets live on.

    Raises Invalid naming each field at fault, `automation_actions.<place>.<field>`.
    """
    if len(given) > MOST_RULES:
        raise Invalid("rules", fields={"automation_actions": ["too_many_rules"]})
    known = {rule["id"]: rule for rule in kept}
    errors: dict[str, list[str]] = {}
    made = []
    for place, rule in enumerate(given):
        try:
            made.append(_checked(rule, known.get(str(rule.get("id") or "")), stage))
        except Invalid as error:
            for name, codes in error.fields.items():
                errors[f"automation_actions.{place}.{name}"] = codes
    if errors:
        raise Invalid("rules", fields=errors)
    return made


def _checked(rule: dict, kept: dict | None, stage: PipelineStage) -> dict:
    trigger, action = rule.get("on"), actions.find(rule.get("do"))
    if trigger not in TRIGGERS:
        raise _wrong("on", "unknown")
    if action is None:
        raise _wrong("do", "unknown")
    if trigger == "exit" and action.name == "move":
        raise _wrong("do", "no_move_on_exit")
    minutes, since = _wait(rule, trigger)
    return {
        "id": kept["id"] if kept else random_source.token_hex(6),
        "on": trigger,
        "after_minutes": minutes,
        "since": since,
        "if": _conditions(rule.get("if") or {}),
        "do": action.name,
        "with": action.check(rule.get("with") or {}, (kept or {}).get("with") or {}, stage),
        "enabled": rule.get("enabled") is not False,
    }


def _wait(rule: dict, trigger: str) -> tuple[int | None, str]:
    minutes, since = rule.get("after_minutes"), rule.get("since") or "move"
    if trigger == "exit":
        return None, "move"
    if minutes is None and trigger == "idle":
        raise _wrong("after_minutes", "required")
    if minutes is not None and (type(minutes) is not int or not 0 <= minutes <= LONGEST_WAIT):
        raise _wrong("after_minutes", "minutes_invalid")
    if since not in SINCE:
        raise _wrong("since", "unknown")
    return minutes, since if trigger == "idle" else "move"


def _wrong(field: str, code: str) -> Invalid:
    return Invalid("rule", fields={field: [code]})


# --- conditions --------------------------------------------------------------------------------


def _conditions(given: dict) -> dict:
    """The conditions as stored; labels by id, so that a renamed one still counts."""
    if not isinstance(given, dict) or set(given) - set(CONDITIONS):
        raise _wrong("if", "unknown")
    made: dict[str, Any] = {}
    if given.get("channel"):
        wanted = given["channel"] if isinstance(given["channel"], list) else [given["channel"]]
        if not all(isinstance(kind, str) and kind in _channel_types() for kind in wanted):
            raise _wrong("if.channel", "unknown")
        made["channel"] = wanted
    for name in ("label", "without_label"):
        if given.get(name):
            made[name] = checking.label_id(given[name], f"if.{name}")
    if given.get("assignee"):
        if given["assignee"] not in ("none", "any"):
            raise _wrong("if.assignee", "unknown")
        made["assignee"] = given["assignee"]
    if given.get("min_value") is not None:
        if not isinstance(given["min_value"], int | float) or not 0 <= given["min_value"] <= 10**13:
            raise _wrong("if.min_value", "deal_value_invalid")
        made["min_value"] = given["min_value"]
    if given.get("hours"):
        made["hours"] = _hours(given["hours"])
    return made


def _channel_types() -> set[str]:
    return {"wa_official", "wa_device", "telegram", "messenger", "webchat", *CHANNELS}


def _hours(given: dict) -> dict:
    """`{from: "08:00", to: "17:00", days: [1…5]}`, Sunday is 0; across midnight where `to` is before."""
    try:
        start, end = time.fromisoformat(given["from"]), time.fromisoformat(given["to"])
        days = sorted({int(day) for day in given.get("days", range(7))})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _wrong("if.hours", "hours_invalid") from None
    if start == end or not days or not set(days) <= set(range(7)):
        raise _wrong("if.hours", "hours_invalid")
    return {"from": start.strftime("%H:%M"), "to": end.strftime("%H:%M"), "days": days}


def unmet(rule: dict, row: Conversation, moment: datetime, timezone: str) -> str | None:
    """The name of the first condition that the card does not meet."""
    wanted = rule.get("if") or {}
    labels = _labels_of(row) if {"label", "without_label"} & set(wanted) else set()
    checks = {
        "channel": lambda value: row.device.type in value,
        "label": lambda value: value in labels,
        "without_label": lambda value: value not in labels,
        "assignee": lambda value: (row.assignee_id is None) == (value == "none"),
        "min_value": lambda value: row.deal_value is not None and float(row.deal_value) >= value,
        "hours": lambda value: within_hours(value, moment.astimezone(ZoneInfo(timezone))),
    }
    return next((name for name, value in wanted.items() if not checks[name](value)), None)


def _labels_of(row: Conversation) -> set[int]:
    return set(
        db.session.scalars(
            select(ConversationLabel.label_id).where(ConversationLabel.conversation_id == row.id)
        )
    )


def within_hours(hours: dict, local: datetime) -> bool:
    """Is it within these hours on the organization's clocks?"""
    start, end = time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"])
    day, clock = local.isoweekday() % 7, local.time()
    if start < end:
        return day in hours["days"] and start <= clock < end
    yesterday = (day - 1) % 7
    return (day in hours["days"] and clock >= start) or (yesterday in hours["days"] and clock < end)


# --- for people --------------------------------------------------------------------------------


def without_secrets(row: PipelineStage) -> list[dict]:
    """The rules as they are kept, and of a secret only that there is one."""
    kept = row.automation_actions or []
    return [
        {**rule, "with": {name: name == "secret" or value for name, value in rule["with"].items()}}
        for rule in kept
    ]


def outward(stage_rules: list[dict], fresh: dict[str, str] | None = None) -> list[dict]:
    """Rules as the API shows them: label names for ids, and never a secret but one just made."""
    names = dict(db.session.execute(select(Label.id, Label.name)).tuples().all()) if stage_rules else {}
    shown = []
    for rule in stage_rules:
        conditions = {
            name: names.get(value, value) if name in ("label", "without_label") else value
            for name, value in (rule.get("if") or {}).items()
        }
        values = dict(rule["with"])
        if values.pop("secret", None):
            values["has_secret"] = True
        if fresh and rule["id"] in fresh:
            values["secret"] = fresh[rule["id"]]
        if "label_id" in values:
            values["label"] = names.get(values["label_id"])
        shown.append({**rule, "if": conditions, "with": values})
    return shown
