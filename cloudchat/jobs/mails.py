"""Mails to people of the desk."""

from cloudchat.jobs import tenant_job
from cloudchat.services import mailing


@tenant_job
def deliver(organization_id: int) -> None:
    """Send what is due; what fails, the sweeper finds again."""
    mailing.deliver()
