"""How an organization's queue behaves and what it says."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from cloudchat.channels.payload import clean_text
from cloudchat.errors import Invalid
from cloudchat.events import QueueDue, publish_once
from cloudchat.extensions import db
from cloudchat.models import Conversation, QueueEntry, QueueSettings
from cloudchat.models.queueing import ROUTING_ORDERS
from cloudchat.services import audit
from cloudchat.services.queueing.choice import normal
from cloudchat.tenancy import current_organization_id

MAX_TEXT = 1000
LIMITS = {"check_queue_keyword": 10, "leave_keyword": 20, "menu_button": 20}
MAX_SILENT_MINUTES = 1440
_KEPT = {"id", "organization_id", "created_at", "updated_at"}
_COLUMNS = {c.name: c for c in QueueSettings.__table__.columns if c.name not in _KEPT}
FIELDS = tuple(_COLUMNS)
DEFAULTS: dict[str, Any] = {name: column.default.arg for name, column in _COLUMNS.items()}
FLAGS = tuple(name for name, value in DEFAULTS.items() if isinstance(value, bool))
TEXTS = tuple(name for name in FIELDS if isinstance(DEFAULTS[name], str) and name != "routing_order")
MAY_BE_EMPTY = ("leave_keyword", "leave_message", "cancelled_message", "human_message")
MAY_BE_EMPTY += ("invalid_choice_message",)


def find() -> QueueSettings | None:
    """The settings, if this organization ever looked at them; without them there is no queue."""
    return db.session.scalar(select(QueueSettings).execution_options(populate_existing=True))


def get() -> QueueSettings:
    """The settings; made with the defaults where there are none yet. Commits in that case."""
    row = find()
    if row is None:
        values = {"organization_id": current_organization_id(), **DEFAULTS}
        db.session.execute(insert(QueueSettings).values(values).on_conflict_do_nothing())
        db.session.commit()
        row = find()
    return row


def get_kept() -> QueueSettings:
    """The settings inside somebody else's transaction: the defaults where none are kept yet."""
    return find() or QueueSettings(**DEFAULTS)


def save(values: dict) -> QueueSettings:
    """Change the fields that are named. Raises Invalid with the bad ones."""
    row = get()
    values = checked({**as_dict(row), **values}, values)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return row
    for name, value in changed.items():
        setattr(row, name, value)
    if changed.get("is_enabled") is False:
        _forget_questions()
    audit.record("queue.settings_changed", row, fields=sorted(changed))
    db.session.flush()
    for division_id in db.session.scalars(
        select(QueueEntry.division_id).where(QueueEntry.status == "waiting").distinct()
    ):
        publish_once(QueueDue(row.organization_id, division_id))
    db.session.commit()
    return row


def _forget_questions() -> None:
    """With the queue switched off nobody is asked to choose; those who wait are still served."""
    db.session.execute(
        update(Conversation)
        .where(Conversation.awaiting_division_selection)
        .values(awaiting_division_selection=False)
        .execution_options(synchronize_session=False)
    )


def as_dict(row: QueueSettings) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def unsaved(values: dict) -> QueueSettings:
    """What the settings would be with these values: a row that no session knows, for the preview."""
    present = as_dict(get())
    return QueueSettings(**{**present, **checked({**present, **values}, values)})


def checked(whole: dict, given: dict) -> dict:
    """The given values, clean. Raises Invalid by field."""
    errors: dict[str, list[str]] = {}
    clean: dict[str, Any] = {}
    for name in FIELDS:
        if name not in given:
            continue
        value = given[name]
        if name in TEXTS:
            value = clean_text(str(value or "")).replace("\ufffd", "").strip()
            if not value and name not in MAY_BE_EMPTY:
                errors[name] = ["required"]
            if len(value) > LIMITS.get(name, MAX_TEXT):
                errors[name] = ["too_long"]
        elif name in FLAGS:
            value = bool(value)
        elif name == "routing_order" and value not in ROUTING_ORDERS:
            errors[name] = ["unknown"]
        elif name == "silent_agent_minutes" and not _is_minutes(value):
            errors[name] = ["silent_minutes_invalid"]
        clean[name] = whole[name] = value
    leave, check = whole["leave_keyword"], whole["check_queue_keyword"]
    if not errors and leave and normal(leave) == normal(check):
        errors["leave_keyword"] = ["keywords_alike"]
    if "check_queue_keyword" in clean and not errors and not normal(clean["check_queue_keyword"]):
        errors["check_queue_keyword"] = ["required"]
    if errors:
        raise Invalid("queue settings", fields=errors)
    return clean


def _is_minutes(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SILENT_MINUTES
