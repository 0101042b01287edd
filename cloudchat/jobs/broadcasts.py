"""Jobs about broadcasts. Sending is the device's own job: `outbound.deliver` takes from them as it goes."""

from cloudchat import events
from cloudchat.jobs import enqueue_delivery, enqueue_once, system_job, tenant_job
from cloudchat.services.broadcasts import feeding, preparing, writing

PREPARE_TIMEOUT = 600  # seconds; what is not done by then goes on where it stopped


@tenant_job
def prepare(organization_id: int, broadcast_id: int) -> None:
    """List the recipients."""
    preparing.prepare(broadcast_id)


@tenant_job
def start_due(organization_id: int) -> None:
    writing.start_due()


@tenant_job
def take_back(organization_id: int, broadcast_id: int) -> None:
    writing.take_back(broadcast_id)


@system_job("broadcasts of every organization start at their time, and go on after a crash")
def due() -> None:
    for organization_id in writing.organizations_with_due():
        enqueue_once(start_due, organization_id)
    for ids in preparing.unprepared():
        enqueue_once(prepare, *ids, timeout=PREPARE_TIMEOUT)
    for ids in writing.half_cancelled():
        enqueue_once(take_back, *ids)
    for organization_id, device_id in feeding.devices_with_running():
        enqueue_delivery(organization_id, device_id)


def on_due(event: events.BroadcastDue) -> None:
    ids = event.organization_id, event.broadcast_id
    enqueue_once(prepare, *ids, timeout=PREPARE_TIMEOUT)
