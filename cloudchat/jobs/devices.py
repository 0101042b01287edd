"""Jobs about connected accounts."""

import smtplib

import structlog

from cloudchat.errors import NotFound, ProviderError
from cloudchat.jobs import tenant_job
from cloudchat.services import connecting, device_alerts

log = structlog.get_logger(__name__)


@tenant_job
def look_after(organization_id: int, device_id: int) -> None:
    """See whether the account still works; connect it again where it does not."""
    try:
        connecting.look_after(device_id)
    except NotFound:
        log.info("device_gone", device_id=device_id)


@tenant_job
def name_contact(organization_id: int, device_id: int, external_user_id: str) -> None:
    """Ask the provider for a new customer's name; without one the contact keeps its number."""
    try:
        connecting.name_contact(device_id, external_user_id)
    except (NotFound, ProviderError) as error:
        log.info("name_not_told", device_id=device_id, error=str(error))


@tenant_job
def tell_admins(organization_id: int, device_id: int) -> None:
    """Mail that a connection has died; the banner says it as well, so a failure is only logged."""
    try:
        device_alerts.tell_admins(device_id)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail_not_sent", device_id=device_id, error=type(error).__name__)
