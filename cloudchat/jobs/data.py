"""An organization's data: exports, what is kept how long, deletion."""

from cloudchat import events
from cloudchat.jobs import enqueue, enqueue_once, system_job, tenant_job
from cloudchat.services.data import ending, erasure, exporting, retention

LONG = 3600  # seconds; what is not done by then is taken up again


@tenant_job
def export(organization_id: int, export_id: int) -> None:
    """Put one export together."""
    exporting.work(export_id)


@tenant_job
def erase(organization_id: int, file_keys: list[str], identities: list) -> None:
    """Remove what deleted contacts leave behind outside their rows."""
    erasure.remove_files(file_keys)
    erasure.blank_events([(int(device_id), str(name)) for device_id, name in identities])


@tenant_job
def apply_retention(organization_id: int) -> None:
    retention.run()


@tenant_job(also_inactive=True)
def delete_organization(organization_id: int) -> None:
    """Delete everything, if it is still to be deleted."""
    ending.delete_all()


@system_job("each night every organization's old data goes, where it wants that")
def retention_night() -> None:
    for organization_id in retention.organizations_with_periods():
        enqueue_once(apply_retention, organization_id, timeout=LONG)


@system_job("exports that a dead worker left are begun anew, and organizations whose time is over go")
def unfinished() -> None:
    for organization_id, export_id in exporting.stalled():
        enqueue_once(export, organization_id, export_id, timeout=LONG)
    for organization_id in ending.due():
        enqueue_once(delete_organization, organization_id, timeout=LONG)


def on_erased(event: events.ContactsErased) -> None:
    enqueue(erase, event.organization_id, list(event.file_keys), [list(item) for item in event.identities])


def on_export_due(event: events.ExportDue) -> None:
    enqueue_once(export, event.organization_id, event.export_id, timeout=LONG)
