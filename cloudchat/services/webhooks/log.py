"""The log of deliveries: looking, sending one again by hand, forgetting old ones."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from cloudchat.errors import Conflict, NotFound
from cloudchat.events import WebhooksDue, publish
from cloudchat.extensions import db, now
from cloudchat.models import WebhookDelivery, WebhookTry
from cloudchat.services import audit
from cloudchat.services.webhooks import endpoints

KEPT = timedelta(days=14)
DELETED_AT_ONCE = 5000
STATES = ("pending", "done", "failed")


@dataclass(frozen=True)
class Filter:
    """Which deliveries are wanted."""

    state: str | None = None
    event: str | None = None


def page(
    webhook_id: int, wanted: Filter, before: int | None = None, limit: int = 50
) -> list[WebhookDelivery]:
    """Deliveries of a webhook, the newest first; one more than `limit`. Raises NotFound."""
    endpoints.get(webhook_id)
    statement = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if wanted.state:
        statement = statement.where(WebhookDelivery.state == wanted.state)
    if wanted.event:
        statement = statement.where(WebhookDelivery.event == wanted.event)
    if before is not None:
        statement = statement.where(WebhookDelivery.id < before)
    return list(db.session.scalars(statement.order_by(WebhookDelivery.id.desc()).limit(limit + 1)))


def get(webhook_id: int, delivery_id: int) -> WebhookDelivery:
    """One delivery of this webhook. Raises NotFound."""
    found = db.session.scalar(
        select(WebhookDelivery).where(
            WebhookDelivery.id == delivery_id, WebhookDelivery.webhook_id == webhook_id
        )
    )
    if found is None:
        raise NotFound("delivery")
    return found


def tries(delivery_id: int) -> list[WebhookTry]:
    """Every call of a delivery, in order."""
    return list(
        db.session.scalars(
            select(WebhookTry).where(WebhookTry.delivery_id == delivery_id).order_by(WebhookTry.id)
        )
    )


def replay(webhook_id: int, delivery_id: int) -> WebhookDelivery:
    """Send an event once more, under the id that it had. Raises NotFound, Conflict where the webhook is
    off or the event is still on its way."""
    old = get(webhook_id, delivery_id)
    webhook = endpoints.get(webhook_id)
    if not webhook.is_active:
        raise Conflict("webhook_off", code="webhook_off")
    if old.state == "pending":
        raise Conflict("delivery_pending", code="delivery_pending")
    fresh = WebhookDelivery(
        webhook_id=webhook_id,
        event_id=old.event_id,
        event=old.event,
        data=old.data,
        contact_id=old.contact_id,
        replay_of=old.replay_of or old.id,
    )
    db.session.add(fresh)
    db.session.flush()
    audit.record("webhook.replayed", webhook, name=webhook.url, event=old.event, delivery_id=old.id)
    publish(WebhooksDue(webhook.organization_id))
    db.session.commit()
    return fresh


def drop_old() -> int:
    """Delete deliveries that are over and old, a batch of them; answers how many there were."""
    old = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.created_at < now() - KEPT, WebhookDelivery.state != "pending")
        .limit(DELETED_AT_ONCE)
    )
    gone = db.session.execute(
        delete(WebhookDelivery)
        .where(WebhookDelivery.id.in_(old))
        .execution_options(synchronize_session=False)
    ).rowcount
    db.session.commit()
    return gone
