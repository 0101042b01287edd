"""Questions as files: what an import would do, what it does, and an export that comes back as it was."""

import io

import openpyxl
import pytest
from sqlalchemy import select

from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import ChatbotQa
from cloudchat.services import bot_files
from cloudchat.tenancy import acting_as


@pytest.fixture
def bot(cast, make):
    row = make.bot(cast.organization_id)
    make.pair(row, "Bisa COD?", "=1+1", alternatives=["Bayar di tempat", "cod"])
    with acting_as(cast.organization_id):
        yield row


def workbook(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_new_changed_and_wrong_rows(bot, kind):
    rows = [
        ("Pertanyaan", "Alternatif", "Jawaban", "Aktif"),
        ("bisa cod?", "", "Bisa.", "tidak"),
        ("Jam buka?", "buka jam brp; tutup jam brp", "08.00", "ya"),
        ("Jam buka?", "", "09.00", ""),
        ("", "", "Tanpa soal", ""),
    ]
    content = workbook(*rows) if kind == "xlsx" else "\n".join(",".join(row) for row in rows).encode()
    found = bot_files.check(bot.id, f"a.{kind}", content)
    assert [row["question"] for row in found.added] == ["Jam buka?"] and len(found.changed) == 1
    assert found.errors == [(4, "question", "pair_twice"), (5, "question", "required")]
    bot_files.load(bot.id, f"a.{kind}", content)
    kept = {
        row.question: row for row in db.session.scalars(select(ChatbotQa).where(ChatbotQa.bot_id == bot.id))
    }
    assert kept["Jam buka?"].alternatives == ["buka jam brp", "tutup jam brp"]
    assert kept["bisa cod?"].answer == "Bisa." and not kept["bisa cod?"].is_active


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "file_empty"),
        (b"PK\x03\x04 no workbook", "pairs_file_unreadable"),
        (b"\xff\xfe\x00", "pairs_file_unreadable"),
        (b"nama,telepon\na,b\n", "pairs_file_headings"),
        (b"question,answer\n", "import_no_rows"),
        (b"question,answer\n" + b"a,b\n" * 5002, "pairs_file_too_long"),
    ],
)
def test_files_that_cannot_be_read_say_why(bot, content, word):
    with pytest.raises(Invalid) as refused:
        bot_files.check(bot.id, "a.csv", content)
    assert refused.value.fields == {"file": [word]}


def test_an_export_is_safe_and_comes_back(bot, as_person, cast):
    url = f"/app/chatbot/{bot.id}/export"
    sheet = as_person(cast.manager).get(url).data
    assert b"'=1+1" in sheet
    again = bot_files.check(bot.id, "a.csv", sheet)
    assert again.changed[0][1]["answer"] == "=1+1" and not again.added and not again.errors
    book = as_person(cast.manager).get(f"{url}?format=xlsx").data
    assert bot_files.check(bot.id, "a.xlsx", book).changed[0][1]["alternatives"] == ["Bayar di tempat", "cod"]
