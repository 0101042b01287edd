"""Our own message templates: texts with `{name}`-like fields, filled by plain replacement."""

import re
from typing import Any

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.exc import IntegrityError

from cloudchat.channels.payload import clean_text
from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import MessageTemplate
from cloudchat.models.devices import DEVICE_TYPES
from cloudchat.services import audit, edits
from cloudchat.services.presenting import iso

FIELD = re.compile(r"\{([A-Za-z0-9_]{1,60})\}")
LONGEST_NAME, LONGEST_BODY = 100, 4096


def fields_in(body: str) -> list[str]:
    """The fields of a text, in their order."""
    return list(dict.fromkeys(FIELD.findall(body)))


def fill(body: str, variables: dict[str, Any] | None) -> str:
    """Put the variables in, in one pass. Raises Invalid naming those that are missing."""
    given, missing = variables or {}, {}

    def value(found: re.Match) -> str:
        chosen = given.get(found[1])
        if isinstance(chosen, bool) or not isinstance(chosen, str | int | float) or not str(chosen).strip():
            missing[f"variables.{found[1]}"] = ["required"]
            return ""
        return clean_text(str(chosen))

    text = FIELD.sub(value, body)
    if missing:
        raise Invalid("variables", fields=missing)
    return text


def get(template_id: int) -> MessageTemplate:
    row = db.session.get(MessageTemplate, template_id)
    if row is None:
        raise NotFound("message template")
    return row


def page(q: str, device_type: str | None, after: tuple[str, int] | None, limit: int) -> list[MessageTemplate]:
    """A page by name, and one more where there is a next; with a device type what it can send."""
    name = func.lower(MessageTemplate.name)
    statement = select(MessageTemplate).order_by(name, MessageTemplate.id).limit(limit + 1)
    if device_type:
        fits = or_(MessageTemplate.device_type.is_(None), MessageTemplate.device_type == device_type)
        statement = statement.where(fits)
    if q.strip():
        words = q.strip()
        statement = statement.where(
            or_(
                MessageTemplate.name.icontains(words, autoescape=True),
                MessageTemplate.body.icontains(words, autoescape=True),
            )
        )
    if after:
        statement = statement.where(tuple_(name, MessageTemplate.id) > tuple_(func.lower(after[0]), after[1]))
    return list(db.session.scalars(statement))


def editable(row: MessageTemplate) -> dict[str, Any]:
    return {"name": row.name, "body": row.body, "device_type": row.device_type}


def save(
    row: MessageTemplate, values: dict, author_id: int | None = None, expected: str | None = None
) -> MessageTemplate:
    """Create or change one; what `values` leave out stays. Raises Invalid, Conflict."""
    is_new = row.id is None
    present = {"name": row.name or "", "body": row.body or "", "device_type": row.device_type}
    wanted = {**present, **{key: value for key, value in values.items() if key in present}}
    wanted["name"] = clean_text(wanted["name"] or "").strip()
    wanted["body"] = clean_text(wanted["body"] or "").strip()
    wanted["device_type"] = wanted["device_type"] or None
    if not is_new:
        edits.check(row, editable, wanted, expected)
    errors: dict[str, list[str]] = {}
    for name, most in (("name", LONGEST_NAME), ("body", LONGEST_BODY)):
        if not wanted[name]:
            errors[name] = ["required"]
        elif len(wanted[name]) > most:
            errors[name] = ["too_long"]
    if wanted["device_type"] and wanted["device_type"] not in DEVICE_TYPES:
        errors["device_type"] = ["unknown"]
    if errors:
        raise Invalid("message_template", fields=errors)
    row.name, row.body, row.device_type = wanted["name"], wanted["body"], wanted["device_type"]
    if is_new:
        row.created_by = author_id
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        raise Conflict("name_taken", code="name_taken", fields={"name": ["name_taken"]}) from None
    audit.record("message_template.created" if is_new else "message_template.changed", row, name=row.name)
    db.session.commit()
    return row


def delete(template_id: int) -> None:
    row = get(template_id)
    audit.record("message_template.deleted", row, name=row.name)
    db.session.delete(row)
    db.session.commit()


def outward(row: MessageTemplate) -> dict[str, Any]:
    """A message template for the API."""
    return {
        "id": row.id,
        "kind": "own",
        "name": row.name,
        "body": row.body,
        "device_type": row.device_type,
        "fields": [{"key": key, "kind": "text", "example": ""} for key in fields_in(row.body)],
        "created_at": iso(row.created_at),
        "version": edits.version_of(editable(row)),
    }
