"""Web push: the browsers that get notifications while no page is open, and sending them.

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
from sqlalchemy.dialects.postgresql import insert

from cloudchat import config
from cloudchat.clients import guarded
from cloudchat.errors import Forbidden, Invalid, NotFound
from cloudchat.events import PushTestWanted, publish
from cloudchat.extensions import db, now
from cloudchat.models import (
    Conversation,
    Notification,
    Organization,
    PushSubscription,
    User,
    UserSession,
)
from cloudchat.services import notification_kinds, notification_list, notification_settings, push_keys
from cloudchat.services.accounts import Identity, session_is_alive
from cloudchat.services.notification_kinds import N_
from cloudchat.services.secrets import hashed

log = structlog.get_logger(__name__)

MOST_BROWSERS = 20  # of one user
DELAY = timedelta(seconds=3)  # so that what is read at once in an open page is not pushed as well
LIFETIME = timedelta(hours=1)  # how long a push service keeps it for a browser that is away
RETRY_FOR = timedelta(minutes=2)
MOST_FAILURES = 5  # refusals in a row, then the browser is given up
GONE = (404, 410)
PASSING = (0, 408, 425, 429)  # no answer, or "later": nothing is wrong with the browser
TEST_TITLE = N_("A test from CloudChat")
TEST_BODY = N_("This is how you are told while CloudChat is closed.")
ABOUT_UNREAD = ("message", "conversation_new", "message_unassigned")


# --- browsers ----------------------------------------------------------------------------------


def subscribe(identity: Identity, endpoint: str, p256dh: str, auth: str, user_agent: str) -> int:
    """Push to this browser from now on; answers the subscription's id. Raises Invalid."""
    if identity.acting or identity.session_id is None:
        raise Forbidden(code="session_needed")
    _check_endpoint(endpoint)
    _check_keys(p256dh, auth)
    values = {
        "user_id": identity.user_id,
        "session_id": identity.session_id,
        "endpoint": endpoint,
        "p256dh": p256dh,
        "auth": auth,
        "user_agent": user_agent[:255],
        "failures": 0,
        "updated_at": now(),
    }
    statement = insert(PushSubscription).values(
        organization_id=identity.organization_id, endpoint_hash=hashed(endpoint), created_at=now(), **values
    )
    made = db.session.scalar(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "endpoint_hash"], set_=values
        ).returning(PushSubscription.id)
    )
    _keep_newest(identity.user_id)
    db.session.commit()
    return made


def _check_endpoint(endpoint: str) -> None:
    """We shall call it: https, and a public place, unless the operator allows another."""
    parts = urlsplit(endpoint)
    try:
        guarded.check_url(endpoint)
        if parts.scheme != "https" and parts.netloc not in config.active().webhook_allow:
            raise guarded.Refused("not https")
    except guarded.Refused:
        raise Invalid(code="invalid", fields={"endpoint": ["address_refused"]}) from None


def _check_keys(p256dh: str, auth: str) -> None:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(p256dh))
        if len(_bytes(auth)) != 16:
            raise ValueError
    except ValueError:
        raise Invalid(code="invalid", fields={"keys": ["invalid"]}) from None


def _keep_newest(user_id: int) -> None:
    newest = (
        select(PushSubscription.id)
        .where(PushSubscription.user_id == user_id)
        .order_by(PushSubscription.updated_at.desc(), PushSubscription.id.desc())
        .limit(MOST_BROWSERS)
    )
    db.session.execute(
        delete(PushSubscription)
        .where(PushSubscription.user_id == user_id, PushSubscription.id.not_in(newest))
        .execution_options(synchronize_session=False)
    )


def browsers(user_id: int) -> list[PushSubscription]:
    """The user's own browsers that still get pushes, the newest first."""
    return list(db.session.scalars(_living(user_id).order_by(PushSubscription.id.desc())))


def _living(user_id: int):
    """Those whose session goes on: who logs out, or is shut out, is not told there any more."""
    return (
        select(PushSubscription)
        .join(UserSession, UserSession.id == PushSubscription.session_id)
        .join(User, User.id == PushSubscription.user_id)
        .where(
            PushSubscription.user_id == user_id,
            UserSession.user_id == user_id,
            session_is_alive(),
            User.is_active,
        )
    )


def unsubscribe(user_id: int, subscription_id: int) -> None:
    """Push to this browser no more. Raises NotFound for one that is not the user's own."""
    gone = db.session.execute(
        delete(PushSubscription)
        .where(PushSubscription.user_id == user_id, PushSubscription.id == subscription_id)
        .execution_options(synchronize_session=False)
    ).rowcount
    db.session.commit()
    if not gone:
        raise NotFound("push subscription")


def want_test(identity: Identity) -> int:
    """Have a test pushed to the browsers of the caller's own; answers to how many."""
    found = browsers(identity.user_id)
    if found:
        publish(PushTestWanted(identity.organization_id, identity.user_id))
        db.session.commit()
    return len(found)


# --- sending -----------------------------------------------------------------------------------


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
    found = browsers(row.user_id)
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
    for browser in browsers(user_id):
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
        dh=_bytes(browser.p256dh),
        auth_secret=_bytes(browser.auth),
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


def _bytes(words: str) -> bytes:
    return base64.urlsafe_b64decode(words + "=" * (-len(words) % 4))


def forget_dead() -> None:
    """Delete subscriptions whose session has ended. Runs inside one organization."""
    alive = select(UserSession.id).where(session_is_alive())
    db.session.execute(
        delete(PushSubscription)
        .where(PushSubscription.session_id.not_in(alive))
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
