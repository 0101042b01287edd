"""Pushes to browsers in which no page is open."""

from cloudchat.jobs import tenant_job
from cloudchat.services import push


@tenant_job
def deliver(organization_id: int) -> None:
    """Send what is due; what is left, or has to be tried again, the next sweep finds."""
    push.deliver()


@tenant_job
def send_test(organization_id: int, user_id: int) -> None:
    """Show one user that pushes arrive."""
    push.send_test(user_id)
