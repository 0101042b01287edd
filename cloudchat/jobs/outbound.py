"""Jobs that speak to channel providers."""

from functools import partial

import structlog

from cloudchat import events
from cloudchat.channels import get as channel_for
from cloudchat.errors import NotFound, ProviderError
from cloudchat.jobs import enqueue_delivery, tenant_job
from cloudchat.services import clock_set_back, delivery, devices, settling

log = structlog.get_logger(__name__)


@tenant_job
def deliver(organization_id: int, device_id: int) -> None:
    """Send what waits for this device."""
    next_one = partial(enqueue_delivery, organization_id, device_id)
    delivery.deliver(device_id, told=events.drain, hand_over=next_one)


@tenant_job
def settle_lost(organization_id: int) -> None:
    """Say of messages whose sender died that their outcome is unknown."""
    settling.settle_lost()


@tenant_job
def put_times_right(organization_id: int) -> None:
    """Make due what was written by a clock that has been set back since."""
    clock_set_back.put_right()


@tenant_job
def mark_read(organization_id: int, device_id: int, external_id: str, external_user_id: str = "") -> None:
    """Tell the provider that the desk has read; a kindness, so a refusal is only logged."""
    try:
        device = devices.get(device_id)
        channel_for(device.type).mark_read(devices.account(device), external_id, external_user_id)
    except (ProviderError, NotFound) as error:
        log.info("mark_read_failed", device_id=device_id, error=str(error))


@tenant_job
def acknowledge(organization_id: int, device_id: int, details: dict) -> None:
    """End the waiting sign on a button that a customer tapped; a kindness, as above."""
    try:
        device = devices.get(device_id)
        channel_for(device.type).acknowledge(devices.account(device), details)
    except (ProviderError, NotFound) as error:
        log.info("acknowledge_failed", device_id=device_id, error=str(error))
