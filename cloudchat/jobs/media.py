"""Fetching the files of received messages from their provider."""

from cloudchat.jobs import tenant_job
from cloudchat.services import media


@tenant_job
def fetch(organization_id: int, attachment_id: int) -> None:
    """Bring one file here, or note why it cannot be had."""
    media.fetch(attachment_id)
