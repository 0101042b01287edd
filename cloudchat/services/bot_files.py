"""Questions of a bot as a file: read with every problem named by its line, and written out again."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from sqlalchemy import select

from cloudchat.channels.payload import clean_text
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import ChatbotQa
from cloudchat.services import audit, bot_pairs, bot_settings

LARGEST = 5 * 1024 * 1024
LARGEST_UNPACKED = 100 * 1024 * 1024
MOST_ROWS = bot_pairs.MOST_PAIRS
HEADINGS = {
    "question": ("question", "pertanyaan", "q"),
    "alternatives": ("alternatives", "alternatif", "cara lain", "other ways", "variasi"),
    "answer": ("answer", "jawaban", "a"),
    "is_active": ("active", "aktif", "is_active"),
}
NO = ("0", "no", "n", "false", "tidak", "off", "nonaktif")
_SEPARATORS = ";|\n"


@dataclass
class Check:
    """What an import would do: values by line, and what is wrong with the others."""

    added: list[dict] = field(default_factory=list)
    changed: list[tuple[int, dict]] = field(default_factory=list)
    errors: list[tuple[int, str, str]] = field(default_factory=list)  # line, column, machine word

    @property
    def total(self) -> int:
        return len(self.added) + len(self.changed)


def check(bot_id: int, name: str, content: bytes) -> Check:
    """Read a CSV or XLSX file against what the bot knows. Raises Invalid for a file as a whole."""
    bot = bot_settings.get(bot_id)
    rows = _read(name, content)
    columns = _columns(next(rows, []))
    known = dict(
        db.session.execute(select(ChatbotQa.question, ChatbotQa.id).where(ChatbotQa.bot_id == bot.id)).all()
    )
    ids = {_key(question): qa_id for question, qa_id in known.items()}
    found, seen = Check(), set()
    for line, cells in enumerate(rows, 2):
        if line > MOST_ROWS + 1:
            raise Invalid("file", fields={"file": ["pairs_file_too_long"]})
        if any(cell.strip() for cell in cells):
            _take(found, ids, seen, line, _values(columns, cells))
    if not found.total and not found.errors:
        raise Invalid("file", fields={"file": ["import_no_rows"]})
    if len(ids) + len(found.added) > bot_pairs.MOST_PAIRS:
        raise Invalid("file", fields={"file": ["too_many_pairs"]})
    return found


def _take(found: Check, ids: dict, seen: set, line: int, values: dict) -> None:
    try:
        checked = bot_pairs.checked({"question": "", "answer": "", **values})
    except Invalid as error:
        found.errors += [(line, column, words[0]) for column, words in error.fields.items()]
        return
    key = _key(checked["question"])
    if key in seen:
        found.errors.append((line, "question", "pair_twice"))
    elif key in ids:
        found.changed.append((ids[key], checked))
    else:
        found.added.append(checked)
    seen.add(key)


def load(bot_id: int, name: str, content: bytes) -> Check:
    """Import what is right, all in one transaction; a question that is there gets the new answer."""
    bot = bot_settings.get(bot_id, lock=True)
    found = check(bot.id, name, content)
    rows = {row.id: row for row in db.session.scalars(select(ChatbotQa).where(ChatbotQa.bot_id == bot.id))}
    for qa_id, values in found.changed:
        for column, value in values.items():
            setattr(rows[qa_id], column, value)
    db.session.add_all(ChatbotQa(bot_id=bot.id, **values) for values in found.added)
    audit.record("pairs.imported", bot, added=len(found.added), changed=len(found.changed))
    db.session.flush()
    bot_pairs.touch(bot.id)
    db.session.commit()
    return found


def lines(bot_id: int, headings: list[str]) -> Iterator[list[str]]:
    """The heading and a row for each question, as `check` reads them."""
    bot = bot_settings.get(bot_id)
    audit.record("pairs.exported", bot, name=bot.name)
    db.session.commit()
    rows = db.session.scalars(select(ChatbotQa).where(ChatbotQa.bot_id == bot.id).order_by(ChatbotQa.id))
    found = [
        [row.question, "; ".join(row.alternatives), row.answer, "1" if row.is_active else "0"] for row in rows
    ]
    return iter([headings, *found])


# --- reading -----------------------------------------------------------------------------------


def _read(name: str, content: bytes) -> Iterator[list[str]]:
    if not content:
        raise Invalid("file", fields={"file": ["file_empty"]})
    if len(content) > LARGEST:
        raise Invalid("file", fields={"file": ["pairs_file_too_large"]})
    if content.startswith(b"PK"):
        return _read_workbook(content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("file", fields={"file": ["pairs_file_unreadable"]}) from None
    return _read_csv(text)


def _read_csv(text: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from (
            [clean_text(cell) for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter)
        )
    except csv.Error:
        raise Invalid("file", fields={"file": ["pairs_file_unreadable"]}) from None


def _read_workbook(content: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > LARGEST_UNPACKED:
                raise Invalid("file", fields={"file": ["pairs_file_too_large"]})
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(max_row=MOST_ROWS + 2, max_col=20, values_only=True)
        yield from ([clean_text("" if cell is None else str(cell)) for cell in row] for row in rows)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, OSError):
        raise Invalid("file", fields={"file": ["pairs_file_unreadable"]}) from None


def _columns(heading: list[str]) -> dict[str, int]:
    """The place of each column by its name. Raises Invalid where question or answer is missing."""
    names = [cell.strip().lower() for cell in heading]
    found = {
        column: next(names.index(word) for word in words if word in names)
        for column, words in HEADINGS.items()
        if any(word in names for word in words)
    }
    if "question" not in found or "answer" not in found:
        raise Invalid("file", fields={"file": ["pairs_file_headings"]})
    return found


def _values(columns: dict[str, int], cells: list[str]) -> dict:
    values: dict = {}
    for column, place in columns.items():
        cell = _bare(cells[place]) if place < len(cells) else ""
        if column == "alternatives":
            values[column] = [part for part in cell.translate(_SPLIT).split("\n") if part.strip()]
        elif column == "is_active":
            values[column] = cell.strip().lower() not in NO
        else:
            values[column] = cell
    return values


_SPLIT = str.maketrans(dict.fromkeys(_SEPARATORS, "\n"))


def _bare(cell: str) -> str:
    """Without the quotation mark that our export puts before what looks like a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:].lstrip(" ")[:1] in ("=", "+", "-", "@") else cell


def _key(question: str) -> str:
    return " ".join(question.lower().split())
