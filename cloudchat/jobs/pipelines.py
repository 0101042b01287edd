"""Stage automation: doing what is due."""

from cloudchat import events
from cloudchat.jobs import enqueue_once, tenant_job
from cloudchat.services.pipelines.automation import running

AT_ONCE = 200


@tenant_job
def run_due(organization_id: int) -> None:
    """Do what is due now, and what that makes due; more than one job's worth goes on in another."""
    for _ in range(AT_ONCE):
        if not running.run_due(1):
            return
        events.drain()
    enqueue_once(run_due, organization_id)
