"""A template as an answer: Meta's on an official WhatsApp number, our own on every other device."""

from typing import Any

from cloudchat.channels import get as channel_for
from cloudchat.clients.meta_graph import waba_of
from cloudchat.errors import Conflict, Invalid
from cloudchat.models import Conversation, MetaTemplate
from cloudchat.models.templates import APPROVED
from cloudchat.services import message_templates, outgoing_rules
from cloudchat.services.files import StoredFile
from cloudchat.services.meta_templates import catalog, filling
from cloudchat.services.meta_templates.filling import Filled


def filled_for(
    row: Conversation, template_id: int, variables: dict | None, upload: StoredFile | None = None
) -> tuple[str, str, dict[str, Any]]:
    """(kind, text, payload) of the message; `upload` is for the header of a template that shows a file.
    Raises NotFound, Invalid, Conflict."""
    if row.device.type != "wa_official":
        _check_upload(None, upload, row)
        own = message_templates.get(template_id)
        if own.device_type not in (None, row.device.type):
            raise Invalid("template", fields={"template_id": ["template_other_device"]})
        return "text", message_templates.fill(own.body, variables), {"template_id": own.id}
    template = catalog.get(template_id)
    check_sendable(template, waba_of(row.device))
    _check_upload(filling.header_kind(template), upload, row)
    filled = filling.fill(template, variables, upload.filename if upload else None)
    return "template", filled.text, payload_of(template, filled)


def _check_upload(kind: str | None, upload: StoredFile | None, row: Conversation) -> None:
    """Raises Invalid for a file that the template does not show."""
    if upload is None:
        return
    if kind is None:
        raise Invalid("template", fields={"file": ["template_without_file"]})
    outgoing_rules.check_file(channel_for(row.device.type).capabilities, kind, upload)


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
    if filled.sample:
        made["header_sample"] = filled.sample
    if filled.footer:
        made["footer"] = filled.footer
    return made | {"template_parts": filled.shown()}
