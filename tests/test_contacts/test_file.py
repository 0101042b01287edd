"""Reading contact files: whatever the bytes are, a table comes out or a refusal, never a crash."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.errors import AppError, Invalid, PayloadTooLarge
from cloudchat.services import contact_export, contact_file, contact_rows
from cloudchat.services.contact_file import Column, read

ROWS = [["Nama", "No. HP", "Email"], ["Budi, S.E.", "0812-3456-7890", "budi@contoh.com"]]


def as_csv(rows, delimiter=",", encoding="utf-8"):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_and_separators(delimiter, encoding):
    rows = [*ROWS, ["José", "081298765432", ""]]
    table = read(as_csv(rows, delimiter, encoding))
    assert [column.target for column in table.columns] == ["name", "phone", "email"]
    assert [record.cells for record in table.records] == rows[1:]


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("Nama Lengkap", "name"),
        ("name", "name"),
        ("Telepon", "phone"),
        ("HP", "phone"),
        ("WhatsApp", "phone"),
        ("Phone Number", "phone"),
        ("E-mail", "email"),
        ("Alamat Email", "email"),
        ("Label", "labels"),
        ("tags", "labels"),
        ("Kota", "field"),
        ("Dibuat", "skip"),
    ],
)
def test_headings_are_guessed(header, target):
    table = read(as_csv([[header, "x"], ["a", "b"]]))
    assert table.columns[0] == Column(header, target)


def test_first_and_last_name_become_one():
    table = read(as_csv([["First Name", "Last Name", "Phone"], ["Budi", "Santoso", "081234567890"]]))
    (row,) = contact_rows.check(table.records, table.columns)
    assert row.name == "Budi Santoso"


def test_a_file_without_heading():
    table = read(b"Budi,081234567890,budi@contoh.com\nSiti,081234567891,siti@contoh.com\n")
    assert not table.has_header
    assert [column.target for column in table.columns] == ["name", "phone", "email"]
    assert len(table.records) == 2


def test_same_heading_twice_and_empty_heading():
    table = read(b"phone,Kota,kota,\n081234567890,A,B,C\n")
    assert [column.header for column in table.columns] == ["phone", "Kota", "kota 2", "D"]


def test_lines_are_counted_over_line_breaks_in_cells():
    table = read(b'name,phone\r\n"A\r\nB",081234567890\r\n\r\nC,081234567891\r\n')
    assert [record.line for record in table.records] == [2, 5]


def test_excel_names_its_separator():
    table = read(b"sep=;\nname;phone\nA,B;081234567890\n")
    assert table.records[0].line == 3
    assert table.records[0].cells == ["A,B", "081234567890"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"\n\n , \n", "file_empty"),
        (b"name,phone\n", "import_no_rows"),
        (b"PK\x03\x04rest", "import_is_workbook"),
        (bytes(range(1, 32)) * 30, "import_not_text"),
        (b"name,phone\n" + b"A,0812\n" * 50_001, "import_too_many_rows"),
        (b"name,phone\n" + b'"never closed,0812\n' + b"A,0812\n" * 60, "import_open_quote"),
        (",".join(f"c{i}" for i in range(101)).encode() + b"\nx\n", "import_too_many_columns"),
    ],
)
def test_refusals_say_what_to_do(content, code):
    with pytest.raises(Invalid) as refusal:
        read(content)
    assert refusal.value.fields == {"file": [code]}


def test_too_large():
    with pytest.raises(PayloadTooLarge):
        read(b"a" * (contact_file.MAX_BYTES + 1))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    try:
        table = read(content)
    except AppError:
        return
    rows = list(contact_rows.check(table.records, table.columns))
    assert len(rows) == len(table.records)


cells = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["081234567890", "+62 812-3456-7890", "a@contoh.com", "6.28E+12", "", "'+62"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(cells, min_size=1, max_size=5), min_size=1, max_size=12))
def test_every_row_is_right_or_has_a_reason(body):
    content = as_csv([["nama", "hp", "email", "label", "kota"], *body])
    try:
        table = read(content)
    except AppError:
        return
    rows = list(contact_rows.check(table.records, table.columns))
    good = [row for row in rows if row.is_good]
    assert len(good) + sum(1 for row in rows if row.problems) == len(table.records)
    phones = [row.phone for row in good if row.phone]
    emails = [row.email for row in good if row.email]
    assert len(phones) == len(set(phones))
    assert len(emails) == len(set(emails))
    assert all(row.phone or row.email for row in good)
    assert all("\0" not in row.name for row in rows)


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\n\t=+-@'"), max_size=40
    )
)
def test_what_is_exported_is_read_back(text):
    written = b"".join(contact_export.as_csv([["phone", "catatan"], ["081234567890", text]]))
    table = read(written)
    (row,) = contact_rows.check(table.records, [Column("phone", "phone"), Column("catatan", "field")])
    assert row.fields.get("catatan", "") == contact_rows.clean(text)


@pytest.mark.parametrize(
    ("cell", "code"),
    [("abc", "phone_invalid"), ("6.28123E+12", "import_phone_shortened"), ("0812", "phone_invalid")],
)
def test_numbers_that_cannot_be_used(cell, code):
    (row,) = contact_rows.check([contact_file.Record(2, [cell])], [Column("hp", "phone")])
    assert [problem.code for problem in row.problems] == [code]


@pytest.mark.parametrize(
    "cell", ["081234567890", "0812-3456-7890", "81234567890", "6281234567890", "'+6281234567890"]
)
def test_ways_to_write_a_number(cell):
    (row,) = contact_rows.check([contact_file.Record(2, [cell])], [Column("hp", "phone")])
    assert row.phone == "+6281234567890"
