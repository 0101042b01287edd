"""A message to try a device with. Most channels let the business write only to those who wrote first."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from cloudchat.channels import get as channel_for
from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db, now
from cloudchat.models import Conversation
from cloudchat.services import outbound

MOST_OFFERED = 5
TEXT = "Ini pesan uji dari CloudChat. Kanal ini berfungsi."  # read by a customer: in their language


def recent(device_id: int) -> list[Conversation]:
    """The open conversations of a device in which somebody wrote last, to choose one."""
    found = db.session.scalars(
        select(Conversation)
        .where(
            Conversation.device_id == device_id,
            Conversation.status != "resolved",
            Conversation.last_inbound_at.is_not(None),
        )
        .options(joinedload(Conversation.contact))
        .order_by(Conversation.last_message_at.desc())
        .limit(MOST_OFFERED)
    )
    return list(found)


def send(device_id: int, conversation_id: int) -> None:
    """Send the test message there. Raises Invalid, Conflict."""
    row = db.session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id, Conversation.device_id == device_id)
        .with_for_update(of=Conversation)
    )
    if row is None:
        raise Invalid("conversation", fields={"conversation_id": ["test_needs_talk"]})
    if not row.device.is_active:
        raise Conflict("device_off", code="device_off")
    window = channel_for(row.device.type).capabilities.window
    if window and (row.last_inbound_at is None or row.last_inbound_at + window < now()):
        raise Conflict("window_closed", code="window_closed")
    outbound.add(row, "system", TEXT)
    db.session.commit()
