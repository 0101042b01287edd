"""Jobs for what came in."""

from cloudchat.jobs import tenant_job
from cloudchat.services import intake


@tenant_job
def process(organization_id: int, event_id: int) -> None:
    """Handle one stored event that a request could not."""
    intake.process(event_id)


@tenant_job
def catch_up(organization_id: int) -> None:
    """Handle what a crash or a failure left open."""
    intake.catch_up()
