"""What a rule can do. Each action checks its settings when the rule is saved, and acts on a locked
card when it runs; it is part of the runner's transaction and raises AppError where it cannot be done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cloudchat.channels import get as channel_for
from cloudchat.errors import Conflict
from cloudchat.events import ConversationChanged, PipelineNotice, TimelineAdded, UnreadChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import (
    Conversation,
    ConversationLabel,
    Division,
    DivisionAgent,
    Label,
    Note,
    PipelineRun,
    PipelineStage,
    PipelineStageHistory,
    User,
)
from cloudchat.services import activity, conversations, outbound, outgoing_rules
from cloudchat.services.pipelines import deals, steps
from cloudchat.services.pipelines.automation import checking, templates, webhooks
from cloudchat.services.pipelines.cards import AUTOMATION
from cloudchat.services.presenting import iso
from cloudchat.services.queueing import handing
from cloudchat.services.visibility import audience_of


@dataclass(frozen=True)
class Action:
    """One thing that a rule can do. `run` answers None where something else will tell what came of it."""

    name: str
    check: Callable[[dict, dict, PipelineStage], dict]
    run: Callable[[Conversation, dict, PipelineRun], dict | None]


ACTIONS: dict[str, Action] = {}


def find(name: Any) -> Action | None:
    return ACTIONS.get(name) if isinstance(name, str) else None


def action(name: str, check: Callable[[dict, dict, PipelineStage], dict]) -> Callable:
    """Register a function as what `do: name` does."""

    def register(function: Callable) -> Callable:
        ACTIONS[name] = Action(name, check, function)
        return function

    return register


# --- acting ------------------------------------------------------------------------------------


def changed(row: Conversation, changes: dict, before: Any = None) -> None:
    """A new version of the conversation, told after the commit."""
    row.version += 1
    row.updated_at = now()
    db.session.flush()
    publish(ConversationChanged(audience_of(row), changes, row.version, previous=before))


@action("assign_agent", checking.check_agent)
def assign_agent(row: Conversation, values: dict, run: PipelineRun) -> dict:
    """Give the conversation to an agent; `round_robin` to each in turn."""
    agent_id = _next_agent(values, run) if values.get("round_robin") else values["agent_id"]
    agent = db.session.scalar(select(User).where(User.id == agent_id, User.is_active))
    if agent is None:
        raise Conflict("no_agent", code="no_agent")
    if row.assignee_id != agent.id:
        handing.give_by_hand(row, agent, None, locked=False)
    return {"agent_id": agent.id, "name": agent.name}


def _next_agent(values: dict, run: PipelineRun) -> int | None:
    """The one whose turn it is after whom this rule chose last. The stage is locked by the runner, so
    two cards at once wait for each other."""
    members = select(User.id).where(User.is_active).order_by(User.id)
    if values.get("division_id"):
        members = members.join(DivisionAgent, DivisionAgent.user_id == User.id).where(
            DivisionAgent.division_id == values["division_id"], DivisionAgent.is_active
        )
    else:
        members = members.where(User.role == "agent")
    ids = list(db.session.scalars(members))
    last = db.session.scalar(
        select(PipelineRun.result["agent_id"].as_integer())
        .where(
            PipelineRun.stage_id == run.stage_id,
            PipelineRun.rule_id == run.rule_id,
            PipelineRun.state == "done",
        )
        .order_by(PipelineRun.finished_at.desc(), PipelineRun.id.desc())
        .limit(1)
    )
    later = [agent_id for agent_id in ids if last is None or agent_id > last]
    return (later or ids or [None])[0]


@action("assign_division", checking.check_division)
def assign_division(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Give the conversation to a division: into its queue, where no agent has it."""
    division = db.session.get(Division, values["division_id"])
    if division is None:
        raise Conflict("unknown_division", code="unknown_division")
    if row.division_id != division.id and row.assignee_id is None:
        handing.to_division(row, division)
    elif row.division_id != division.id:
        before = audience_of(row)
        row.division_id = division.id
        conversations.log(row, "division_set", None, division=division.name)
        changed(row, {"division_id": division.id}, before)
        publish(UnreadChanged(row.organization_id))
    return {"division_id": division.id, "name": division.name}


@action("add_label", checking.check_label)
def add_label(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    return _labelled(row, values["label_id"], wanted=True)


@action("remove_label", checking.check_label)
def remove_label(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    return _labelled(row, values["label_id"], wanted=False)


def _labelled(row: Conversation, label_id: int, wanted: bool) -> dict:
    label = db.session.get(Label, label_id)
    if label is None:
        raise Conflict("unknown_label", code="unknown_label")
    link = db.session.get(ConversationLabel, (row.id, label.id))
    if wanted and link is None:
        db.session.add(ConversationLabel(conversation_id=row.id, label_id=label.id))
    elif not wanted and link is not None:
        db.session.delete(link)
    else:
        return {"name": label.name, "unchanged": True}
    db.session.flush()
    db.session.refresh(row, ["labels"])
    names = {"added": [label.name], "removed": []} if wanted else {"added": [], "removed": [label.name]}
    conversations.log(row, "labelled", None, **names)
    changed(row, {"labels": sorted(item.name for item in row.labels)})
    return {"name": label.name}


@action("send_message", checking.check_message)
def send_message(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Free text within the channel's window, else the template, else a clear failure."""
    if not row.device.is_active or row.device.deleted_at:
        raise Conflict("device_off", code="device_off")
    if activity.window_is_open(row, row.device.type):
        text = templates.personal(values["text"], row)
        outgoing_rules.check(channel_for(row.device.type).capabilities, text, None, {})
        message = outbound.add(row, "system", text)
    elif values.get("template"):
        text, payload = templates.filled(row, values["template"])
        message = outbound.add(row, "system", text, kind="template", payload=payload)
    else:
        raise Conflict("window_closed", code="window_closed")
    return {"message_id": message["id"]}


@action("note", checking.check_text)
def note(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Leave a private note in the thread."""
    made = Note(conversation_id=row.id, text=values["text"], after_message_id=row.last_message_id or 0)
    db.session.add(made)
    db.session.flush()
    entry = {"kind": "note", "id": made.id, "text": made.text, "author": None}
    publish(TimelineAdded(audience_of(row), {**entry, "created_at": iso(made.created_at)}))
    return {"note_id": made.id}


@action("notify", checking.check_notice)
def notify(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Tell a user, wherever they are in the desk; the line stays in the thread."""
    user_id = values.get("agent_id") or row.assignee_id
    if user_id is None:
        raise Conflict("no_agent", code="no_agent")
    conversations.log(row, "pipeline_notice", None, text=values["text"], agent_id=user_id)
    publish(PipelineNotice(row.organization_id, user_id, row.id, values["text"]))
    return {"agent_id": user_id}


@action("set_value", checking.check_value)
def set_value(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Set the deal's value."""
    row.deal_value = deals.checked_value(values["value"])
    steps.announce(row, AUTOMATION)
    return {"value": values["value"]}


@action("move", checking.check_move)
def move(row: Conversation, values: dict, run: PipelineRun) -> dict:
    """Move the card on; the chain that led here grows by one."""
    stage = db.session.get(PipelineStage, values["stage_id"])
    if stage is None or stage.archived_at is not None:
        raise Conflict("unknown_stage", code="unknown_stage")
    depth = db.session.get(PipelineStageHistory, run.history_id).depth + 1
    steps.place(row, stage, steps.Wanted(stage.id, place="top", depth=depth), AUTOMATION)
    return {"stage_id": stage.id, "name": stage.name}


@action("resolve", checking.check_nothing)
def resolve(row: Conversation, _values: dict, _run: PipelineRun) -> dict:
    """Resolve the conversation; the card stays where it is."""
    if row.status == "resolved":
        return {"unchanged": True}
    conversations.close(row)
    conversations.log(row, "resolved", None)
    changed(row, {"status": "resolved", "snoozed_until": None})
    return {}


ACTIONS["webhook"] = Action("webhook", checking.check_webhook, webhooks.hand_on)
