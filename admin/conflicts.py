"""Two people at one row of a screen: the second to save sees what the first has made of it."""

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from wtforms import Field, Form

from cloudchat.services import edits


@dataclass(frozen=True)
class Conflict:
    """Who has changed the row, and what its fields say now: pairs of label and text."""

    changed_by: str | None
    theirs: list[tuple[str, str]]


def version_of(form: Form) -> str:
    """The version of the row behind the form; the form carries it as `version`."""
    return edits.version_of(_facts(form))


def find_conflict(form: Form, row: Any) -> Conflict | None:
    """What stands in the way of saving the posted form; nothing where it carries no version."""
    expected = request.form.get("version") if request.method == "POST" else None
    if not expected:
        return None
    values = {field.short_name: _plain(field.data) for field in form}
    names = edits.differing(_facts(form), values, expected)
    if not names:
        return None
    theirs = [(str(form[name].label.text), _words(form[name])) for name in names]
    return Conflict(edits.changed_by(row), theirs)


def _facts(form: Form) -> edits.Facts:
    """What the row says, by field. Secrets are never shown, so they are as empty here as there."""
    return {field.short_name: _plain(field.object_data) for field in form}


def _plain(value: Any) -> Any:
    """A field's value as one can compare it: rows by their ids, nothing and empty alike."""
    if isinstance(value, list | tuple):
        if any(isinstance(item, dict) for item in value):  # lines of a form, whose order counts
            return list(value)
        return sorted(getattr(item, "id", item) for item in value) or None
    return value if value or value in (0, False) else None


def _words(field: Field) -> str:
    """What the row says, as a person reads it."""
    value = field.object_data
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return ", ".join(str(item["name"] if isinstance(item, dict) else item) for item in value)
    if isinstance(value, dict):
        return "\n".join(f"{name}: {text}" for name, text in value.items())
    return str(dict(getattr(field, "choices", None) or ()).get(value, value) or "")
