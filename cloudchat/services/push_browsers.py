"""The browsers that get web pushes while no page is open: who is among them, and who no longer."""

import base64
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat import config
from cloudchat.clients import guarded
from cloudchat.errors import Forbidden, Invalid, NotFound
from cloudchat.events import PushTestWanted, publish
from cloudchat.extensions import db, now
from cloudchat.models import (
    PushSubscription,
    User,
    UserSession,
)
from cloudchat.services.accounts import Identity, session_is_alive
from cloudchat.services.secrets import hashed

MOST_BROWSERS = 20  # of one user


def subscribe(identity: Identity, endpoint: str, p256dh: str, auth: str, user_agent: str) -> int:
    """Push to this browser from now on; answers the subscription's id. Raises Invalid."""
    if identity.acting or identity.session_id is None:
        raise Forbidden(code="session_needed")
    check_endpoint(endpoint)
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


def check_endpoint(endpoint: str) -> None:
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
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpacked(p256dh))
        if len(unpacked(auth)) != 16:
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


def unpacked(words: str) -> bytes:
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
