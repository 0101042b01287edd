"""Outgoing webhooks: sending what is due, telling admins of one that was switched off."""

import smtplib

import structlog

from cloudchat import events
from cloudchat.jobs import enqueue, enqueue_once, tenant_job
from cloudchat.services.webhooks import alerts, sending

log = structlog.get_logger(__name__)


@tenant_job
def deliver(organization_id: int) -> None:
    """Send what is due; more than one job's worth goes on in another."""
    if sending.deliver():
        enqueue_once(deliver, organization_id)


@tenant_job
def tell_admins(organization_id: int, webhook_id: int) -> None:
    """Mail that a webhook was switched off; the bell says it as well, so a failure is only logged."""
    try:
        alerts.tell_admins(webhook_id)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail_not_sent", webhook_id=webhook_id, error=type(error).__name__)


def on_due(event: events.WebhooksDue) -> None:
    enqueue_once(deliver, event.organization_id)


def on_switched_off(event: events.WebhookSwitchedOff) -> None:
    enqueue(tell_admins, event.organization_id, event.webhook_id)
