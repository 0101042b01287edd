"""Contacts as files: CSV and XLSX of a list, and everything about one contact as JSON.

Lists are read in pages of their own short queries, so that memory stays constant and a slow download
holds no transaction open.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import Attachment, Contact, Conversation, Message, Note
from cloudchat.services import accounts, audit, contacts, presenting
from cloudchat.services.accounts import Identity
from cloudchat.services.contacts import Filter
from cloudchat.tenancy import acting_as

BATCH = 50  # some milliseconds of work, for which others wait
PIECE = 4_000  # characters that are written before others get their turn
MAX_FIELD_COLUMNS = 200
LONGEST_CELL = 32_767  # what Excel takes
Cell = str | int | float | None  # numbers stay numbers, so that a spreadsheet can add them
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def safe_cell(value: str) -> str:
    """The text; what a spreadsheet would run as a formula gets a quote in front."""
    return "'" + value if value.lstrip(" ").startswith(FORMULA_SIGNS) else value


def rows(identity: Identity, wanted: Filter, headers: dict[str, str]) -> Iterator[list[str]]:
    """The heading and one row for each contact, oldest first; `headers` are the words for our columns.
    Custom fields follow, a column for each name.

    A response is sent after the request has left its organization, so each page enters it anew.
    """
    with acting_as(identity.organization_id):
        names = _field_names(wanted)
    yield [*(headers[key] for key in ("name", "phone", "email", "labels", "created", "active")), *names]
    after = None
    while True:
        lines, after = _page(identity, wanted, names, after)
        yield from lines
        if after is None:
            return


def _page(
    identity: Identity, wanted: Filter, names: list[str], after: tuple | None
) -> tuple[list[list[str]], tuple | None]:
    """The next rows, and after which contact to go on; None at the end."""
    zone = ZoneInfo(identity.timezone)
    accounts.check_still(identity, "manager")
    with acting_as(identity.organization_id):
        found = contacts.page(wanted, "created", after, BATCH)
        chosen = found[:BATCH]
        ids = [contact.id for contact in chosen]
        labels, active = contacts.labels_of(ids), contacts.last_activity_of(identity, ids)
        lines = [
            [
                row.name,
                row.phone or "",
                row.email or "",
                "; ".join(label.name for label in labels[row.id]),
                _moment(row.created_at, zone),
                _moment(active.get(row.id), zone),
                *(row.custom_fields.get(name, "") for name in names),
            ]
            for row in chosen
        ]
        db.session.rollback()  # gives the connection back while the reader takes its time
        db.session.expunge_all()
    return lines, (ids[-1],) if len(found) > BATCH else None


def _field_names(wanted: Filter) -> list[str]:
    name = func.jsonb_object_keys(Contact.custom_fields).label("name")
    inner = contacts.narrowed(select(name), wanted).subquery()
    statement = select(inner.c.name).distinct().order_by(inner.c.name).limit(MAX_FIELD_COLUMNS)
    return list(db.session.scalars(statement))


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else ""


def as_csv(lines: Iterable[list[Cell]]) -> Iterator[bytes]:
    """The rows as CSV, in pieces. The mark at the start makes Excel read UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    for line in lines:
        writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in line])
        if buffer.tell() > PIECE:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return piece


def sheet_name(title: str) -> str:
    """What Excel takes as the name of a sheet: at most 31 UTF-16 units, without its own signs."""
    name = re.sub(r"[\[\]:*?/\\']", " ", NOT_IN_XML.sub("", title))
    return name.encode("utf-16-le")[:62].decode("utf-16-le", "ignore").strip()


def record(wanted: Filter, kind: str) -> None:
    """Note in the audit log that contacts leave the house."""
    chosen = len(wanted.ids) if wanted.ids is not None else None
    audit.record("contacts.exported", None, kind=kind, q=wanted.q, label=wanted.label, selected=chosen)
    db.session.commit()


# --- one contact -------------------------------------------------------------------------------


def everything(contact_id: int) -> dict[str, Any]:
    """All that is kept about one contact, for the contact who asks for it."""
    contact = contacts.get(contact_id)
    audit.record("contact.exported", contact, name=contact.name)
    db.session.commit()
    conversations = db.session.scalars(
        select(Conversation).where(Conversation.contact_id == contact_id).order_by(Conversation.id)
    ).all()
    return {
        "id": contact.id,
        "name": contact.name,
        "phone": contact.phone,
        "email": contact.email,
        "labels": [label.name for label in contacts.labels_of([contact_id])[contact_id]],
        "custom_fields": contact.custom_fields,
        "created_at": presenting.iso(contact.created_at),
        "updated_at": presenting.iso(contact.updated_at),
        "identities": [
            {"device": device.name, "type": device.type, "external_id": row.external_id}
            for row, device in contacts.identities_of(contact_id)
        ],
        "conversations": [_conversation(row) for row in conversations],
    }


def _conversation(row: Conversation) -> dict[str, Any]:
    of_it = {"conversation_id": row.id}
    return {
        "id": row.id,
        "status": row.status,
        "created_at": presenting.iso(row.created_at),
        "resolved_at": presenting.iso(row.resolved_at),
        "messages": [presenting.message(item, []) for item in _all(Message, **of_it)],
        "attachments": [presenting.attachment(item) for item in _all(Attachment, **of_it)],
        "notes": [
            {"text": item.text, "created_at": presenting.iso(item.created_at)} for item in _all(Note, **of_it)
        ],
    }


def _all(model: type, **criteria) -> list:
    return list(db.session.scalars(select(model).filter_by(**criteria).order_by(model.id)))
