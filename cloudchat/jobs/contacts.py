"""Jobs about contacts."""

from cloudchat.jobs import tenant_job
from cloudchat.services import contact_import

IMPORT_TIMEOUT = 900  # seconds; what is not done by then goes on where it stopped


@tenant_job
def work_on_import(organization_id: int, import_id: int) -> None:
    contact_import.work(import_id)
