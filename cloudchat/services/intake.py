"""From a verified webhook body to stored and handled events, in one transaction where all is well.

Calls that arrive together share a transaction (group commit): the first to come works for all that
wait, per organization. See docs/decisions/0003-intake.md for why, and for what a failure does.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import AccountUpdate, InboundMessage, RawEvent, StatusUpdate
from cloudchat.errors import NotFound, Unavailable
from cloudchat.events import EventStored, publish
from cloudchat.extensions import db, now
from cloudchat.models import Device, WebhookEvent
from cloudchat.models.delivery import MAX_ATTEMPTS
from cloudchat.services import devices, inbound, receipts
from cloudchat.tenancy import acting_as, current_organization_id

log = structlog.get_logger(__name__)

GROUP_LIMIT = 200  # events that share one transaction at most
SWEEP_AFTER = timedelta(seconds=20)  # an event older than this and still open was left by a crash


@dataclass
class Submission:
    """The events of one call for one organization, and what became of them."""

    events: list[tuple[int, str, RawEvent]]  # device id, channel type, event
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    error: BaseException | None = None


_waiting: dict[int, list[Submission]] = defaultdict(list)
_leaders: set[int] = set()
_lock = threading.Lock()


def receive(channel_type: str, events: Iterable[RawEvent]) -> int:
    """Store and handle the events of one webhook call; answers how many had a device.

    Returns only when everything is committed. Raises Unavailable when the database is away, so that
    the provider calls again.
    """
    by_organization: dict[int, list[tuple[int, str, RawEvent]]] = defaultdict(list)
    try:
        for event in events:
            route = devices.by_external_account(channel_type, event.account)
            if route is None:
                log.info(
                    "webhook_unknown_account", channel=channel_type, account=event.account[:40]
                )
                continue
            by_organization[route.organization_id].append((route.device_id, channel_type, event))
        for organization_id, found in by_organization.items():
            _submit(organization_id, Submission(found))
    except OperationalError as error:
        raise Unavailable("database") from error
    return sum(len(found) for found in by_organization.values())


def _submit(organization_id: int, submission: Submission) -> None:
    with _lock:
        _waiting[organization_id].append(submission)
        if organization_id not in _leaders:
            _leaders.add(organization_id)
            submission.leads = True
    if not submission.leads:
        submission.woken.wait()
    if submission.leads:
        _lead(organization_id)
    if submission.error is not None:
        raise submission.error


def _lead(organization_id: int) -> None:
    """Work for all that wait, then make the first of those who came meanwhile the next leader."""
    with _lock:
        group = _take(_waiting[organization_id])
    try:
        with acting_as(organization_id):
            _work(group)
    except BaseException as error:
        for submission in group:
            submission.error = submission.error or error
    finally:
        with _lock:
            waiting = _waiting[organization_id]
            if waiting:
                waiting[0].leads = True
                group.append(waiting[0])
            else:
                _leaders.discard(organization_id)
                del _waiting[organization_id]
        for submission in group:
            submission.woken.set()


def _take(waiting: list[Submission]) -> list[Submission]:
    group: list[Submission] = []
    size = 0
    while waiting and (not group or size + len(waiting[0].events) <= GROUP_LIMIT):
        size += len(waiting[0].events)
        group.append(waiting.pop(0))
    return group


def _work(group: list[Submission]) -> None:
    try:
        events = [event for submission in group for event in submission.events]
        fresh = _store(events, processed=True)
        _apply([event for _, event in fresh])
        db.session.commit()
    except OperationalError:
        db.session.rollback()
        raise
    except Exception:
        log.warning("intake_group_failed", events=len(events), exc_info=True)
        db.session.rollback()
        for submission in group:
            _work_alone(submission)


def _work_alone(submission: Submission) -> None:
    """Keep the events first, then handle them one by one: a bad one stops only itself."""
    try:
        stored = _store(submission.events, processed=False)
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        submission.error = error
        return
    for event_id, _ in stored:
        process(event_id)


_STORE = text("""
    insert into webhook_events (
        organization_id, device_id, provider_id, kind, payload, received_at, next_attempt_at,
        processed_at, attempts
    )
    select :organization_id, device_id, provider_id, kind, payload, now(), :next_attempt_at,
           case when :processed then now() end, 0
    from unnest(
        cast(:devices as int[]), cast(:provider_ids as text[]), cast(:kinds as text[]),
        cast(:payloads as jsonb[])
    ) as e(device_id, provider_id, kind, payload)
    on conflict (device_id, provider_id) do nothing
    returning id, device_id, provider_id
""")


def _store(events: list[tuple[int, str, RawEvent]], processed: bool) -> list[tuple[int, tuple]]:
    """Insert what is new; answers (event id, event) of the new ones, in the order given."""
    rows = db.session.execute(
        _STORE,
        {
            "organization_id": current_organization_id(),
            "devices": [device_id for device_id, _, _ in events],
            "provider_ids": [event.provider_id for _, _, event in events],
            "kinds": [event.kind for _, _, event in events],
            "payloads": [json.dumps(event.payload) for _, _, event in events],
            "processed": processed,
            "next_attempt_at": now() + SWEEP_AFTER,
        },
    )
    ids = {(row.device_id, row.provider_id): row.id for row in rows}
    fresh = []
    for entry in events:
        event_id = ids.pop((entry[0], entry[2].provider_id), None)
        if event_id is None:
            log.info("webhook_repeated", device_id=entry[0], provider_id=entry[2].provider_id)
        else:
            fresh.append((event_id, entry))
    return fresh


def _apply(events: list[tuple[int, str, RawEvent]]) -> None:
    """Parse and handle; part of the caller's transaction."""
    messages: list[inbound.Incoming] = []
    statuses: list[tuple[int, StatusUpdate]] = []
    for device_id, channel_type, event in events:
        for parsed in channel_for(channel_type).parse(event):
            match parsed:
                case InboundMessage():
                    messages.append(inbound.Incoming(device_id, parsed))
                case StatusUpdate():
                    statuses.append((device_id, parsed))
                case AccountUpdate():
                    devices.mark(device_id, parsed.status or "connected", parsed.error)
    inbound.accept(messages)
    receipts.apply(statuses)


def process(event_id: int) -> None:
    """Handle one stored event that is still open. A failure is counted; the fifth is the last."""
    try:
        row = db.session.execute(
            select(WebhookEvent, Device.type, Device.external_account)
            .join(Device, Device.id == WebhookEvent.device_id)
            .where(
                WebhookEvent.id == event_id,
                WebhookEvent.processed_at.is_(None),
                WebhookEvent.dead_at.is_(None),
            )
            .with_for_update(of=WebhookEvent, skip_locked=True)
        ).first()
        if row is None:
            db.session.rollback()
            return
        event, channel_type, account = row
        raw = RawEvent(account, event.provider_id, event.kind, event.payload)
        with db.session.begin_nested():
            _apply([(event.device_id, channel_type, raw)])
        event.processed_at = now()
        event.attempts += 1
        db.session.commit()
    except OperationalError:
        db.session.rollback()
        raise
    except Exception as error:
        db.session.rollback()
        _count_failure(event_id, error)


def _count_failure(event_id: int, error: Exception) -> None:
    event = db.session.get(WebhookEvent, event_id)
    if event is None:
        return
    event.attempts += 1
    detail = error.orig if isinstance(error, DBAPIError) else error
    event.error = f"{type(error).__name__}: {detail}"[:500]
    event.next_attempt_at = now() + timedelta(seconds=5 * 2**event.attempts)
    if event.attempts >= MAX_ATTEMPTS:
        event.dead_at = now()
    log.warning("event_failed", event_id=event_id, attempts=event.attempts, exc_info=error)
    db.session.commit()


def due_events(limit: int = 500) -> list[tuple[int, int]]:
    """(organization id, event id) of events to take up again, read across organizations."""
    return [
        tuple(row)
        for row in db.session.execute(
            select(WebhookEvent.organization_id, WebhookEvent.id)
            .where(
                WebhookEvent.processed_at.is_(None),
                WebhookEvent.dead_at.is_(None),
                WebhookEvent.next_attempt_at <= now(),
            )
            .order_by(WebhookEvent.next_attempt_at)
            .limit(limit)
        )
    ]


def replay(event_id: int) -> None:
    """Take a dead event up again, from the admin screen."""
    event = db.session.get(WebhookEvent, event_id)
    if event is None:
        raise NotFound("event")
    event.dead_at, event.attempts, event.next_attempt_at = None, 0, now()
    publish(EventStored(event.organization_id, event.id))
    db.session.commit()
