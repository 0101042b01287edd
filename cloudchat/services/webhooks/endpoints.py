"""The addresses themselves: making, changing, switching, their secrets."""

from typing import Any

from sqlalchemy import func, select, update

from cloudchat.clients import guarded
from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import NotificationWanted, WebhooksDue, publish
from cloudchat.extensions import db, now
from cloudchat.models import User, Webhook, WebhookDelivery
from cloudchat.services import audit, edits, secrets
from cloudchat.services.webhooks import alerts, recording
from cloudchat.services.webhooks.kinds import EVENTS, TEST
from cloudchat.tenancy import current_organization_id

MOST = 20  # of one organization: each event is kept once for each
SECRET_LENGTH = range(8, 201)
LONGEST_DESCRIPTION = 100


def get(webhook_id: int) -> Webhook:
    found = db.session.get(Webhook, webhook_id)
    if found is None:
        raise NotFound("webhook")
    return found


def all_webhooks() -> list[Webhook]:
    """The organization's webhooks; there are few, so they need no pages."""
    return list(db.session.scalars(select(Webhook).order_by(Webhook.id)))


def editable(row: Webhook) -> dict[str, Any]:
    """What people change of a webhook, as it stands."""
    return {
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "is_active": row.is_active,
    }


def create(values: dict[str, Any], user_id: int | None) -> tuple[Webhook, str]:
    """A new webhook and its secret, which is not shown again. Raises Invalid, Conflict."""
    secret = _secret(values.pop("secret", None))
    checked = _checked({"description": "", "is_active": True, "events": [], "url": "", **values})
    if db.session.scalar(select(func.count(Webhook.id))) >= MOST:
        raise Conflict("too_many_webhooks", code="too_many_webhooks")
    row = Webhook(**checked, secret=secrets.encrypt({"secret": secret}), created_by=user_id)
    db.session.add(row)
    db.session.flush()
    audit.record("webhook.created", row, name=row.url, events=row.events)
    _commit(row)
    return row, secret


def change(webhook_id: int, values: dict[str, Any], expected: str | None = None) -> Webhook:
    """Change the fields that are named. Switching on forgets past failures; switching off gives up
    what waits. Raises Invalid, NotFound, Conflict."""
    row = get(webhook_id)
    edits.check(row, editable, values, expected)
    checked = _checked(values)
    before = editable(row)
    for name, value in checked.items():
        setattr(row, name, value)
    after = editable(row)
    if after == before:
        db.session.rollback()
        return row
    if after["is_active"] and (not before["is_active"] or after["url"] != before["url"]):
        row.off_reason = row.failing_since = row.held_until = None
        row.failures = 0
        publish(WebhooksDue(row.organization_id))
    if not after["is_active"]:
        _give_up(row)
    changed = [name for name in after if after[name] != before[name]]
    audit.record("webhook.changed", row, name=row.url, fields=changed)
    _commit(row)
    return row


def rotate(webhook_id: int) -> str:
    """A new secret, with which everything is signed from now on; it is not shown again."""
    row = get(webhook_id)
    secret = _secret(None)
    row.secret = secrets.encrypt({"secret": secret})
    audit.record("webhook.secret_changed", row, name=row.url)
    _commit(row)
    return secret


def delete(webhook_id: int) -> None:
    """Delete a webhook with its log."""
    row = get(webhook_id)
    audit.record("webhook.deleted", row, name=row.url)
    db.session.delete(row)
    _commit(row)


def test(webhook_id: int) -> WebhookDelivery:
    """Send an event that says nothing, to see whether it arrives. Raises Conflict where it is off."""
    row = get(webhook_id)
    if not row.is_active:
        raise Conflict("webhook_off", code="webhook_off")
    event_id = recording.Told(TEST, {}).event_id
    delivery = WebhookDelivery(webhook_id=row.id, event=TEST, event_id=event_id, data={"webhook_id": row.id})
    row.held_until = None  # whoever mends an address wants to know now
    db.session.add(delivery)
    db.session.flush()
    publish(WebhooksDue(row.organization_id))
    db.session.commit()
    return delivery


def switch_off(row: Webhook, reason: str) -> None:
    """The address takes no events any more; admins are told. Part of the caller's transaction."""
    row.is_active, row.off_reason = False, reason
    _give_up(row)
    audit.record("webhook.switched_off", row, name=row.url, reason=reason)
    db.session.flush()
    recording.forget(row.organization_id)
    alerts.tell_admins(row)
    admins = tuple(db.session.scalars(select(User.id).where(User.role == "admin", User.is_active)))
    data = {"name": row.description or row.url, "url": f"/app/settings/webhooks/{row.id}"}
    publish(
        NotificationWanted(row.organization_id, "webhook_off", admins, f"webhook:{row.id}", data=data),
    )


def _give_up(row: Webhook) -> None:
    db.session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == row.id, WebhookDelivery.state == "pending")
        .values(state="failed", reason="switched_off", finished_at=now())
        .execution_options(synchronize_session=False)
    )


def _commit(row: Webhook) -> None:
    organization_id = current_organization_id()
    db.session.commit()
    recording.forget(organization_id)


# --- checks ------------------------------------------------------------------------------------


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The values as they are kept; raises Invalid with all that is wrong."""
    checks = {"url": check_url, "events": _check_events, "description": _check_description}
    made: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            made[name] = checks[name](value) if name in checks else value
        except Invalid as error:
            errors |= error.fields
    if errors:
        raise Invalid("webhook", fields=errors)
    return made


def check_url(url: str) -> str:
    """An address that we may call. Raises Invalid."""
    url = url.strip()
    if not url:
        raise Invalid("url", fields={"url": ["required"]})
    try:
        guarded.check_url(url)
    except (guarded.Refused, ValueError):
        raise Invalid("url", fields={"url": ["url_refused"]}) from None
    return url


def _check_events(names: list[str]) -> list[str]:
    if not names:
        raise Invalid("events", fields={"events": ["webhook_events_needed"]})
    if set(names) - set(EVENTS):
        raise Invalid("events", fields={"events": ["webhook_event_unknown"]})
    return [name for name in EVENTS if name in names]


def _check_description(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_DESCRIPTION:
        raise Invalid("description", fields={"description": ["too_long"]})
    return text


def _secret(given: str | None) -> str:
    if given is None:
        return secrets.random_token(32)
    if len(given) not in SECRET_LENGTH or not given.isascii() or not given.isprintable():
        raise Invalid("secret", fields={"secret": ["secret_invalid"]})
    return given
