"""Received files: from the provider's servers to our own disk."""

import structlog
from sqlalchemy import func, select

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import Media
from cloudchat.errors import AppError, ProviderError
from cloudchat.events import MessageStatusChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Conversation, Device, Message
from cloudchat.services import devices, files
from cloudchat.services.visibility import audience_of

log = structlog.get_logger(__name__)

# The waits grow fourfold: 30 s, 2 min, 8 min … so that the last try comes after a day and a half.
# Meta keeps a file for seven days.
MAX_ATTEMPTS = 7
FIRST_WAIT = 30  # seconds


def fetch(attachment_id: int) -> None:
    """Download one pending attachment. The row is not locked during the call; twice does no harm."""
    row = db.session.get(Attachment, attachment_id, populate_existing=True)
    if row is None or row.state != "pending":
        return
    device = db.session.get(Device, row.source["device_id"], populate_existing=True)
    row.attempts += 1
    attempts = row.attempts
    db.session.commit()
    try:
        stored = _download(row, device)
    except (ProviderError, AppError) as error:
        _settle_failure(attachment_id, attempts, error)
    else:
        _settle(attachment_id, stored)


def _download(row: Attachment, device: Device) -> files.StoredFile:
    media = Media(row.kind, external_id=row.source.get("external_id"), url=row.source.get("url"))
    account = devices.account(device)
    content, _ = channel_for(device.type).fetch_media(account, media, files.MAX_SIZE)
    return files.store_received(content, row.filename or _default_name(row))


def _default_name(row: Attachment) -> str:
    suffix = {"image/jpeg": "jpg", "image/png": "png", "audio/ogg": "ogg", "video/mp4": "mp4"}
    mime = row.mime.partition(";")[0].strip()
    return f"{row.kind}-{row.id}.{suffix.get(mime, 'bin')}"


def _pending(attachment_id: int) -> Attachment | None:
    """The row, locked; None where somebody else was quicker or the conversation is deleted."""
    row = db.session.get(Attachment, attachment_id, with_for_update=True, populate_existing=True)
    return row if row is not None and row.state == "pending" else None


def _settle(attachment_id: int, stored: files.StoredFile) -> None:
    row = _pending(attachment_id)
    if row is None:
        db.session.rollback()
        files.discard(stored.key)
        return
    row.state, row.error = "ready", None
    row.file_key, row.mime, row.size = stored.key, stored.mime, stored.size
    row.filename = files.safe_name(row.filename) if row.filename else stored.filename
    if row.kind != "sticker":  # what the bytes are, not what was said of them
        row.kind = stored.kind
    _announce(row)


def _settle_failure(attachment_id: int, attempts: int, error: ProviderError | AppError) -> None:
    row = _pending(attachment_id)
    if row is None:
        db.session.rollback()
        return
    permanent = getattr(error, "permanent", True) or attempts >= MAX_ATTEMPTS
    reason = _reason(error)
    log.info("media_not_fetched", attachment_id=attachment_id, permanent=permanent, error=reason)
    row.error = reason
    if permanent:
        row.state = "failed"
        _announce(row)
    else:
        db.session.commit()


def _reason(error: ProviderError | AppError) -> str:
    """A machine word that `messages` has a sentence for."""
    if isinstance(error, AppError):
        return next((words[0] for words in error.fields.values()), error.code)
    return error.code or "provider"


def _announce(row: Attachment) -> None:
    conversation = db.session.get(Conversation, row.conversation_id)
    message = db.session.get(Message, row.message_id, populate_existing=True)
    db.session.flush()
    publish(MessageStatusChanged(audience_of(conversation), message.id, message.status, message.error))
    db.session.commit()


def due(limit: int = 200) -> list[tuple[int, int]]:
    """(organization id, attachment id) of files still to fetch, across organizations."""
    seconds = FIRST_WAIT * func.power(4, Attachment.attempts)
    waited = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    return [
        tuple(row)
        for row in db.session.execute(
            select(Attachment.organization_id, Attachment.id)
            .where(Attachment.state == "pending", Attachment.created_at < now() - waited)
            .order_by(Attachment.id)
            .limit(limit)
        )
    ]
