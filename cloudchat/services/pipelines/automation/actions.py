"""What a rule can do. Each action checks its settings when the rule is saved, and acts on a locked
card when it runs; it is part of the runner's transaction and raises AppError where it cannot be done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from cloudchat.channels import get as channel_for
from cloudchat.errors import Conflict, Invalid
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
    User,
)
from cloudchat.services import activity, conversations, outbound, outgoing_rules, secrets
from cloudchat.services.presenting import iso
from cloudchat.services.queueing import handing
from cloudchat.services.visibility import audience_of

MAX_TEXT = 4096
MIN_SECRET, MAX_SECRET = 8, 200


@dataclass(frozen=True)
class Action:
    """One thing that a rule can do. `run` is None for what happens outside the transaction."""

    name: str
    check: Callable[[dict, dict, PipelineStage], dict]
    run: Callable[[Conversation, dict, PipelineRun], dict] | None


ACTIONS: dict[str, Action] = {}


def find(name: Any) -> Action | None:
    return ACTIONS.get(name) if isinstance(name, str) else None


def action(name: str, check: Callable[[dict, dict, PipelineStage], dict]) -> Callable:
    """Register a function as what `do: name` does."""

    def register(function: Callable) -> Callable:
        ACTIONS[name] = Action(name, check, function)
        return function

    return register


def _wrong(field: str, code: str) -> Invalid:
    return Invalid("rule", fields={f"with.{field}": [code]})


# --- checking settings -------------------------------------------------------------------------


def _row_id(model: Any, value: Any, field: str, code: str, *criteria: Any) -> int:
    if type(value) is not int or not 0 < value < 2**31:
        raise _wrong(field, "required" if value is None else code)
    found = db.session.scalar(select(model.id).where(model.id == value, *criteria))
    if found is None:
        raise _wrong(field, code)
    return found


def label_id(value: Any, field: str) -> int:
    """A label by id or name."""
    named = isinstance(value, str)
    wanted = func.lower(Label.name) == value.strip().lower() if named else Label.id == value
    if (not named and type(value) is not int) or (not named and not 0 < value < 2**31):
        raise Invalid("rule", fields={field: ["unknown_label"]})
    found = db.session.scalar(select(Label.id).where(wanted))
    if found is None:
        raise Invalid("rule", fields={field: ["unknown_label"]})
    return found


def _check_agent(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    """`{agent_id}`, or `{round_robin: true, division_id?}`: the agents in turns."""
    if given.get("round_robin") or given.get("mode") == "round_robin":
        division_id = given.get("division_id")
        if division_id is not None:
            division_id = _row_id(Division, division_id, "division_id", "unknown_division")
        return {"round_robin": True, "division_id": division_id}
    agent_id = _row_id(User, given.get("agent_id"), "agent_id", "unknown_agent", User.is_active)
    return {"agent_id": agent_id}


def _check_division(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    return {"division_id": _row_id(Division, given.get("division_id"), "division_id", "unknown_division")}


def _check_label(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    wanted = given.get("label_id") or given.get("label")
    if not wanted:
        raise _wrong("label", "required")
    return {"label_id": label_id(wanted, "with.label")}


def _text(given: dict, field: str = "text") -> str:
    text = given.get(field)
    if not isinstance(text, str) or not text.strip():
        raise _wrong(field, "required")
    if len(text) > MAX_TEXT:
        raise _wrong(field, "too_long")
    return text.strip()


def _check_text(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    return {"text": _text(given)}


def _check_message(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    """`{text, template?: {name, language}}`: the template goes out where the window has closed."""
    made: dict[str, Any] = {"text": _text(given)}
    template = given.get("template")
    if template:
        names = [template.get(key) for key in ("name", "language")] if isinstance(template, dict) else []
        if len(names) != 2 or not all(isinstance(item, str) and 0 < len(item) <= 512 for item in names):
            raise _wrong("template", "template_invalid")
        made["template"] = {"name": names[0], "language": names[1]}
    return made


def _check_notice(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    """`{text, agent_id?}`: to that user, else to the card's agent."""
    made: dict[str, Any] = {"text": _text(given)}
    if given.get("agent_id") is not None:
        made["agent_id"] = _row_id(User, given["agent_id"], "agent_id", "unknown_agent", User.is_active)
    return made


def _check_move(given: dict, _kept: dict, stage: PipelineStage) -> dict:
    wanted = given.get("stage_id") or given.get("to_stage_id")
    found = _row_id(PipelineStage, wanted, "stage_id", "unknown_stage", PipelineStage.archived_at.is_(None))
    if found == stage.id:
        raise _wrong("stage_id", "same_stage")
    return {"stage_id": found}


def _check_value(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    from cloudchat.services.pipelines.moving import checked_value

    value = given.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _wrong("value", "deal_value_invalid")
    try:
        checked_value(value)
    except Invalid:
        raise _wrong("value", "deal_value_invalid") from None
    return {"value": value}


def _check_nothing(_given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    return {}


def _check_webhook(given: dict, kept: dict, _stage: PipelineStage) -> dict:
    """`{url, secret?}`. The secret is sealed; without a new one the old one stays, or one is made."""
    from cloudchat.clients import guarded

    url = given.get("url")
    if not isinstance(url, str) or not url.strip():
        raise _wrong("url", "required")
    try:
        guarded.check_url(url.strip())
    except guarded.Refused:
        raise _wrong("url", "url_refused") from None
    secret = given.get("secret")
    if secret is not None and (
        not isinstance(secret, str) or not MIN_SECRET <= len(secret) <= MAX_SECRET or not secret.isascii()
    ):
        raise _wrong("secret", "secret_invalid")
    sealed = secrets.encrypt({"secret": secret}) if secret else kept.get("secret")
    return {"url": url.strip(), "secret": sealed or secrets.encrypt({"secret": secrets.random_token(24)})}


# --- acting ------------------------------------------------------------------------------------


def changed(row: Conversation, changes: dict, before: Any = None) -> None:
    """A new version of the conversation, told after the commit."""
    row.version += 1
    row.updated_at = now()
    db.session.flush()
    publish(ConversationChanged(audience_of(row), changes, row.version, previous=before))


@action("assign_agent", _check_agent)
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
    """The one whose turn it is after whom this rule chose last. Two cards at once wait for each other."""
    db.session.execute(select(PipelineStage.id).where(PipelineStage.id == run.stage_id).with_for_update())
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


@action("assign_division", _check_division)
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


@action("add_label", _check_label)
def add_label(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    return _labelled(row, values["label_id"], wanted=True)


@action("remove_label", _check_label)
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


@action("send_message", _check_message)
def send_message(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Free text within the channel's window, else the template, else a clear failure."""
    if not row.device.is_active or row.device.deleted_at:
        raise Conflict("device_off", code="device_off")
    text = values["text"].replace("{name}", row.contact.name)  # once, and never str.format
    if activity.window_is_open(row, row.device.type):
        outgoing_rules.check(channel_for(row.device.type).capabilities, text, None, {})
        message = outbound.add(row, "system", text)
    elif values.get("template"):
        payload = {"template": values["template"]}
        message = outbound.add(row, "system", text, kind="template", payload=payload)
    else:
        raise Conflict("window_closed", code="window_closed")
    return {"message_id": message["id"]}


@action("note", _check_text)
def note(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Leave a private note in the thread."""
    made = Note(conversation_id=row.id, text=values["text"], after_message_id=row.last_message_id or 0)
    db.session.add(made)
    db.session.flush()
    entry = {"kind": "note", "id": made.id, "text": made.text, "author": None}
    publish(TimelineAdded(audience_of(row), {**entry, "created_at": iso(made.created_at)}))
    return {"note_id": made.id}


@action("notify", _check_notice)
def notify(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Tell a user, wherever they are in the desk; the line stays in the thread."""
    user_id = values.get("agent_id") or row.assignee_id
    if user_id is None:
        raise Conflict("no_agent", code="no_agent")
    conversations.log(row, "pipeline_notice", None, text=values["text"], agent_id=user_id)
    publish(PipelineNotice(row.organization_id, user_id, row.id, values["text"]))
    return {"agent_id": user_id}


@action("set_value", _check_value)
def set_value(row: Conversation, values: dict, _run: PipelineRun) -> dict:
    """Set the deal's value."""
    from cloudchat.services.pipelines import moving
    from cloudchat.services.pipelines.cards import AUTOMATION

    row.deal_value = moving.checked_value(values["value"])
    moving.announce(row, AUTOMATION)
    return {"value": values["value"]}


@action("move", _check_move)
def move(row: Conversation, values: dict, run: PipelineRun) -> dict:
    """Move the card on; the chain that led here grows by one."""
    from cloudchat.models import PipelineStageHistory
    from cloudchat.services.pipelines import moving
    from cloudchat.services.pipelines.cards import AUTOMATION

    stage = db.session.get(PipelineStage, values["stage_id"])
    if stage is None or stage.archived_at is not None:
        raise Conflict("unknown_stage", code="unknown_stage")
    depth = db.session.get(PipelineStageHistory, run.history_id).depth + 1
    moving.place(row, stage, moving.Wanted(stage.id, place="top", depth=depth), AUTOMATION)
    return {"stage_id": stage.id, "name": stage.name}


@action("resolve", _check_nothing)
def resolve(row: Conversation, _values: dict, _run: PipelineRun) -> dict:
    """Resolve the conversation; the card stays where it is."""
    if row.status == "resolved":
        return {"unchanged": True}
    conversations.close(row)
    conversations.log(row, "resolved", None)
    changed(row, {"status": "resolved", "snoozed_until": None})
    return {}


ACTIONS["webhook"] = Action("webhook", _check_webhook, None)  # webhooks.py: after the commit
