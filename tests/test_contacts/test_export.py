"""Contacts as files: complete, open in a spreadsheet, run nothing."""

import csv
import io
import json
import shutil
import subprocess
import tracemalloc

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.extensions import db
from cloudchat.models import Contact
from cloudchat.services import contact_export, contact_import, contacts, workbooks
from cloudchat.services.contacts import Filter
from cloudchat.tenancy import acting_as

HOSTILE = ['=HYPERLINK("x")', "+cmd|calc", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "<script>alert(1)</script>"]


def read_csv(answer):
    text = answer.get_data().decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.fixture
def people(cast, make):
    """Hostile names and fields, one ordinary contact, and somebody else's."""
    for number, text in enumerate(HOSTILE):
        make.contact(cast.organization_id, text, custom_fields={"=Kolom": text, "kota": str(number)})
    make.contact(cast.organization_id, "Budi", phone="+6281234567890", email="budi@contoh.com")
    make.contact(cast.neighbour_id, "Rahasia", phone="+6281111111111")
    return cast


def test_csv_runs_nothing(people, as_person):
    answer = as_person(people.manager).get("/app/contacts/export?format=csv")
    assert answer.status_code == 200
    assert ".csv" in answer.headers["Content-Disposition"]
    lines = read_csv(answer)
    assert len(lines) == len(HOSTILE) + 2
    assert "Rahasia" not in str(lines)
    for line in lines:
        assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)
    (budi,) = [line for line in lines if line[0] == "Budi"]
    assert budi[1] == "'+6281234567890"


def test_xlsx_has_texts_only(people, as_person):
    answer = as_person(people.manager).get("/app/contacts/export?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    values = [cell.value for cell in cells]
    assert "+6281234567890" in values
    assert '=HYPERLINK("x")' in values
    assert "Rahasia" not in values


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=50), min_size=1, max_size=4), st.text(max_size=40))
def test_any_text_makes_a_workbook_that_opens(cells, title):
    file = b"".join(workbooks.stream([cells, ["x" * 40_000, "\x00\x0b\ufffe", 1.5, None]], title))
    sheet = openpyxl.load_workbook(io.BytesIO(file)).active
    assert sheet.cell(2, 3).value == 1.5 and sheet.cell(2, 4).value is None
    assert len(sheet.cell(2, 1).value) == 32_767


@pytest.mark.skipif(not shutil.which("soffice"), reason="where LibreOffice is installed")
def test_libreoffice_opens_it(tmp_path):
    lines = [["Nama", "=1+1", None], ["\tdepan", "+62", 2.5], ["x" * 40_000, "_x0041_\x01", ""]]
    (tmp_path / "a.xlsx").write_bytes(b"".join(workbooks.stream(lines, "[]:*?/\\ Laporan")))
    command = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        "--convert-to",
        "csv",
    ]
    subprocess.run([*command, "--outdir", str(tmp_path), str(tmp_path / "a.xlsx")], check=True, timeout=120)
    with next(tmp_path.glob("*.csv")).open(newline="") as file:
        read = list(csv.reader(file))
    assert read == [["Nama", "=1+1", ""], ["\tdepan", "+62", "2.5"], ["x" * 32_767, "_x0041_", ""]]


def test_filter_and_choice(people, as_person, make):
    api = as_person(people.manager)
    vip = make.label(people.organization_id, "VIP")
    with acting_as(people.organization_id):
        budi = contacts.page(Filter("Budi"))[0]
        contacts.change(budi.id, {"labels": [vip.id]})
    for query in ("q=budi", f"label={vip.id}", "label=vip"):
        assert [line[0] for line in read_csv(api.get(f"/app/contacts/export?{query}"))][1:] == ["Budi"]
    chosen = api.post("/app/contacts/export", data={"format": "csv", "ids": [budi.id]})
    assert [line[0] for line in read_csv(chosen)][1:] == ["Budi"]
    with acting_as(people.neighbour_id):
        theirs = contacts.page(Filter())[0].id
    assert len(read_csv(api.post("/app/contacts/export", data={"ids": [theirs]}))) == 1


@pytest.mark.parametrize("data", [{"ids": ["x"]}, {"ids": []}, {"format": "exe", "ids": ["1"]}])
def test_wrong_choices(cast, as_person, data):
    assert as_person(cast.manager).post("/app/contacts/export", data=data).status_code == 422


def test_agents_do_not_export(cast, as_person):
    api = as_person(cast.agent)
    assert api.get("/app/contacts/export").status_code == 403
    assert api.get("/app/contacts/1/data").status_code == 403


def test_all_pages_are_in_it_and_memory_stays(make, cast, as_person, monkeypatch):
    monkeypatch.setattr(contact_export, "BATCH", 100)
    with acting_as(cast.organization_id):
        db.session.add_all(Contact(name=f"Orang {n}", custom_fields={"a": "x" * 500}) for n in range(1050))
        db.session.commit()
    answer = as_person(cast.manager).get("/app/contacts/export")
    assert len({line[0] for line in read_csv(answer)}) == 1051

    with acting_as(cast.organization_id):
        identity = _identity(cast)
        headers = dict.fromkeys(("name", "phone", "email", "labels", "created", "active"), "x")
        tracemalloc.start()
        for _ in contact_export.as_csv(contact_export.rows(identity, Filter(), headers)):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 3_000_000


def _identity(cast):
    from cloudchat.services import accounts

    with acting_as(cast.organization_id):
        return accounts.identify_token(cast.manager.token)


def test_export_then_import_changes_nothing(people, as_person):
    written = as_person(people.manager).get("/app/contacts/export?q=budi").get_data()
    with acting_as(people.organization_id):
        row = contact_import.upload(None, "kembali.csv", written)
        assert row.preview["known"] == 1
        assert row.preview["error"] == 0
        contact_import.start(row.id)
        contact_import.work(row.id)
        (budi,) = contacts.page(Filter("budi"))
        assert (budi.phone, budi.email, budi.custom_fields) == ("+6281234567890", "budi@contoh.com", {})


def test_everything_about_one(cast, make, as_person):
    conversation = make.conversation(cast.organization_id)
    make.message(conversation, "Halo, saya mau bayar")
    api = as_person(cast.manager)
    answer = api.get(f"/app/contacts/{conversation.contact_id}/data")
    told = json.loads(answer.get_data())
    assert told["conversations"][0]["messages"][0]["text"] == "Halo, saya mau bayar"
    assert told["identities"][0]["type"] == "wa_official"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert as_person(cast.stranger).get(f"/app/contacts/{conversation.contact_id}/data").status_code == 404


def test_hostile_name_as_file_name(cast, make, as_person):
    made = make.contact(cast.organization_id, 'x\r\nSet-Cookie: a="b"/../é')
    answer = as_person(cast.manager).get(f"/app/contacts/{made.id}/data")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers or "a=" not in answer.headers["Set-Cookie"]
    assert "\n" not in answer.headers["Content-Disposition"]
