"""The outward form of rows: what the API answers, what events carry, what pages are drawn from."""

from datetime import UTC, datetime
from typing import Any

from cloudchat.channels.text import cut
from cloudchat.models import Attachment, Conversation, Device, Message

PREVIEW_LENGTH = 160


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with `Z`, to the millisecond."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message(row: Message, attachments: list[Attachment] = ()) -> dict[str, Any]:
    """A message for the desk."""
    payload = dict(row.payload or {})
    if attachments:
        payload["attachments"] = [attachment(item) for item in attachments]
    return {
        "id": row.id,
        "direction": row.direction,
        "sender_type": row.sender_type,
        "sender_id": row.sender_id,
        "type": row.type,
        "text": row.text,
        "status": row.status,
        "error": row.error,
        "created_at": iso(row.occurred_at),
        "payload": payload,
    }


def attachment(row: Attachment) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "filename": row.filename,
        "mime": row.mime,
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "url": f"/api/app/attachments/{row.id}" if row.state == "ready" else None,
        "error": row.error,
    }


def conversation(row: Conversation) -> dict[str, Any]:
    """A conversation as the list and the API show it; relations must be loaded already."""
    return {
        "id": row.id,
        "status": row.status,
        "contact": {"id": row.contact.id, "name": row.contact.name},
        "device": {"id": row.device.id, "type": row.device.type, "name": row.device.name},
        "assignee": {"id": row.assignee.id, "name": row.assignee.name} if row.assignee else None,
        "division_id": row.division_id,
        "awaiting_division_selection": row.awaiting_division_selection,
        "needs_human": row.needs_human,
        "unread_count": row.unread_count,
        "last_message": {
            "text": row.last_message_text,
            "direction": row.last_message_direction,
            "at": iso(row.last_message_at),
        },
        "waiting_since": iso(row.waiting_since),
        "labels": [label.name for label in row.labels],
        "pipeline_id": row.pipeline_id,
        "pipeline_stage_id": row.pipeline_stage_id,
        "snoozed_until": iso(row.snoozed_until),
        "created_at": iso(row.created_at),
        "version": row.version,
    }


def device(row: Device, public_url: str) -> dict[str, Any]:
    """A device without its secrets."""
    return {
        "id": row.id,
        "type": row.type,
        "name": row.name,
        "status": row.status,
        "is_active": row.is_active,
        "public_key": row.public_key,
        "webhook_url": webhook_url(row, public_url),
        "chat_url": f"{public_url}/chat/{row.public_key}" if row.type == "webchat" else None,
        "config": row.config,
        "last_in_at": iso(row.last_in_at),
        "last_out_at": iso(row.last_out_at),
        "last_error": row.last_error,
        "created_at": iso(row.created_at),
    }


def webhook_url(row: Device, public_url: str) -> str | None:
    paths = {
        "wa_official": "/webhooks/meta",
        "messenger": "/webhooks/meta",
        "telegram": f"/webhooks/telegram/{row.public_key}",
        "wa_device": f"/webhooks/wa-device/{row.public_key}",
    }
    path = paths.get(row.type)
    return public_url + path if path else None


def preview(body: str | None, kind: str) -> str:
    """The line that the list shows; the kind in brackets where a message has no words."""
    words = (body or "")[: PREVIEW_LENGTH * 4].split()
    return cut(" ".join(words), PREVIEW_LENGTH) or f"[{kind}]"
