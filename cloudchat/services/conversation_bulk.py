"""The same done to several conversations at once, and taken back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from cloudchat.errors import AppError, Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Label
from cloudchat.services import conversations, labels
from cloudchat.services.accounts import Identity
from cloudchat.services.presenting import iso
from cloudchat.services.visibility import get_visible


@dataclass(frozen=True)
class Change:
    """What is done to each: assign, status, add_label, remove_label or read, with its value."""

    action: str
    agent_id: int | None = None
    status: str | None = None
    snooze_until: datetime | None = None
    label: int | str | None = None


@dataclass(frozen=True)
class Earlier:
    """How a conversation stood before; `version` is the one that the action left it with."""

    id: int
    version: int
    fields: dict[str, Any]  # status and snooze_until, or agent_id, or labels


def act(identity: Identity, ids: list[int], change: Change) -> list[dict[str, Any]]:
    """Do it to each; answers what became of each, and how to undo it.

    Every id must be the caller's to see, else nothing is done.
    """
    for conversation_id in ids:
        get_visible(identity, conversation_id)
    return [_one(identity, conversation_id, change) for conversation_id in dict.fromkeys(ids)]


def _one(identity: Identity, conversation_id: int, change: Change) -> dict[str, Any]:
    try:
        stood = _standing(get_visible(identity, conversation_id), change.action)
        _change(identity, conversation_id, change)
    except AppError as error:
        db.session.rollback()
        return {"id": conversation_id, "ok": False, "error": error.code}
    done = {"id": conversation_id, "ok": True}
    try:
        version = get_visible(identity, conversation_id).version
    except NotFound:  # given to somebody else: no longer the caller's to take back
        return done
    return done | ({"before": {"id": conversation_id, "version": version, **stood}} if stood else {})


def _standing(row: Conversation, action: str) -> dict[str, Any]:
    match action:
        case "assign":
            return {"agent_id": row.assignee_id}
        case "status":
            return {"status": row.status, "snooze_until": iso(row.snoozed_until)}
        case "add_label" | "remove_label":
            return {"labels": [label.id for label in row.labels]}
    return {}  # what was read cannot be unread


def _change(identity: Identity, conversation_id: int, change: Change) -> None:
    match change.action:
        case "assign":
            conversations.assign(identity, conversation_id, change.agent_id)
        case "status":
            conversations.set_status(identity, conversation_id, change.status or "", change.snooze_until)
        case "read":
            conversations.mark_read(identity, conversation_id)
        case "add_label" | "remove_label":
            if change.label is None:
                raise Invalid(fields={"label": ["required"]})
            [label] = labels.find([change.label])
            present = {item.id for item in get_visible(identity, conversation_id).labels}
            chosen = present | {label.id} if change.action == "add_label" else present - {label.id}
            conversations.set_labels(identity, conversation_id, sorted(chosen))


def restore(identity: Identity, states: list[Earlier]) -> list[dict[str, Any]]:
    """Put each back as it stood, unless somebody went on from there meanwhile."""
    for state in states:
        get_visible(identity, state.id)
    results = []
    for state in states:
        try:
            _put_back(identity, state)
            results.append({"id": state.id, "ok": True})
        except AppError as error:
            db.session.rollback()
            results.append({"id": state.id, "ok": False, "error": error.code})
    return results


def _put_back(identity: Identity, state: Earlier) -> None:
    fields = state.fields
    if "status" in fields:
        status, until = fields["status"], fields.get("snooze_until")
        if until is not None and until <= now():  # its time has come meanwhile
            status, until = "open", None
        conversations.set_status(identity, state.id, status, until, state.version)
    elif "agent_id" in fields:
        conversations.assign(identity, state.id, fields["agent_id"], state.version)
    elif "labels" in fields:
        left = db.session.scalars(select(Label.id).where(Label.id.in_(fields["labels"])))
        conversations.set_labels(identity, state.id, list(left), state.version)
