"""Exports: a ZIP of everything about a contact or the organization, written by a job.

A row of each table is a line of `data/<table>.jsonl`, files lie under `files/`. What a worker that dies
leaves behind is begun anew, three times at most.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from cloudchat.errors import Conflict, NotFound
from cloudchat.events import ExportDue, publish
from cloudchat.extensions import db, now
from cloudchat.models import Attachment, Conversation, DataExport
from cloudchat.services import audit, contacts, files
from cloudchat.services.data import tables
from cloudchat.services.secrets import random_token
from cloudchat.tenancy import current_organization_id

KEPT = timedelta(days=7)
STALLED = timedelta(minutes=2)
MOST_ATTEMPTS = 3
BEAT = 2000  # rows between two signs of life
NOTE = {
    "left_out": list(tables.LEFT_OUT),
    "without": {name: list(columns) for name, columns in tables.SECRETS.items()},
}


def start(contact_id: int | None, user_id: int | None) -> DataExport:
    """Have everything about a contact, or the organization, put together. Raises NotFound; Conflict
    where such an export is being made already."""
    contact = contacts.get(contact_id) if contact_id is not None else None
    working = DataExport.state.in_(("queued", "running"))
    same = DataExport.contact_id.is_not_distinct_from(contact_id)
    if db.session.scalar(select(DataExport.id).where(working, same).limit(1)):
        raise Conflict("export_running", code="export_running")
    row = DataExport(contact_id=contact_id, created_by=user_id)
    db.session.add(row)
    db.session.flush()
    if contact is not None:
        audit.record("contact.exported", contact, name=contact.name)
    else:
        audit.record("organization.exported", row)
    publish(ExportDue(row.organization_id, row.id))
    db.session.commit()
    return row


def get(export_id: int) -> DataExport:
    found = db.session.get(DataExport, export_id, populate_existing=True)
    if found is None:
        raise NotFound("export")
    return found


def file_of(export_id: int) -> Path:
    """The finished ZIP. Raises NotFound."""
    row = get(export_id)
    path = files.path_of(row.file_key or "")
    if row.state != "done" or not path.exists():
        raise NotFound("export")
    return path


def page(contact_id: int | None = None, limit: int = 20) -> list[DataExport]:
    """The latest exports of a contact; without one, all of them."""
    statement = select(DataExport).order_by(DataExport.id.desc()).limit(limit)
    if contact_id is not None:
        statement = statement.where(DataExport.contact_id == contact_id)
    return list(db.session.scalars(statement))


def stalled() -> list[tuple[int, int]]:
    """(organization id, export id) of exports whose worker or job is gone. Reads across all."""
    statement = select(DataExport.organization_id, DataExport.id).where(
        DataExport.state.in_(("queued", "running")), DataExport.updated_at < now() - STALLED
    )
    return [tuple(row) for row in db.session.execute(statement)]


# --- the job -----------------------------------------------------------------------------------


def work(export_id: int) -> None:
    """Put one export together, unless somebody does or has done so."""
    row = _claim(export_id)
    if row is None:
        return
    key = f"{row.organization_id}/{random_token(24)}"
    path = files.path_of(key)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(path.name + ".part")
    try:
        _set(export_id, total=_total(row.contact_id))
        counts = _write(draft, row)
        draft.rename(path)
        done = {"state": "done", "file_key": key, "size": path.stat().st_size, "finished_at": now()}
        if not _set(export_id, counts=counts, done=sum(counts.values()), **done):
            path.unlink(missing_ok=True)  # the contact was deleted meanwhile
    except Exception:
        db.session.rollback()
        draft.unlink(missing_ok=True)
        if row.attempts >= MOST_ATTEMPTS:
            _set(export_id, state="failed", finished_at=now())
        raise


def _claim(export_id: int) -> DataExport | None:
    row = db.session.get(DataExport, export_id, with_for_update=True, populate_existing=True)
    busy = row is not None and row.state == "running" and row.updated_at > now() - STALLED
    if row is None or busy or row.state in ("done", "failed"):
        db.session.rollback()
        return None
    row.attempts += 1
    row.state = "running" if row.attempts <= MOST_ATTEMPTS else "failed"
    row.updated_at = now()
    db.session.commit()
    return row if row.state == "running" else None


def _set(export_id: int, **values: Any) -> int:
    changed = db.session.execute(
        update(DataExport)
        .where(DataExport.id == export_id)
        .values(updated_at=now(), **values)
        .execution_options(synchronize_session=False)
    ).rowcount
    db.session.commit()
    return changed


def _chosen(contact_id: int | None) -> Iterator[tuple]:
    """(table, criterion) of all that belongs into it."""
    for table in tables.exported_tables():
        if contact_id is None:
            yield table, None
        elif (criterion := tables.about_contact(table, contact_id)) is not None and table.name not in (
            "data_exports",
        ):
            yield table, criterion


def _total(contact_id: int | None) -> int:
    rows = sum(tables.count(table, criterion) for table, criterion in _chosen(contact_id))
    return rows + len(_file_rows(contact_id))


def _file_rows(contact_id: int | None) -> list[tuple[int, str, str]]:
    statement = select(Attachment.id, Attachment.file_key, Attachment.filename).where(
        Attachment.state == "ready", Attachment.file_key.is_not(None)
    )
    if contact_id is not None:
        of_contact = select(Conversation.id).where(Conversation.contact_id == contact_id)
        statement = statement.where(Attachment.conversation_id.in_(of_contact))
    return [tuple(row) for row in db.session.execute(statement.order_by(Attachment.id))]


def _write(draft: Path, row: DataExport) -> dict[str, int]:
    """Fill the ZIP; answers how many rows of each table, and files, are in it."""
    counts: dict[str, int] = {}
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for table, criterion in _chosen(row.contact_id):
            with archive.open(f"data/{table.name}.jsonl", "w", force_zip64=True) as out:
                for page in tables.pages(table, criterion):
                    for item in page:
                        out.write(json.dumps(item, ensure_ascii=False).encode() + b"\n")
                    counts[table.name] = counts.get(table.name, 0) + len(page)
                    _set(row.id, done=sum(counts.values()))
        counts |= _write_files(archive, row, sum(counts.values()))
        told = {"organization_id": current_organization_id(), "contact_id": row.contact_id}
        told |= {"made_at": now().isoformat(), "counts": counts, **NOTE}
        archive.writestr("about.json", json.dumps(told, indent=2))
    return counts


def _write_files(archive: zipfile.ZipFile, row: DataExport, done: int) -> dict[str, int]:
    written = 0
    for number, key, filename in _file_rows(row.contact_id):
        path = files.path_of(key)
        if path.exists():
            archive.write(path, f"files/{number}-{files.safe_name(filename)}", zipfile.ZIP_STORED)
            written += 1
        if written % 50 == 0:
            _set(row.id, done=done + written)
    return {"files": written}


def drop_old(days: int | None = None) -> None:
    """Delete exports that have been there long enough, with their files."""
    kept = timedelta(days=days) if days is not None else KEPT
    old = select(DataExport.id, DataExport.file_key).where(
        DataExport.state.in_(("done", "failed")), DataExport.finished_at < now() - kept
    )
    rows = db.session.execute(old).all()
    db.session.execute(
        delete(DataExport)
        .where(DataExport.id.in_([row.id for row in rows]))
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    for row in rows:
        if row.file_key:
            files.discard(row.file_key)
