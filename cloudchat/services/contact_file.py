"""Contact files as people save them: encodings, separators, headers, columns.

Nothing here knows the database. What a file holds is judged, never trusted: whatever the bytes are,
`read` answers a table or raises Invalid.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from cloudchat.errors import Invalid, PayloadTooLarge
from cloudchat.services.contacts import MAX_CUSTOM_FIELDS, MAX_FIELD_NAME

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 100
LONGEST_RECORD = 50  # lines; more means that a quotation mark was never closed
SEPARATORS = (",", ";", "\t")
TARGETS = ("name", "phone", "email", "labels", "field", "skip")

csv.field_size_limit(MAX_BYTES)

_FIRST_NAMES = {"firstname", "givenname", "namadepan"}
_LAST_NAMES = {"lastname", "familyname", "surname", "namabelakang"}
_GUESSES = {
    "name": {"name", "nama", "fullname", "displayname", "namalengkap", "namakontak", "namapelanggan"}
    | {"contactname", "customername", "namacustomer", "customer", "pelanggan", "contact", "kontak"},
    "phone": {"phone", "phonenumber", "mobile", "mobilephone", "mobilenumber", "telephone", "tel"}
    | {"telepon", "telp", "tlp", "notelp", "notelepon", "nomortelepon", "nomortelp", "ponsel"}
    | {"hp", "nohp", "nomorhp", "handphone", "nohandphone", "nomorhandphone", "phone1value"}
    | {"whatsapp", "wa", "nowa", "nomorwa", "nowhatsapp", "nomorwhatsapp", "whatsappnumber"},
    "email": {"email", "emailaddress", "alamatemail", "mail", "surel", "email1value"},
    "labels": {"label", "labels", "tag", "tags"},
    "skip": {"id", "contactid", "created", "createdat", "dibuat", "lastactivity", "aktivitasterakhir"},
}
_DATA = re.compile(r"'?[+(]?\d[\d\s().-]{6,}|\S+@\S+\.\S+")


@dataclass(frozen=True)
class Record:
    """One row of the file and the line on which it begins."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Column:
    """A column's heading, and what it is read as: one of TARGETS."""

    header: str
    target: str


@dataclass(frozen=True)
class Table:
    """A file that was read: its columns as guessed, and its rows without the heading."""

    columns: list[Column]
    records: list[Record]
    has_header: bool


def read(content: bytes) -> Table:
    """The table that these bytes are. Raises Invalid, PayloadTooLarge."""
    if len(content) > MAX_BYTES:
        raise PayloadTooLarge("file", fields={"file": ["import_too_large"]})
    text = decode(content)
    records = list(islice(_records(text), MAX_ROWS + 2))
    if not records:
        raise _refused("file_empty")
    has_header = not any(_DATA.fullmatch(cell.strip()) for cell in records[0].cells)
    body = records[1:] if has_header else records
    if len(body) > MAX_ROWS:
        raise _refused("import_too_many_rows")
    if not body:
        raise _refused("import_no_rows")
    width = len(records[0].cells)
    if width > MAX_COLUMNS:
        raise _refused("import_too_many_columns")
    headers = _headers(records[0].cells) if has_header else [letter(i) for i in range(width)]
    return Table(guess(headers, has_header, body[:20]), body, has_header)


def _refused(code: str) -> Invalid:
    return Invalid("file", fields={"file": [code]})


def decode(content: bytes) -> str:
    """The text of a CSV file in any of the encodings that spreadsheets save. Raises Invalid."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _refused("import_is_workbook")
    head = content[:2000]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", "replace")
    elif head and head.count(0) > len(head) // 4:  # UTF-16 without its mark: every other byte is 0
        little = head[1::2].count(0) >= head[::2].count(0)
        text = content.decode("utf-16-le" if little else "utf-16-be", "replace")
    else:
        text = _decode_bytes(content)
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    head = text[:2000]
    if sum(char < " " and char not in "\n\t" for char in head) > len(head) // 10:
        raise _refused("import_not_text")
    return text


def _decode_bytes(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _records(text: str) -> Iterator[Record]:
    """The rows that hold anything, with the number of the line on which each begins."""
    lines = 0
    announced = re.match(r"sep=([,;\t])\n", text, re.IGNORECASE)  # how Excel names its separator
    if announced:
        separator, text, lines = announced[1], text[announced.end() :], 1
    else:
        separator = separator_of(text)
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=separator)
    begin = 0
    for cells in reader:
        line, begin = begin + 1, reader.line_num
        if any(cell.strip() for cell in cells):
            if begin - line >= LONGEST_RECORD:
                raise Invalid("file", fields={"file": ["import_open_quote"]}, extra={"line": line + lines})
            yield Record(line + lines, cells)


def separator_of(text: str) -> str:
    """The separator by which the first rows fall into columns best."""

    def score(separator: str) -> tuple:
        reader = csv.reader(io.StringIO(text[:20_000], newline="\n"), delimiter=separator)
        widths = [len(cells) for _, cells in zip(range(20), reader, strict=False) if cells]
        width = widths[0] if widths else 0
        return (width > 1, sum(other == width for other in widths), width)

    return max(SEPARATORS, key=score)


def _headers(cells: list[str]) -> list[str]:
    """Headings to show and to keep fields under: short, never empty, each once."""
    taken: set[str] = set()
    headers = []
    for place, cell in enumerate(cells):
        plain = "".join(char for char in " ".join(cell.split()) if char.isprintable())
        header = base = plain[: MAX_FIELD_NAME - 5] or letter(place)
        number = 2
        while header.casefold() in taken:
            header, number = f"{base} {number}", number + 1
        taken.add(header.casefold())
        headers.append(header)
    return headers


def letter(place: int) -> str:
    """A, B, … Z, AA: what a spreadsheet calls its columns."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def guess(headers: list[str], has_header: bool, sample: list[Record]) -> list[Column]:
    """What each column probably is: by its heading, or by what stands in it."""
    words = [re.sub(r"[\W_]", "", header.casefold()) for header in headers]
    has_full_name = any(word in _GUESSES["name"] for word in words)
    columns: list[Column] = []
    for place, (header, word) in enumerate(zip(headers, words, strict=True)):
        values = [row.cells[place].strip() for row in sample if place < len(row.cells)]
        target = _guess_one(word, has_full_name) if has_header else _guess_by_values(values)
        taken = any(column.target == target for column in columns)
        if taken and target != "skip" and (target != "name" or has_full_name):
            target = "field"
        if target == "field" and not any(values):
            target = "skip"
        columns.append(Column(header, target))
    return _within_limit(columns)


def _guess_one(word: str, has_full_name: bool) -> str:
    for target, known in _GUESSES.items():
        if word in known:
            return target
    if word in _FIRST_NAMES | _LAST_NAMES and not has_full_name:
        return "name"
    return "field"


def _guess_by_values(values: list[str]) -> str:
    filled = [value for value in values if value]
    if filled and all("@" in value for value in filled):
        return "email"
    if filled and all(_DATA.fullmatch(value) for value in filled):
        return "phone"
    return "name" if filled and not any(char.isdigit() for char in filled[0]) else "field"


def _within_limit(columns: list[Column]) -> list[Column]:
    """More columns than a contact may have fields: the last ones are left out until somebody chooses."""
    fields = 0
    kept = []
    for column in columns:
        fields += column.target == "field"
        too_many = column.target == "field" and fields > MAX_CUSTOM_FIELDS
        kept.append(Column(column.header, "skip") if too_many else column)
    return kept


def check_columns(columns: list[Column]) -> None:
    """Raise Invalid for a choice of targets that cannot be imported."""
    chosen = [column.target for column in columns]
    problem = None
    if any(target not in TARGETS for target in chosen):
        problem = "unknown"
    elif "phone" not in chosen and "email" not in chosen:
        problem = "import_no_key"
    elif any(chosen.count(target) > 1 for target in ("phone", "email", "labels")):
        problem = "import_target_twice"
    elif chosen.count("field") > MAX_CUSTOM_FIELDS:
        problem = "custom_fields_invalid"
    if problem:
        raise Invalid("mapping", fields={"mapping": [problem]})
