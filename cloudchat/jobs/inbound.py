"""Jobs for what came in."""

from cloudchat.jobs import tenant_job
from cloudchat.services import stored_events


@tenant_job
def process(organization_id: int, event_id: int) -> None:
    """Handle one stored event that a request could not."""
    stored_events.process(event_id)


@tenant_job
def catch_up(organization_id: int) -> None:
    """Handle what a crash or a failure left open."""
    stored_events.catch_up()
