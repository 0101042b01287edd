"""Jobs about Meta's templates."""

from cloudchat import events
from cloudchat.jobs import enqueue_once, system_job, tenant_job
from cloudchat.services.meta_templates import requests, syncing

SYNC_TIMEOUT = 600  # seconds; what is not done by then begins anew


@tenant_job
def sync(organization_id: int, waba_id: str) -> None:
    """Fetch the templates of a WABA, if that is still wanted."""
    syncing.run(waba_id)


@tenant_job
def ask_due(organization_id: int) -> None:
    requests.ask_due()


@system_job("templates are fetched for every organization, each hour or while one is being reviewed")
def due_syncs() -> None:
    for organization_id, waba_id in requests.unfinished():
        enqueue_once(sync, organization_id, waba_id, timeout=SYNC_TIMEOUT)
    for organization_id in requests.organizations_due():
        enqueue_once(ask_due, organization_id)


def on_sync_due(event: events.TemplateSyncDue) -> None:
    enqueue_once(sync, event.organization_id, event.waba_id, timeout=SYNC_TIMEOUT)
