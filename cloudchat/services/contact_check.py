"""What importing a file would do: counts, the first rows as they will be, every problem."""

from itertools import islice

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Label
from cloudchat.services import contact_rows
from cloudchat.services.contact_file import Column, Record
from cloudchat.services.contact_matching import known_keys, match
from cloudchat.services.contact_rows import Row

BATCH = 1000
SHOWN_ROWS = 20
SHOWN_LABELS = 50


def preview_of(records: list[Record], columns: list[Column]) -> tuple[dict, list[list]]:
    """`{new, known, duplicate, error, rows, new_labels}` and the problems as `as_items` gives them.
    The four counts add up to the number of rows."""
    counts = {"new": 0, "known": 0, "duplicate": 0, "error": 0}
    labels: dict[str, str] = {}
    shown: list[dict] = []
    bad: list[Row] = []
    rows = contact_rows.check(records, columns)
    while batch := list(islice(rows, BATCH)):
        find = match(known_keys(batch))
        for row in batch:
            status = _status(row, find(row))
            counts[status] += 1
            if row.is_good:
                labels.update({name.casefold(): name for name in row.labels})
            else:
                bad.append(row)
            if len(shown) < SHOWN_ROWS:
                shown.append({**_as_plain(row), "status": status})
    return {**counts, "rows": shown, "new_labels": _unknown(labels)}, as_items(bad)


def as_items(rows: list[Row]) -> list[list]:
    """The problems of rows as they are kept: line, machine word, column, value."""
    return [[row.line, item.code, item.column, item.value] for row in rows for item in row.problems]


def _status(row: Row, contact_id: int | None) -> str:
    if row.is_duplicate:
        return "duplicate"
    if not row.is_good:
        return "error"
    return "known" if contact_id else "new"


def _unknown(labels: dict[str, str]) -> list[str]:
    known = {name.casefold() for name in db.session.scalars(select(Label.name))}
    return sorted(name for key, name in labels.items() if key not in known)[:SHOWN_LABELS]


def _as_plain(row: Row) -> dict:
    return {
        "line": row.line,
        "name": row.name or row.phone or row.email or "",
        "phone": row.phone,
        "email": row.email,
        "labels": row.labels,
        "fields": row.fields,
        "problems": [[item.code, item.column, item.value] for item in row.problems],
    }
