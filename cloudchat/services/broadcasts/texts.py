"""What is said: a template that the device can send, filled for one person."""

from dataclasses import dataclass
from typing import Any

from cloudchat.channels import get as channel_for
from cloudchat.channels.payload import as_dict
from cloudchat.clients.meta_graph import waba_of
from cloudchat.errors import Conflict, Invalid
from cloudchat.models import Contact, Device, MessageTemplate, MetaTemplate
from cloudchat.services import message_templates, outgoing_rules, template_replies
from cloudchat.services.meta_templates import catalog, filling

BUILT_IN = ("name", "phone", "email")
FILES = tuple(kind.lower() for kind in filling.MEDIA)
LONGEST_SOURCE = 200
LONGEST_TEXT = 1000


@dataclass(frozen=True)
class Person:
    """Whom it is filled for: what the contact says, and what came along with the number."""

    name: str = ""
    phone: str = ""
    email: str = ""
    custom_fields: dict[str, Any] | None = None
    given: dict[str, Any] | None = None

    def field(self, name: str) -> Any:
        own = (self.given or {}).get(name)
        if own not in (None, ""):
            return own
        if name in BUILT_IN:
            return getattr(self, name)
        return (self.custom_fields or {}).get(name.removeprefix("custom_fields."))


def person_of(contact: Contact | None, name: str, phone: str | None, given: dict) -> Person:
    if contact is None:
        return Person(name, phone or "", "", {}, given)
    return Person(
        name or contact.name, phone or contact.phone or "", contact.email or "", contact.custom_fields, given
    )


@dataclass(frozen=True)
class Text:
    """A template of either kind as the device sends it."""

    row: MetaTemplate | MessageTemplate
    device_type: str

    @property
    def is_meta(self) -> bool:
        return isinstance(self.row, MetaTemplate)

    @property
    def name(self) -> str:
        return self.row.name

    def fields(self) -> list[dict[str, str]]:
        if self.is_meta:
            return filling.fields_of(self.row)
        return [
            {"key": key, "kind": "text", "example": ""} for key in message_templates.fields_in(self.row.body)
        ]

    def fill(self, variables: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        """(kind, text, payload) of the message. Raises Invalid naming what is missing or unfit."""
        if self.is_meta:
            filled = filling.fill(self.row, variables)
            return "template", filled.text, template_replies.payload_of(self.row, filled)
        text = message_templates.fill(self.row.body, variables)
        outgoing_rules.check(channel_for(self.device_type).capabilities, text, None, {})
        return "text", text, {"template_id": self.row.id}


def load(device: Device, template_id: int) -> Text:
    """The template, if this device can send it now. Raises NotFound, Invalid, Conflict."""
    if device.type == "webchat":
        raise Invalid("device", fields={"device_id": ["broadcast_device_type"]})
    if device.type == "wa_official":
        template = catalog.get(template_id)
        template_replies.check_sendable(template, waba_of(device))
        return Text(template, device.type)
    own = message_templates.get(template_id)
    if own.device_type not in (None, device.type):
        raise Invalid("template", fields={"template_id": ["template_other_device"]})
    return Text(own, device.type)


def check_device(device: Device) -> None:
    """Raises Conflict where nothing can go out by this device."""
    if device.deleted_at or not device.is_active:
        raise Conflict("device_off", code="device_off")
    if device.status != "connected":
        raise Conflict("device_lost", code="device_lost", extra={"reason": device.last_error or {}})


def checked_mapping(mapping: dict[str, Any], fields: list[dict], given_along: bool) -> dict[str, Any]:
    """`{"1": {"field": "name"} | {"text": "…"}}`, with `default` beside a field, for these fields; a header
    also `{"location": {latitude, longitude, name?, address?}}` or, for the template's own file,
    `{"sample": true}`. Variables that come along with numbers (`given_along`) need no mapping.
    Raises Invalid."""
    errors: dict[str, list[str]] = {}
    good: dict[str, Any] = {}
    for field in fields:
        key, source = field["key"], mapping.get(field["key"])
        if not source:
            if not given_along:
                errors[f"variables.{key}"] = ["required"]
            continue
        try:
            good[key] = _checked_source(field, source)
        except Invalid as error:
            errors[f"variables.{key}"] = [error.code]
    if errors:
        raise Invalid("variables", fields=errors)
    return good


def _checked_source(field: dict[str, Any], source: Any) -> dict[str, Any]:
    """Where one variable comes from. Raises Invalid with the word as its code."""
    source = as_dict(source)
    if field["kind"] == "location" and source.get("location"):
        if (place := filling.place_of(source["location"])) is None:
            raise Invalid(code="bad_location")
        return {"location": place}
    if source.get("sample") is True and field["kind"] in FILES and field["example"]:
        return {"sample": True}
    kept = {
        name: str(source[name])
        for name in ("field", "text", "default")
        if isinstance(source.get(name), str | int | float)
    }
    if not kept.get("field", "").strip() and not kept.get("text", "").strip():
        raise Invalid(code="required")
    if len(kept.get("field", "")) > LONGEST_SOURCE or len(kept.get("text", "")) > LONGEST_TEXT:
        raise Invalid(code="too_long")
    return kept


def variables_for(person: Person, mapping: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """The template's variables for one person: what came along, else what the mapping says."""
    made = {}
    for key in keys:
        source = mapping.get(key) or {}
        value = (person.given or {}).get(key)
        if value in (None, "") and source.get("field"):
            value = person.field(source["field"])
        if value in (None, ""):
            value = source.get("text") or source.get("location") or source.get("default")
        if value in (None, "") and source.get("sample"):
            value = {"sample": True}
        if value not in (None, ""):
            made[key] = value
    return made
