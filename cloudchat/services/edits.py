"""Two people at one record: whoever saves second is told what the first has changed.

A version is a word made of a record's fields, a part for each, so that only what both have changed
stands in the way. Callers hand it back unread.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from cloudchat.errors import Conflict
from cloudchat.extensions import db
from cloudchat.models import AuditEntry

Facts = dict[str, Any]


def version_of(facts: Facts) -> str:
    """The version of a record whose fields have these values."""
    return ".".join(_mark(facts[name]) for name in sorted(facts))


def _mark(value: Any) -> str:
    words = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def clean(values: Facts) -> Facts:
    """Values as a record keeps them: texts without space around them, nothing for an empty one."""
    return {
        name: (value.strip() or None) if isinstance(value, str) else value for name, value in values.items()
    }


def differing(facts: Facts, values: Facts, expected: str) -> list[str]:
    """The fields to be saved that somebody else has changed since that version, to something else."""
    names, marks = sorted(facts), expected.strip().strip('"').split(".")
    if len(marks) != len(names):
        marks = [""] * len(names)
    changed = {name for name, mark in zip(names, marks, strict=True) if mark != _mark(facts[name])}
    return [name for name in names if name in changed and name in values and values[name] != facts[name]]


def check(row: Any, facts_of: Callable[[Any], Facts], values: Facts, expected: str | None) -> None:
    """Hold the row until the commit; raise Conflict if it is no longer what the caller has seen."""
    if expected is None or expected.strip() == "*":
        return
    db.session.refresh(row, with_for_update=True)
    facts = facts_of(row)
    names = differing(facts, values, expected)
    if names:
        raise Conflict(
            "changed_meanwhile",
            code="changed_meanwhile",
            extra={
                "version": version_of(facts),
                "changed_by": changed_by(row),
                "current": {name: facts[name] for name in names},
            },
        )


def changed_by(row: Any) -> str | None:
    """Who changed this record last, by the audit log."""
    return db.session.scalar(
        select(AuditEntry.actor_name)
        .where(AuditEntry.object_type == row.__tablename__, AuditEntry.object_id == str(row.id))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
