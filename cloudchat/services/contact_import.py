"""Importing contacts from a file: upload, check, run in batches.

How far an import is stands in its row and nowhere else. A batch and the new position are one
transaction under the row's lock, so it may be run twice, by two workers at once, or after a kill.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from cloudchat.errors import AppError, Conflict, Invalid, NotFound
from cloudchat.events import ContactImportDue, publish
from cloudchat.extensions import db, now
from cloudchat.models import ContactImport
from cloudchat.models.contact_imports import WORKING
from cloudchat.services import audit, contact_file, contact_rows, files
from cloudchat.services.contact_check import as_items, preview_of
from cloudchat.services.contact_file import Column
from cloudchat.services.contact_matching import store
from cloudchat.services.contact_rows import Row
from cloudchat.tenancy import current_organization_id

log = structlog.get_logger(__name__)

BATCH = 500
CHECKED_AT_ONCE = 1000  # rows; checking more takes longer than a click may
STALLED_AFTER = timedelta(seconds=60)
DRAFTS_KEPT = timedelta(days=1)
IMPORT_LOCK = 7_301_001  # the first half of the advisory lock; the second is the organization


def upload(author_id: int | None, filename: str, content: bytes) -> ContactImport:
    """Take a file and check it, at once or by a job. Raises Invalid, PayloadTooLarge."""
    table = contact_file.read(content)
    row = ContactImport(
        created_by=author_id,
        filename=files.safe_name(filename),
        file_key=files.keep(content),
        mapping=_as_mapping(table.columns),
        total=len(table.records),
    )
    db.session.add(row)
    db.session.flush()
    _check_soon(row)
    db.session.commit()
    return row


def get(import_id: int) -> ContactImport:
    row = db.session.get(ContactImport, import_id)
    if row is None:
        raise NotFound("import")
    return row


def latest(limit: int = 10) -> list[ContactImport]:
    """The last imports of the organization, newest first."""
    return list(db.session.scalars(select(ContactImport).order_by(ContactImport.id.desc()).limit(limit)))


def set_mapping(import_id: int, targets: list[str]) -> ContactImport:
    """Choose what the columns are, and check again. Raises Invalid, Conflict."""
    row = _locked(import_id)
    if row.state not in ("draft", "checking"):
        raise Conflict("import_started", code="import_started")
    columns = columns_of(row)
    if len(targets) != len(columns):
        raise Invalid("mapping", fields={"mapping": ["unknown"]})
    chosen = [Column(column.header, target) for column, target in zip(columns, targets, strict=True)]
    contact_file.check_columns(chosen)
    row.mapping, row.state = _as_mapping(chosen), "checking"
    _check_soon(row)
    db.session.commit()
    return row


def start(import_id: int) -> ContactImport:
    """Begin to import what was checked; a second click changes nothing. Raises Invalid, Conflict."""
    row = _locked(import_id)
    if row.state in ("queued", "running", "done"):
        db.session.commit()
        return row
    if row.state != "draft":
        raise Conflict("import_started", code="import_started")
    if not row.preview.get("new", 0) + row.preview.get("known", 0):
        raise Invalid("import", fields={"file": ["import_nothing"]})
    row.state, row.position, row.started_at = "queued", 0, now()
    audit.record("contacts.import_started", row, filename=row.filename, rows=row.total)
    publish(ContactImportDue(row.organization_id, row.id))
    db.session.commit()
    return row


def cancel(import_id: int) -> ContactImport:
    """Stop; what is imported already stays."""
    row = _locked(import_id)
    if row.state in ("draft", *WORKING):
        _end(row, "cancelled")
        audit.record("contacts.import_cancelled", row, position=row.position)
    db.session.commit()
    _drop_file(row)
    return row


# --- the job -----------------------------------------------------------------------------------


def work(import_id: int) -> None:
    """Do what the import waits for: the check, or the rows that are left."""
    try:
        row = get(import_id)
        if row.state == "checking":
            _check(_locked(import_id))
            db.session.commit()
        elif row.state in ("queued", "running"):
            _run(row)
    except OperationalError:
        raise  # the database was away or two of us were in each other's way: the sweeper tries again
    except Exception as error:
        log.exception("contact_import_failed", import_id=import_id)
        db.session.rollback()
        row = _locked(import_id)
        if row.is_working:
            _end(row, "failed", error.code if isinstance(error, AppError) else "internal")
        db.session.commit()
        _drop_file(row)


def stalled() -> list[tuple[int, int]]:
    """(organization id, import id) of imports that nobody goes on with. Runs across organizations."""
    rows = db.session.execute(
        select(ContactImport.organization_id, ContactImport.id).where(
            ContactImport.state.in_(WORKING), ContactImport.updated_at < now() - STALLED_AFTER
        )
    )
    return [tuple(row) for row in rows]


def drop_old_drafts() -> None:
    """Forget files that were uploaded and never imported."""
    old = db.session.scalars(
        select(ContactImport).where(
            ContactImport.state == "draft", ContactImport.updated_at < now() - DRAFTS_KEPT
        )
    ).all()
    for row in old:
        cancel(row.id)


def _run(row: ContactImport) -> None:
    rows = contact_rows.check(_table(row).records, columns_of(row))
    done = 0
    while batch := list(islice(rows, BATCH)):
        if not _import_batch(row.id, done, batch):
            return
        done += len(batch)
    row = _locked(row.id)
    if row.state in ("queued", "running"):
        _end(row, "done")
        counts = {"created": row.created_count, "updated": row.updated_count}
        audit.record("contacts.imported", row, filename=row.filename, **counts)
    db.session.commit()
    _drop_file(row)


def _import_batch(import_id: int, begin: int, batch: list[Row]) -> bool:
    """Store what nobody has stored of this batch yet; False once the import was stopped."""
    row = _locked(import_id)
    if row.state not in ("queued", "running"):
        db.session.commit()
        return False
    left = batch[max(0, row.position - begin) :]
    if left:
        # Two files at once must not both make the same contact
        db.session.execute(
            text("select pg_advisory_xact_lock(:kind, :organization_id)"),
            {"kind": IMPORT_LOCK, "organization_id": current_organization_id()},
        )
        made, changed, refused = store([item for item in left if item.is_good])
        row.state, row.position = "running", begin + len(batch)
        row.created_count += made
        row.updated_count += changed
        row.skipped_count += len(left) - made - changed
        if refused:
            row.errors = {"items": [*row.errors.get("items", []), *as_items(refused)]}
    db.session.commit()
    return True


# --- the check ---------------------------------------------------------------------------------


def _check_soon(row: ContactImport) -> None:
    if row.total <= CHECKED_AT_ONCE:
        _check(row)
    else:
        publish(ContactImportDue(row.organization_id, row.id))


def _check(row: ContactImport) -> None:
    """Find out what importing would do; part of the caller's transaction."""
    columns = columns_of(row)
    row.state, row.position = "draft", 0
    try:
        contact_file.check_columns(columns)
    except Invalid as error:
        row.preview, row.errors = {"problem": error.fields["mapping"][0]}, {"items": []}
        return
    row.preview, problems = preview_of(_table(row).records, columns)
    row.errors = {"items": problems}


# --- the row -----------------------------------------------------------------------------------


def columns_of(row: ContactImport) -> list[Column]:
    return [Column(item["header"], item["target"]) for item in row.mapping["columns"]]


def sample_of(row: ContactImport, count: int = 3) -> list[list[str]]:
    """The first values of each column, to recognize it by."""
    records = _table(row).records[:count]
    return [
        [record.cells[place][:60] for record in records if place < len(record.cells)]
        for place in range(len(row.mapping["columns"]))
    ]


def _table(row: ContactImport) -> contact_file.Table:
    try:
        return contact_file.read(files.path_of(row.file_key or "").read_bytes())
    except (FileNotFoundError, NotFound):
        raise NotFound("file", code="import_file_gone") from None


def _locked(import_id: int) -> ContactImport:
    row = db.session.scalar(
        select(ContactImport)
        .where(ContactImport.id == import_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("import")
    return row


def _end(row: ContactImport, state: str, failure: str | None = None) -> None:
    row.state, row.failure, row.finished_at = state, failure, now()


def _drop_file(row: ContactImport) -> None:
    """After the commit: a file without a row is found by the sweeper, a row without a file is lost."""
    if row.is_working or row.state == "draft" or not row.file_key:
        return
    files.discard(row.file_key)
    db.session.execute(update(ContactImport).where(ContactImport.id == row.id).values(file_key=None))
    db.session.commit()


def _as_mapping(columns: list[Column]) -> dict:
    return {"columns": [{"header": item.header, "target": item.target} for item in columns]}


def problems_of(row: ContactImport) -> Iterator[tuple[int, str, str, str]]:
    """Every problem of the file: line, machine word, column, value."""
    yield from (tuple(item) for item in row.errors.get("items", []))
