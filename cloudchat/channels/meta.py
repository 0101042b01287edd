"""One webhook address for all of Meta's products: the body says whose events it holds."""

from cloudchat.channels import messenger_inbound, payload, whatsapp_inbound
from cloudchat.channels.base import RawEvent


def split(raw: bytes) -> tuple[str, list[RawEvent]]:
    """(device type, events) of a verified body. Raises ValueError only if it is no JSON object."""
    body = payload.load_object(raw)
    if body.get("object") == "page":
        return "messenger", messenger_inbound.split(body)
    return "wa_official", whatsapp_inbound.split_body(body)
