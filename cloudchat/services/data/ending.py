"""The end of an organization: asked for with its name, undone within seven days, then everything goes.

While it waits everything works as ever, so that its admins can change their minds. Then the doors are shut,
and a job deletes table by table in batches and, last, the organization's own row, with which the
database removes what is left.
"""

import shutil
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select, tuple_

from cloudchat import config
from cloudchat.errors import Conflict, Invalid
from cloudchat.events import NotificationWanted, publish
from cloudchat.extensions import db, now
from cloudchat.models import Organization, User
from cloudchat.services import audit, organizations
from cloudchat.services.data import tables
from cloudchat.tenancy import current_organization_id

log = structlog.get_logger(__name__)

GRACE = timedelta(days=7)
AT_ONCE = 2000
# Lines of the audit log may not be deleted by themselves; they go with the organization's own row
WITH_THE_LAST_ROW = ("audit_log",)


def ask(typed_name: str) -> datetime:
    """Have the organization deleted in seven days. Raises Invalid where the name is not typed right."""
    row = organizations.get(current_organization_id())
    if typed_name.strip() != row.name:
        raise Invalid("name", fields={"name": ["name_differs"]})
    if row.deletion_due_at is None:
        row.deletion_due_at = now() + GRACE
        due_at = row.deletion_due_at.isoformat()
        audit.record("organization.deletion_asked", row, name=row.name, due_at=due_at)
        admins = tuple(db.session.scalars(select(User.id).where(User.role == "admin", User.is_active)))
        data = {"name": row.name, "url": "/app/settings/data"}
        publish(NotificationWanted(row.id, "organization_ending", admins, "organization_ending", data=data))
    db.session.commit()
    return row.deletion_due_at


def undo() -> None:
    """Keep the organization after all. Raises Conflict where its deletion has begun."""
    row = organizations.get(current_organization_id())
    if row.deletion_due_at is None:
        return
    if row.deletion_due_at <= now():
        raise Conflict("deletion_begun", code="deletion_begun")
    row.deletion_due_at = None
    audit.record("organization.deletion_undone", row, name=row.name)
    db.session.commit()


def due() -> list[int]:
    """Organizations whose time is over. Reads across all."""
    statement = select(Organization.id).where(Organization.deletion_due_at <= now())
    return list(db.session.scalars(statement))


def close() -> bool:
    """Shut the doors of an organization that is due; False where somebody changed their mind."""
    row = db.session.get(Organization, current_organization_id(), populate_existing=True)
    if row is None or row.deletion_due_at is None or row.deletion_due_at > now():
        db.session.rollback()
        return False
    if row.is_active:
        organizations.set_active(row.id, False)
    return True


def delete_all() -> int:
    """Delete every row and file of the present organization, children first; may be begun anew at any
    time. Answers how many rows there were."""
    if not close():
        return 0
    organization_id = current_organization_id()
    deleted = 0
    for table in reversed(tables.all_tables()):
        if table.name not in WITH_THE_LAST_ROW:
            deleted += _emptied(table)
    folder = config.active().data_dir / "files" / str(organization_id)
    shutil.rmtree(folder, ignore_errors=True)
    db.session.execute(
        delete(Organization)
        .where(Organization.id == organization_id)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    shutil.rmtree(folder, ignore_errors=True)  # what somebody wrote in the meantime
    log.info("organization_deleted", organization_id=organization_id, rows=deleted)
    return deleted


def _emptied(table) -> int:
    """Delete a table's rows in batches, each committed by itself."""
    key = tables.key_of(table)
    own = table.c.organization_id == current_organization_id()
    deleted = 0
    while True:
        batch = select(*key).where(own).order_by(*key).limit(AT_ONCE)
        found = db.session.execute(batch).all()
        if not found:
            db.session.rollback()
            return deleted
        db.session.execute(delete(table).where(own, tuple_(*key).in_([tuple(row) for row in found])))
        db.session.commit()
        deleted += len(found)


def rows_left(organization_id: int) -> dict[str, int]:
    """Rows by table that still name the organization: nothing, once it is deleted. Reads across all."""
    found = {}
    for table in tables.all_tables():
        statement = select(func.count()).select_from(table).where(table.c.organization_id == organization_id)
        if count := db.session.scalar(statement):
            found[table.name] = count
    return found
