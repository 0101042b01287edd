"""What an action's settings must be, asked when the rule is saved: a refusal then is one that can be mended.

Each function takes what was given, what was kept before, and the stage; it answers what is stored.
"""

from typing import Any

from sqlalchemy import func, select

from cloudchat.clients import guarded
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import Division, Label, PipelineStage, User
from cloudchat.services import secrets
from cloudchat.services.pipelines import deals
from cloudchat.services.pipelines.automation import templates

MAX_TEXT = 4096
MIN_SECRET, MAX_SECRET = 8, 200


def _wrong(field: str, code: str) -> Invalid:
    return Invalid("rule", fields={f"with.{field}": [code]})


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


def check_agent(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    """`{agent_id}`, or `{round_robin: true, division_id?}`: the agents in turns."""
    if given.get("round_robin") or given.get("mode") == "round_robin":
        division_id = given.get("division_id")
        if division_id is not None:
            division_id = _row_id(Division, division_id, "division_id", "unknown_division")
        return {"round_robin": True, "division_id": division_id}
    agent_id = _row_id(User, given.get("agent_id"), "agent_id", "unknown_agent", User.is_active)
    return {"agent_id": agent_id}


def check_division(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    return {"division_id": _row_id(Division, given.get("division_id"), "division_id", "unknown_division")}


def check_label(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
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


def check_text(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    return {"text": _text(given)}


def check_message(given: dict, kept: dict, _stage: PipelineStage) -> dict:
    """`{text, template?: {name, language, variables?}}`: the template where the window has closed."""
    made: dict[str, Any] = {"text": _text(given)}
    if given.get("template"):
        made["template"] = templates.checked(given["template"], kept.get("template"))
    return made


def check_notice(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    """`{text, agent_id?}`: to that user, else to the card's agent."""
    made: dict[str, Any] = {"text": _text(given)}
    if given.get("agent_id") is not None:
        made["agent_id"] = _row_id(User, given["agent_id"], "agent_id", "unknown_agent", User.is_active)
    return made


def check_move(given: dict, _kept: dict, stage: PipelineStage) -> dict:
    wanted = given.get("stage_id") or given.get("to_stage_id")
    found = _row_id(PipelineStage, wanted, "stage_id", "unknown_stage", PipelineStage.archived_at.is_(None))
    if found == stage.id:
        raise _wrong("stage_id", "same_stage")
    return {"stage_id": found}


def check_value(given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    value = given.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _wrong("value", "deal_value_invalid")
    try:
        deals.checked_value(value)
    except Invalid:
        raise _wrong("value", "deal_value_invalid") from None
    return {"value": value}


def check_nothing(_given: dict, _kept: dict, _stage: PipelineStage) -> dict:
    return {}


def check_webhook(given: dict, kept: dict, _stage: PipelineStage) -> dict:
    """`{url, secret?}`. The secret is sealed; without a new one the old one stays, or one is made."""
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
