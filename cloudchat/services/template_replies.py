"""A template as an answer: Meta's on an official WhatsApp number, our own on every other device."""

from typing import Any

from cloudchat.clients.meta_graph import waba_of
from cloudchat.errors import Conflict, Invalid
from cloudchat.models import Conversation, MetaTemplate
from cloudchat.models.templates import APPROVED
from cloudchat.services import message_templates
from cloudchat.services.meta_templates import catalog, filling
from cloudchat.services.meta_templates.filling import Filled


def filled_for(
    row: Conversation, template_id: int, variables: dict | None
) -> tuple[str, str, dict[str, Any]]:
    """(kind, text, payload) of the message. Raises NotFound, Invalid, Conflict."""
    if row.device.type != "wa_official":
        own = message_templates.get(template_id)
        if own.device_type not in (None, row.device.type):
            raise Invalid("template", fields={"template_id": ["template_other_device"]})
        return "text", message_templates.fill(own.body, variables), {"template_id": own.id}
    template = catalog.get(template_id)
    check_sendable(template, waba_of(row.device))
    filled = filling.fill(template, variables)
    return "template", filled.text, payload_of(template, filled)


def check_sendable(template: MetaTemplate, waba_id: str) -> None:
    """Raises Invalid for a template of another WABA, Conflict for one that Meta has not approved."""
    if template.waba_id != waba_id:
        raise Invalid("template", fields={"template_id": ["template_other_waba"]})
    if template.status != APPROVED:
        raise Conflict("template_not_approved", code="template_not_approved")


def payload_of(template: MetaTemplate, filled: Filled) -> dict[str, Any]:
    """What the message keeps: Meta's object to send, and the parts for people to see."""
    made: dict[str, Any] = {"template": filled.payload, "template_id": template.id}
    if filled.header and filled.header["type"] == "text":
        made["header"] = filled.header["text"]
    if filled.footer:
        made["footer"] = filled.footer
    return made | {"template_parts": filled.shown()}
