"""After the clock was set back: what was written before it would rest until the old time is reached again.

A row that says it was made later than now was written by such a clock, so the moment at which it is due
means nothing either: it is due now.
"""

from datetime import timedelta

from sqlalchemy import Select, select, update

from cloudchat.extensions import db, now
from cloudchat.models import DevicePace, OutboxEntry, WebhookDelivery, WebhookEvent

AHEAD = timedelta(minutes=1)  # more than the clocks of two machines differ by
LONGEST_EVENT_WAIT = timedelta(minutes=10)  # an event that failed is taken up again sooner than this


def _pending() -> tuple:
    moment = now() + AHEAD
    return (
        OutboxEntry.state == "pending",
        OutboxEntry.created_at > moment,
        OutboxEntry.next_attempt_at > moment,
    )


def _claimed() -> tuple:
    return OutboxEntry.state == "sending", OutboxEntry.claimed_at > now() + AHEAD


def _held() -> tuple:
    moment = now() + AHEAD
    return DevicePace.filled_at > moment, DevicePace.blocked_until > moment


def _deliveries() -> tuple:
    moment = now() + AHEAD
    return (
        WebhookDelivery.state == "pending",
        WebhookDelivery.next_attempt_at > moment,
        WebhookDelivery.created_at > moment,
    )


def _events() -> tuple:
    return (
        WebhookEvent.processed_at.is_(None),
        WebhookEvent.dead_at.is_(None),
        WebhookEvent.next_attempt_at > now() + LONGEST_EVENT_WAIT,
    )


def organizations_ahead() -> list[int]:
    """Organizations with such rows; read across all of them."""
    questions: tuple[Select, ...] = (
        select(OutboxEntry.organization_id).where(*_pending()),
        select(OutboxEntry.organization_id).where(*_claimed()),
        select(DevicePace.organization_id).where(*_held()),
        select(WebhookDelivery.organization_id).where(*_deliveries()),
        select(WebhookEvent.organization_id).where(*_events()),
    )
    found = {number for question in questions for number in db.session.scalars(question.distinct())}
    return sorted(found)


def put_right() -> None:
    """Make such rows of the present organization due now; commits."""
    moment = now()
    changes = (
        # A claim under way begins to age now: should its sender have died, that is noticed in a minute
        update(OutboxEntry).where(*_claimed()).values(claimed_at=moment),
        update(OutboxEntry).where(*_pending()).values(next_attempt_at=moment),
        update(DevicePace).where(*_held()).values(blocked_until=None, filled_at=moment),
        update(WebhookDelivery).where(*_deliveries()).values(next_attempt_at=moment),
        update(WebhookEvent).where(*_events()).values(next_attempt_at=moment),
    )
    for change in changes:
        db.session.execute(change.execution_options(synchronize_session=False))
    db.session.commit()
