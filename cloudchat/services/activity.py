"""What goes with every change of a conversation: its activity line, its version, its unread count.

Parts of the caller's transaction; the row is locked by then.
"""

from datetime import datetime

from sqlalchemy import select

from cloudchat.channels import get as channel_for
from cloudchat.events import (
    ConversationChanged,
    ConversationRead,
    TimelineAdded,
    UnreadChanged,
    publish,
)
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, ConversationEvent, Message
from cloudchat.services.accounts import Identity
from cloudchat.services.presenting import iso
from cloudchat.services.visibility import audience_of


def window_ends_at(row: Conversation, device_type: str) -> datetime | None:
    """Until when a person may send free text; None where the channel sets no limit. A margin for
    clocks that differ is the channel's own business."""
    capabilities = channel_for(device_type).capabilities
    window = capabilities.window
    if capabilities.human_window and row.device.config.get("human_agent"):
        window = capabilities.human_window
    if window is None:
        return None
    if row.last_inbound_at is None:  # the customer never wrote: the window was never open
        return row.created_at
    return row.last_inbound_at + window


def window_is_open(row: Conversation, device_type: str) -> bool:
    ends = window_ends_at(row, device_type)
    return ends is None or ends > now()


def clear_unread(row: Conversation) -> None:
    """Set the locked row to read; part of the caller's transaction."""
    if not row.unread_count:
        return
    row.unread_count = 0
    row.last_read_message_id = row.last_message_id or 0
    last_inbound = db.session.scalar(
        select(Message.external_id)
        .where(Message.conversation_id == row.id, Message.direction == "in")
        .order_by(Message.id.desc())
        .limit(1)
    )
    db.session.flush()
    publish(UnreadChanged(row.organization_id))
    if last_inbound:
        publish(ConversationRead(audience_of(row), row.device_id, last_inbound))


def log(row: Conversation, kind: str, identity: Identity | None, **data) -> None:
    """Add an activity line to the thread."""
    log_all([(row, kind, data)], identity)


def log_all(lines: list[tuple[Conversation, str, dict]], identity: Identity | None = None) -> None:
    """A line for each of several conversations, kept together."""
    made = [
        ConversationEvent(
            conversation_id=row.id,
            kind=kind,
            actor_id=identity.user_id if identity else None,
            data={**data, "actor": identity.name if identity else None},
            after_message_id=row.last_message_id or 0,
        )
        for row, kind, data in lines
    ]
    db.session.add_all(made)
    db.session.flush()
    for (row, kind, _), entry in zip(lines, made, strict=True):
        told = {"kind": kind, "id": entry.id, "data": entry.data, "created_at": iso(entry.created_at)}
        publish(TimelineAdded(audience_of(row), told))


def changed(row: Conversation, identity: Identity | None, changes: dict, before=None) -> None:
    """Count the version up and tell what changed; `before` is the audience that it had."""
    changed_all([(row, changes, before)], identity)


def changed_all(rows: list[tuple], identity: Identity | None = None) -> None:
    """The same for several: (conversation, changes, audience before)."""
    for row, _, _ in rows:
        row.version += 1
        row.updated_at = now()
    db.session.flush()
    actor_id = identity.user_id if identity else None
    for row, changes, before in rows:
        publish(
            ConversationChanged(audience_of(row), changes, row.version, previous=before, actor_id=actor_id)
        )
