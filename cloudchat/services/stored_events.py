"""Events that are kept and still open: handled together, in halves where that fails, five times at the most.

Also how the sweeper finds them, and how an admin takes a dead one up again."""

from collections.abc import Iterator
from datetime import timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from cloudchat.channels.base import (
    RawEvent,
)
from cloudchat.errors import NotFound
from cloudchat.events import EventStored, publish
from cloudchat.extensions import db, now
from cloudchat.models import Device, Organization, WebhookEvent
from cloudchat.models.delivery import MAX_ATTEMPTS
from cloudchat.services.event_effects import Entry, apply
from cloudchat.services.statements import database_is_away

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 1000
_OPEN = (WebhookEvent.processed_at.is_(None), WebhookEvent.dead_at.is_(None))


def process(event_id: int) -> None:
    """Handle one stored event that is still open. A failure is counted; the fifth is the last."""
    handle([event_id])


def handle(event_ids: list[int]) -> None:
    """Handle stored events that are still open, together; in halves where that fails."""
    try:
        _handle_together(event_ids)
    except Exception as error:
        db.session.rollback()
        if database_is_away(error):
            raise
        if len(event_ids) == 1:
            _count_failure(event_ids[0], error)
        else:
            middle = len(event_ids) // 2
            handle(event_ids[:middle])
            handle(event_ids[middle:])


def _handle_together(event_ids: list[int]) -> None:
    rows = db.session.execute(
        select(WebhookEvent, Device.type, Device.external_account)
        .join(Device, Device.id == WebhookEvent.device_id)
        .where(WebhookEvent.id.in_(event_ids), *_OPEN)
        .order_by(WebhookEvent.received_at, WebhookEvent.id)
        .with_for_update(of=WebhookEvent, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    apply(list(_entries(rows)))
    db.session.execute(
        update(WebhookEvent)
        .where(WebhookEvent.id.in_([event.id for event, _, _ in rows]))
        .values(processed_at=now(), attempts=WebhookEvent.attempts + 1, error=None)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _entries(rows) -> Iterator[Entry]:
    for event, channel_type, account in rows:
        raw = RawEvent(account, event.provider_id, event.kind, event.payload)
        yield Entry(event.device_id, channel_type, raw)


def _count_failure(event_id: int, error: Exception) -> None:
    event = db.session.get(WebhookEvent, event_id, with_for_update=True, populate_existing=True)
    if event is None or event.processed_at is not None:
        db.session.rollback()
        return
    event.attempts += 1
    detail = error.orig if isinstance(error, DBAPIError) else error
    event.error = f"{type(error).__name__}: {detail}"[:500]
    event.next_attempt_at = now() + timedelta(seconds=5 * 2**event.attempts)
    if event.attempts >= MAX_ATTEMPTS:
        event.dead_at = now()
    log.warning("event_failed", event_id=event_id, attempts=event.attempts, exc_info=error)
    db.session.commit()


def catch_up(limit: int = MOST_AT_ONCE) -> None:
    """Handle what is due in the present organization, oldest first."""
    event_ids = list(
        db.session.scalars(
            select(WebhookEvent.id)
            .where(*_OPEN, WebhookEvent.next_attempt_at <= now())
            .order_by(WebhookEvent.received_at, WebhookEvent.id)
            .limit(limit)
        )
    )
    if event_ids:
        handle(event_ids)


def organizations_behind() -> list[int]:
    """Organizations with events to take up again; read across all of them."""
    statement = (
        select(WebhookEvent.organization_id)
        .join(Organization, Organization.id == WebhookEvent.organization_id)
        .where(*_OPEN, WebhookEvent.next_attempt_at <= now(), Organization.is_active)
        .distinct()
    )
    return list(db.session.scalars(statement))


def replay(event_id: int) -> None:
    """Take a dead event up again, from the admin screen."""
    event = db.session.get(WebhookEvent, event_id)
    if event is None:
        raise NotFound("event")
    event.dead_at, event.attempts, event.next_attempt_at = None, 0, now()
    db.session.flush()
    publish(EventStored(event.organization_id, event.id))
    db.session.commit()
