"""Meta's templates in rules: looked at when the rule is saved, and again for the card's own device.

A rule names a template by name and language, because each WABA has its own of that name.
"""

from typing import Any

from sqlalchemy import select

from cloudchat.clients.meta_graph import waba_of
from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db
from cloudchat.models import Conversation, MetaTemplate
from cloudchat.models.templates import APPROVED
from cloudchat.services import template_replies
from cloudchat.services.meta_templates import catalog, filling
from cloudchat.services.meta_templates.rules import normal_language

MOST_CHOICES = 200
MOST_VARIABLES = 30


def personal(text: str, row: Conversation) -> str:
    """The text with the customer's name: put in once, and never by str.format."""
    return text.replace("{name}", row.contact.name)


def choices() -> list[dict[str, Any]]:
    """What a rule can name: approved templates, once each, with what has to be filled in."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in catalog.page(catalog.Filter(status=APPROVED), None, MOST_CHOICES):
        values = {"body": catalog.body_of(row), "fields": filling.fields_of(row)}
        found.setdefault((row.name, row.language), {"name": row.name, "language": row.language, **values})
    return list(found.values())


def checked(given: Any, kept: dict | None) -> dict[str, Any]:
    """`{name, language, variables?}` as it is stored. One that was kept before stays, whatever Meta
    thinks of it by now. Raises Invalid with the field at fault."""
    if not isinstance(given, dict):
        raise _wrong("template", "template_invalid")
    name, language, variables = (given.get(key) for key in ("name", "language", "variables"))
    if not all(isinstance(item, str) and 0 < len(item) <= 512 for item in (name, language)):
        raise _wrong("template", "template_invalid")
    made = {"name": name, "language": normal_language(language), "variables": _variables(variables or {})}
    if made == kept:
        return made
    row = _find(made, None)
    if row is None:
        raise _wrong("template", "template_unknown")
    if row.status != APPROVED:
        raise _wrong("template", "template_not_approved")
    try:
        filling.fill(row, made["variables"])
    except Invalid as error:
        raise Invalid("rule", fields={f"with.{key}": codes for key, codes in error.fields.items()}) from None
    return made


def _variables(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or len(given) > MOST_VARIABLES:
        raise _wrong("template", "template_invalid")
    for key, value in given.items():
        if not isinstance(value, str) or len(value) > filling.LONGEST_VALUE or len(key) > 100:
            raise _wrong(f"variables.{key[:100]}", "too_long" if isinstance(value, str) else "required")
    return {key: value.strip() for key, value in given.items() if value.strip()}


def filled(row: Conversation, wanted: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """(text, payload) of the message to this card. Raises Conflict where it cannot be sent now."""
    if row.device.type != "wa_official":
        raise Conflict("window_closed", code="window_closed")
    template = _find(wanted, waba_of(row.device))
    if template is None:
        raise Conflict("template_unknown", code="template_unknown")
    if template.status != APPROVED:
        raise Conflict("template_not_approved", code="template_not_approved")
    values = {key: personal(text, row) for key, text in (wanted.get("variables") or {}).items()}
    try:
        made = filling.fill(template, values)
    except Invalid:
        raise Conflict("template_changed", code="template_changed") from None
    return made.text, template_replies.payload_of(template, made)


def _find(wanted: dict[str, Any], waba_id: str | None) -> MetaTemplate | None:
    """The template of this WABA; of any, an approved one first, where none is named."""
    statement = select(MetaTemplate).where(
        MetaTemplate.name == wanted["name"],
        MetaTemplate.language == normal_language(wanted["language"]),
        MetaTemplate.deleted_at.is_(None),
    )
    if waba_id is not None:
        statement = statement.where(MetaTemplate.waba_id == waba_id)
    return db.session.scalar(statement.order_by(MetaTemplate.status != APPROVED, MetaTemplate.id).limit(1))


def _wrong(field: str, code: str) -> Invalid:
    return Invalid("rule", fields={f"with.{field}": [code]})
