"""Jobs that speak to channel providers."""

import structlog

from cloudchat.channels import get as channel_for
from cloudchat.errors import NotFound, ProviderError
from cloudchat.extensions import redis
from cloudchat.jobs import delivery_flag, enqueue_delivery, tenant_job
from cloudchat.services import delivery, devices

log = structlog.get_logger(__name__)


@tenant_job
def deliver(organization_id: int, device_id: int) -> None:
    """Send what waits for this device."""
    redis.client.delete(delivery_flag(device_id))
    if delivery.deliver(device_id) == 0.0:  # out of time with work left
        enqueue_delivery(organization_id, device_id)


def deliver_here(device_id: int) -> None:
    """The same without a job, for channels whose sending is our own database row."""
    delivery.deliver(device_id, budget=2.0)


@tenant_job
def settle_lost(organization_id: int) -> None:
    """Say of messages whose sender died that their outcome is unknown."""
    delivery.settle_lost()


@tenant_job
def mark_read(organization_id: int, device_id: int, external_id: str) -> None:
    """Tell the provider that the desk has read; a kindness, so a refusal is only logged."""
    try:
        device = devices.get(device_id)
        channel_for(device.type).mark_read(devices.account(device), external_id)
    except (ProviderError, NotFound) as error:
        log.info("mark_read_failed", device_id=device_id, error=str(error))
