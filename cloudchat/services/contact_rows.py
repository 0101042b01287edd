"""Rows of a contact file as contacts: cleaned, checked, and compared with each other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cloudchat.errors import Invalid
from cloudchat.services.accounts import check_email
from cloudchat.services.contact_file import Column, Record
from cloudchat.services.contacts import MAX_FIELD_VALUE, normalize_phone

MAX_NAME = 255
MAX_LABELS = 50
MAX_LABEL = 60
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# What a spreadsheet makes of a long number that it takes for a quantity: the last digits are gone.
_SHORTENED = re.compile(r"\d([.,]\d+)?e\+?\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Problem:
    """Why a row is not imported: a machine word, the column, what stands there."""

    code: str
    column: str = ""
    value: str = ""


@dataclass
class Row:
    """One row as the contact that it would become."""

    line: int
    name: str = ""
    phone: str | None = None
    email: str | None = None
    labels: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    is_duplicate: bool = False

    @property
    def is_good(self) -> bool:
        return not self.problems


def check(records: list[Record], columns: list[Column]) -> Iterator[Row]:
    """Every record as a row, in order: right, or with its problems. Raises nothing.

    The first row with a phone number or e-mail address counts; later ones with the same are duplicates.
    """
    seen: dict[str, int] = {}
    for record in records:
        row = _row(record, columns)
        if row.is_good:
            _compare(row, seen)
        yield row


def _compare(row: Row, seen: dict[str, int]) -> None:
    keys = {"phone": row.phone, "email": row.email}
    for kind, key in keys.items():
        if key in seen:
            row.is_duplicate = True
            row.problems.append(Problem(f"import_same_{kind}", "", str(seen[key])))
            return
    seen.update((key, row.line) for key in keys.values() if key)


def _row(record: Record, columns: list[Column]) -> Row:
    row = Row(record.line)
    names = []
    for place, cell in enumerate(record.cells):
        value = clean(cell)
        if not value:
            continue
        if place >= len(columns):
            row.problems.append(Problem("import_too_many_cells", "", value[:100]))
            break
        if columns[place].target == "name":
            names.append(value)
        else:
            _READERS[columns[place].target](row, columns[place].header, value)
    row.name = " ".join(names)
    if len(row.name) > MAX_NAME:
        row.problems.append(Problem("too_long", "name", row.name[:100]))
    if row.is_good and not (row.phone or row.email):
        row.problems.append(Problem("import_row_no_key", "", row.name[:100]))
    return row


def clean(cell: str) -> str:
    """A cell's text without what cannot be seen, and without the quote that our export puts before
    what a spreadsheet would take for a formula."""
    text = _INVISIBLE.sub("", cell)
    stripped = text.strip()
    if stripped.startswith("'") and text.lstrip()[1:2] in set("=+-@\t\n"):
        return stripped[1:].strip()
    return stripped


def _read_phone(row: Row, header: str, value: str) -> None:
    if _SHORTENED.fullmatch(value):
        row.problems.append(Problem("import_phone_shortened", header, value[:100]))
        return
    try:
        row.phone = normalize_phone(value)
    except Invalid:
        row.problems.append(Problem("phone_invalid", header, value[:100]))


def _read_email(row: Row, header: str, value: str) -> None:
    try:
        row.email = check_email(value)
    except Invalid:
        row.problems.append(Problem("email_invalid", header, value[:100]))


def _read_labels(row: Row, header: str, value: str) -> None:
    found = {part.strip().casefold(): part.strip() for part in re.split(r"[,;|\n]", value)}
    found.pop("", None)
    if len(found) > MAX_LABELS or any(len(name) > MAX_LABEL for name in found.values()):
        row.problems.append(Problem("import_labels", header, value[:100]))
        return
    row.labels = list(found.values())


def _read_field(row: Row, header: str, value: str) -> None:
    if len(value) > MAX_FIELD_VALUE:
        row.problems.append(Problem("import_value_too_long", header, value[:100]))
    row.fields[header] = value


_READERS = {
    "phone": _read_phone,
    "email": _read_email,
    "labels": _read_labels,
    "field": _read_field,
    "skip": lambda row, header, value: None,
}
