"""Received files: from the provider's servers to our own disk."""

from datetime import timedelta

import structlog
from sqlalchemy import select

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import Media
from cloudchat.errors import AppError, ProviderError
from cloudchat.events import MessageStatusChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Conversation, Device, Message
from cloudchat.services import devices, files
from cloudchat.services.visibility import audience_of

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5
RETRY_AFTER = timedelta(seconds=30)


def fetch(attachment_id: int) -> None:
    """Download one pending attachment. The row is not locked during the call; twice does no harm."""
    row = db.session.get(Attachment, attachment_id)
    if row is None or row.state != "pending":
        return
    device = db.session.get(Device, row.source["device_id"])
    media = Media(row.kind, external_id=row.source.get("external_id"), url=row.source.get("url"))
    account = devices.account(device)
    row.attempts += 1
    attempts = row.attempts
    db.session.commit()
    try:
        content, _ = channel_for(device.type).fetch_media(account, media, files.MAX_SIZE)
        stored = files.store_bytes(content, row.filename or _default_name(row))
    except (ProviderError, AppError) as error:
        _settle_failure(attachment_id, attempts, error)
        return
    row = db.session.get(Attachment, attachment_id, with_for_update=True, populate_existing=True)
    row.state, row.error = "ready", None
    row.file_key, row.mime, row.size = stored.key, stored.mime, stored.size
    row.filename = row.filename or stored.filename
    _announce(row)


def _default_name(row: Attachment) -> str:
    suffix = {"image/jpeg": "jpg", "image/png": "png", "audio/ogg": "ogg", "video/mp4": "mp4"}
    return f"{row.kind}-{row.id}.{suffix.get(row.mime, 'bin')}"


def _settle_failure(attachment_id: int, attempts: int, error: ProviderError | AppError) -> None:
    row = db.session.get(Attachment, attachment_id, with_for_update=True, populate_existing=True)
    permanent = getattr(error, "permanent", True) or attempts >= MAX_ATTEMPTS
    log.info(
        "media_not_fetched", attachment_id=attachment_id, permanent=permanent, error=str(error)
    )
    row.error = str(error)[:300]
    if permanent:
        row.state = "failed"
        _announce(row)
    else:
        db.session.commit()


def _announce(row: Attachment) -> None:
    conversation = db.session.get(Conversation, row.conversation_id)
    message = db.session.get(Message, row.message_id)
    db.session.flush()
    publish(MessageStatusChanged(audience_of(conversation), message.id, message.status))
    db.session.commit()


def due(limit: int = 200) -> list[tuple[int, int]]:
    """(organization id, attachment id) of files still to fetch, across organizations."""
    return [
        tuple(row)
        for row in db.session.execute(
            select(Attachment.organization_id, Attachment.id)
            .where(Attachment.state == "pending", Attachment.created_at < now() - RETRY_AFTER)
            .order_by(Attachment.id)
            .limit(limit)
        )
    ]
