"""Outgoing webhooks: sending what is due."""

from cloudchat import events
from cloudchat.jobs import enqueue_once, tenant_job
from cloudchat.services.webhooks import sending


@tenant_job
def deliver(organization_id: int) -> None:
    """Send what is due; more than one job's worth goes on in another."""
    if sending.deliver():
        enqueue_once(deliver, organization_id)


def on_due(event: events.WebhooksDue) -> None:
    enqueue_once(deliver, event.organization_id)
