"""What webhook events do: each is parsed, and what it says handed to the service that acts on it."""

from dataclasses import dataclass

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import (
    AccountUpdate,
    Acknowledgement,
    Deletion,
    InboundMessage,
    RawEvent,
    StatusUpdate,
    TemplateUpdate,
    Watermark,
    WishUpdate,
)
from cloudchat.events import TapNoticed, publish
from cloudchat.services import devices, echoes, inbound, receipts, withdrawals
from cloudchat.services.broadcasts import wishes
from cloudchat.services.meta_templates import news
from cloudchat.tenancy import current_organization_id


@dataclass(frozen=True)
class Entry:
    """An event and the device that it is for."""

    device_id: int
    channel_type: str
    event: RawEvent
    is_open: bool = True  # its organization is switched on


def apply(entries: list[Entry]) -> None:
    """Parse and handle; part of the caller's transaction."""
    messages: list[inbound.Incoming] = []
    edits: list[inbound.Incoming] = []
    deletions: list[tuple[int, Deletion]] = []
    statuses: list[tuple[int, StatusUpdate]] = []
    templates: list[TemplateUpdate] = []
    marks: list[tuple[int, Watermark]] = []
    told: list[tuple[int, WishUpdate]] = []
    for entry in entries:
        for parsed in channel_for(entry.channel_type).parse(entry.event):
            match parsed:
                case InboundMessage(edited=True):
                    edits.append(inbound.Incoming(entry.device_id, parsed))
                case InboundMessage():
                    messages.append(inbound.Incoming(entry.device_id, parsed))
                case Deletion():
                    deletions.append((entry.device_id, parsed))
                case StatusUpdate():
                    statuses.append((entry.device_id, parsed))
                case Watermark():
                    marks.append((entry.device_id, parsed))
                case WishUpdate():
                    told.append((entry.device_id, parsed))
                case AccountUpdate():
                    devices.note(entry.device_id, parsed.status, parsed.error)
                case TemplateUpdate():
                    templates.append(parsed)
                case Acknowledgement():
                    publish(TapNoticed(current_organization_id(), entry.device_id, parsed.details))
    inbound.accept(echoes.without_own(messages))
    inbound.amend(edits)
    withdrawals.apply(deletions)
    receipts.apply(statuses)
    receipts.apply_watermarks(marks)
    wishes.apply(told)
    news.apply(templates)
    devices.heard({item.device_id for item in messages})
