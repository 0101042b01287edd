"""Web push: telling those whose pages are closed, by the push services of their browsers.

A push is sent at most once: the row is claimed first, and one that is lost with its sender is an alert
less. The bell and the badge do not depend on it.
"""

import base64
import hashlib
import json
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import http_ece
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, select, update

from cloudchat.clients import guarded
from cloudchat.extensions import db, now
from cloudchat.models import (
    Conversation,
    Notification,
    Organization,
    PushSubscription,
    User,
)
from cloudchat.services import (
    notification_kinds,
    notification_list,
    notification_settings,
    push_browsers,
    push_keys,
)
from cloudchat.services.accounts import Identity
from cloudchat.services.notification_kinds import N_
from cloudchat.services.push_browsers import unpacked

log = structlog.get_logger(__name__)

DELAY = timedelta(seconds=3)  # so that what is read at once in an open page is not pushed as well
LIFETIME = timedelta(hours=1)  # how long a push service keeps it for a browser that is away
RETRY_FOR = timedelta(minutes=2)
MOST_FAILURES = 5  # refusals in a row, then the browser is given up
GONE = (404, 410)
PASSING = (0, 408, 425, 429)  # no answer, or "later": nothing is wrong with the browser
TEST_TITLE = N_("A test from CloudChat")
TEST_BODY = N_("This is how you are told while CloudChat is closed.")
ABOUT_UNREAD = ("message", "conversation_new", "message_unassigned")


def organizations_due() -> list[int]:
    """Organizations with a push to send, across all of them."""
    statement = select(Notification.organization_id).where(
        Notification.push_due, Notification.happened_at < now() - DELAY
    )
    return list(db.session.scalars(statement.distinct()))


def deliver(limit: int = 200) -> int:
    """Send what is due in this organization; answers how many were taken up."""
    rows = _claimed(limit)
    for row in rows:
        if _still_unread(row):
            _push(row)
    return len(rows)


def _claimed(limit: int) -> list[Notification]:
    due = (
        select(Notification.id)
        .where(Notification.push_due, Notification.happened_at < now() - DELAY)
        .order_by(Notification.happened_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = db.session.scalars(
        update(Notification)
        .where(Notification.id.in_(due))
        .values(push_due=False)
        .returning(Notification)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).all()
    db.session.commit()
    return list(rows)


def _still_unread(row: Notification) -> bool:
    if row.read_at is not None or row.happened_at < now() - LIFETIME:
        return False
    if row.kind not in ABOUT_UNREAD or row.conversation_id is None:
        return True
    unread = select(Conversation.unread_count).where(Conversation.id == row.conversation_id)
    return bool(db.session.scalar(unread))


def _push(row: Notification) -> None:
    found = push_browsers.browsers(row.user_id)
    if not found:
        return
    payload = _payload(row)
    results = [_send_to(browser, payload, row.topic) for browser in found]
    if not any(results) and row.happened_at > now() - RETRY_FOR:
        db.session.execute(update(Notification).where(Notification.id == row.id).values(push_due=True))
    db.session.commit()


def _payload(row: Notification) -> dict[str, Any]:
    """What the service worker shows. Words of a message leave our server only where the user said so."""
    settings = notification_settings.get(row.user_id)
    [told] = notification_list.outward([row], _identity(row.user_id))
    return {
        "id": row.id,
        "title": told["title"],
        "body": told["body"] if settings["push"]["show_text"] else "",
        "url": told["url"] or "/app/inbox",
        "tag": row.topic,
    }


def _identity(user_id: int) -> Identity:
    """The reader, for what they may see and in which language."""
    user, organization = db.session.execute(
        select(User, Organization)
        .join(Organization, Organization.id == User.organization_id)
        .where(User.id == user_id)
    ).one()
    return Identity(
        user_id=user.id,
        organization_id=organization.id,
        role=user.role,
        name=user.name,
        email=user.email,
        locale=user.locale or organization.locale,
        timezone=organization.timezone,
        organization_name=organization.name,
        home_organization_id=organization.id,
    )


def send_test(user_id: int) -> None:
    """A push that says that pushes arrive."""
    reader = _identity(user_id)
    payload = {
        "id": None,
        "title": notification_kinds.say(TEST_TITLE, reader.locale),
        "body": notification_kinds.say(TEST_BODY, reader.locale),
        "url": "/app/settings/notifications",
        "tag": "test",
        "always": True,
    }
    for browser in push_browsers.browsers(user_id):
        _send_to(browser, payload, "test")
    db.session.commit()


def _send_to(browser: PushSubscription, payload: dict[str, Any], topic: str) -> bool:
    """Hand it to the browser's push service; False where a later try could help."""
    status = _call(browser, payload, topic)
    if status in PASSING or status >= 500:
        log.info("push_failed", subscription_id=browser.id, status=status)
        return False
    failures = 0 if 200 <= status < 300 else browser.failures + 1
    this = PushSubscription.id == browser.id
    if status in GONE or failures >= MOST_FAILURES:
        db.session.execute(delete(PushSubscription).where(this))
    else:
        sent_at = browser.last_sent_at if failures else now()
        db.session.execute(
            update(PushSubscription).where(this).values(failures=failures, last_sent_at=sent_at)
        )
    if failures:
        log.info("push_refused", subscription_id=browser.id, status=status)
    db.session.commit()
    return True


def _call(browser: PushSubscription, payload: dict[str, Any], topic: str) -> int:
    """The status that the push service answers; 0 where it does not, 403 where we may not call it."""
    body = http_ece.encrypt(
        json.dumps(payload, ensure_ascii=False).encode(),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=unpacked(browser.p256dh),
        auth_secret=unpacked(browser.auth),
        version="aes128gcm",
    )
    place = urlsplit(browser.endpoint)
    headers = {
        **push_keys.signed(f"{place.scheme}://{place.netloc}", int(time.time()) + 12 * 3600),
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "TTL": str(int(LIFETIME.total_seconds())),
        "Urgency": "high",
        # One that a later one of the same topic overtakes is not delivered any more
        "Topic": base64.urlsafe_b64encode(hashlib.sha256(topic.encode()).digest())[:32].decode(),
    }
    try:
        return guarded.post(browser.endpoint, body, headers)
    except guarded.Refused:
        return 403
    except guarded.Failed as failed:
        return failed.status or 0
