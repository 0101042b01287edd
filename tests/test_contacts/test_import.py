"""Importing contacts: counts add up, nothing is doubled, a killed worker loses nothing."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.jobs import contacts as contact_jobs
from cloudchat.models import AuditEntry, Contact, ContactImport
from cloudchat.services import contact_import, contacts, files
from cloudchat.tenancy import acting_as, all_organizations

ROOT = Path(__file__).resolve().parents[2]


def sheet(count: int, start: int = 0) -> bytes:
    lines = [f"Orang {i},0812{50_000_000 + i},VIP,Kota {i % 5}" for i in range(start, start + count)]
    return ("Nama,HP,Label,Kota\n" + "\n".join(lines) + "\n").encode()


@pytest.fixture
def home(make):
    """A new organization that we act as."""
    organization_id = make.organization()
    with acting_as(organization_id):
        yield organization_id


def upload(content: bytes) -> ContactImport:
    return contact_import.upload(None, "kontak.csv", content)


def run(row: ContactImport) -> ContactImport:
    contact_import.start(row.id)
    contact_import.work(row.id)
    db.session.expire_all()
    return contact_import.get(row.id)


def everybody() -> list[Contact]:
    return list(db.session.scalars(select(Contact).order_by(Contact.id)))


def test_preview_then_import(home):
    contacts.create({"name": "Lama", "phone": "0812-5000-0001", "custom_fields": {"Sejak": "2020"}})
    row = upload(sheet(3) + b"Salah,abc,,\nGanda,081250000000,,\n,,,Medan\n")
    assert row.state == "draft"
    counts = {key: row.preview[key] for key in ("new", "known", "duplicate", "error")}
    assert counts == {"new": 2, "known": 1, "duplicate": 1, "error": 2}
    assert row.preview["new_labels"] == ["VIP"]
    assert [item[:2] for item in row.errors["items"]] == [
        [5, "phone_invalid"],
        [6, "import_same_phone"],
        [7, "import_row_no_key"],
    ]
    assert len(everybody()) == 1, "a preview changes nothing"

    done = run(row)
    assert (done.state, done.created_count, done.updated_count, done.skipped_count) == ("done", 2, 1, 3)
    old = contacts.page(contacts.Filter("081250000001"))[0]
    assert old.name == "Orang 1"
    assert old.custom_fields == {"Sejak": "2020", "Kota": "Kota 1"}
    assert [label.name for label in contacts.labels_of([old.id])[old.id]] == ["VIP"]
    assert done.file_key is None


def test_empty_cells_change_nothing_and_a_phone_number_stays(home):
    made = contacts.create(
        {"name": "Budi", "phone": "081211110000", "email": "budi@contoh.com", "labels": []}
    )
    run(upload(b"nama,hp,email,kota\n,081299990000,BUDI@contoh.com,\n"))
    db.session.expire_all()
    assert (made.name, made.phone, made.email) == ("Budi", "+6281211110000", "budi@contoh.com")
    assert len(everybody()) == 1


def test_twice_doubles_nothing(home):
    first = run(upload(sheet(30)))
    again = run(upload(sheet(30)))
    assert (first.created_count, again.created_count, again.updated_count) == (30, 0, 30)
    assert len(everybody()) == 30
    contact_import.start(again.id)  # a second click after the end
    contact_import.work(again.id)  # a job that comes twice
    db.session.expire_all()
    assert contact_import.get(again.id).updated_count == 30


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["", "Budi", "=SUM(1)", "<b>x</b>", "{{7*7}}", "' OR 1=1--"]),
            st.sampled_from(["", "081255550001", "081255550002", "081255550003", "x"]),
            st.sampled_from(["", "a@contoh.com", "b@contoh.com", "salah@"]),
            st.sampled_from(["", "VIP; Baru", "é", "É", "%"]),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_counts_add_up_and_the_result_is_what_was_shown(make, rows):
    organization_id = make.organization()
    body = "\n".join(",".join(row) for row in rows)
    filled = sum(any(cell for cell in row) for row in rows)
    with acting_as(organization_id):
        try:
            row = upload(f"nama,hp,email,label\n{body}\n".encode())
        except Invalid:
            assert filled == 0
            return
        shown = row.preview
        assert shown["new"] + shown["known"] + shown["duplicate"] + shown["error"] == row.total == filled
        if not shown["new"]:
            with pytest.raises(Invalid):
                contact_import.start(row.id)
            return
        done = run(row)
        assert done.state == "done"
        assert done.created_count == shown["new"] == len(everybody())
        assert done.created_count + done.updated_count + done.skipped_count == done.total == done.position
        phones = Counter(contact.phone for contact in everybody() if contact.phone)
        assert not phones or max(phones.values()) == 1


def test_other_columns(home):
    row = upload(b"Kolom A,Kolom B\nBudi,081234567890\n")
    assert row.preview == {"problem": "import_no_key"}
    with pytest.raises(Invalid):
        contact_import.start(row.id)
    for wrong in (["name"], ["name", "rubbish"], ["phone", "phone"], ["name", "field"]):
        with pytest.raises(Invalid):
            contact_import.set_mapping(row.id, wrong)
        db.session.rollback()
    row = contact_import.set_mapping(row.id, ["name", "phone"])
    assert row.preview["new"] == 1
    run(row)
    with pytest.raises(Conflict):
        contact_import.set_mapping(row.id, ["field", "phone"])
    db.session.rollback()
    assert everybody()[0].name == "Budi"


def test_many_rows_are_checked_by_the_job(home):
    row = upload(sheet(contact_import.CHECKED_AT_ONCE + 1))
    assert row.state == "checking"
    contact_import.work(row.id)
    db.session.expire_all()
    assert contact_import.get(row.id).preview["new"] == contact_import.CHECKED_AT_ONCE + 1


def test_too_many_fields_on_a_contact(home):
    contacts.create(
        {"name": "Penuh", "phone": "081234567890", "custom_fields": {f"f{i}": "x" for i in range(50)}}
    )
    done = run(upload(b"hp,baru\n081234567890,x\n081234567891,y\n"))
    assert (done.created_count, done.updated_count, done.skipped_count) == (1, 0, 1)
    assert [item[:2] for item in done.errors["items"]] == [[2, "custom_fields_invalid"]]


def test_cancel_stops_between_batches(home, monkeypatch):
    monkeypatch.setattr(contact_import, "BATCH", 10)
    row = upload(sheet(50))
    contact_import.start(row.id)
    plain = contact_import._import_batch

    def then_cancel(import_id, begin, batch):
        went_on = plain(import_id, begin, batch)
        if begin == 10:  # what another request does, after the second batch
            contact_import.cancel(import_id)
        return went_on

    monkeypatch.setattr(contact_import, "_import_batch", then_cancel)
    contact_import.work(row.id)
    db.session.expire_all()
    row = contact_import.get(row.id)
    assert (row.state, row.position, row.created_count) == ("cancelled", 20, 20)
    assert len(everybody()) == 20
    assert row.file_key is None


def test_a_file_that_is_gone(home):
    row = upload(sheet(3))
    contact_import.start(row.id)
    files.discard(row.file_key)
    contact_import.work(row.id)
    db.session.expire_all()
    row = contact_import.get(row.id)
    assert (row.state, row.failure) == ("failed", "import_file_gone")


def test_old_drafts_are_forgotten(home):
    row = upload(sheet(3))
    path = files.path_of(row.file_key)
    db.session.execute(
        update(ContactImport).where(ContactImport.id == row.id).values(updated_at=now() - timedelta(days=2))
    )
    db.session.commit()
    assert path not in list(files.orphans(home, 2**40))
    contact_import.drop_old_drafts()
    db.session.expire_all()
    assert contact_import.get(row.id).state == "cancelled"
    assert not path.exists()


def test_another_organizations_import_is_not_there(cast):
    with acting_as(cast.neighbour_id):
        theirs = upload(sheet(3)).id
    with acting_as(cast.organization_id):
        for call in (contact_import.get, contact_import.start, contact_import.cancel):
            with pytest.raises(NotFound):
                call(theirs)
            db.session.rollback()


def in_threads(app, organization_id, calls):
    """Run these at once, each with a session of its own; raise what one of them raised."""
    failures = []
    start = threading.Barrier(len(calls))

    def one(call):
        with app.app_context(), acting_as(organization_id):
            start.wait()
            try:
                call()
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_two_workers_on_one_import(app, home, monkeypatch):
    monkeypatch.setattr(contact_import, "BATCH", 7)
    row = upload(sheet(100))
    contact_import.start(row.id)
    in_threads(app, home, [lambda: contact_import.work(row.id)] * 3)
    db.session.expire_all()
    done = contact_import.get(row.id)
    assert (done.state, done.created_count, done.position) == ("done", 100, 100)
    assert len(everybody()) == 100
    finished = select(func.count(AuditEntry.id)).where(AuditEntry.action == "contacts.imported")
    assert db.session.scalar(finished) == 1


def test_two_files_with_the_same_people_at_once(app, home, monkeypatch):
    monkeypatch.setattr(contact_import, "BATCH", 7)
    rows = [upload(sheet(80)), upload(sheet(80, start=40))]
    for row in rows:
        contact_import.start(row.id)
    in_threads(app, home, [lambda row=row: contact_import.work(row.id) for row in rows])
    phones = Counter(contact.phone for contact in everybody())
    assert len(phones) == 120
    assert max(phones.values()) == 1


KILLED = """
import os, signal
from cloudchat.app import create_app
from cloudchat.jobs import contacts
from cloudchat.services import contact_import
app = create_app()
contact_import.BATCH = 10
plain, calls = contact_import.store, []
def store(rows):
    calls.append(1)
    answer = plain(rows)
    if len(calls) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
contact_import.store = store
contacts.work_on_import({organization_id}, {import_id})
"""


def test_killed_half_way_and_taken_up_again(app, home, settings):
    row = upload(sheet(95))
    contact_import.start(row.id)
    db.session.rollback()
    script = KILLED.format(organization_id=home, import_id=row.id)
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, **settings[1]}, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL
    db.session.expire_all()
    row = contact_import.get(row.id)
    assert (row.state, row.position, row.created_count) == ("running", 30, 30)
    assert len(everybody()) == 30, "the batch that was cut off left nothing behind"

    db.session.execute(
        update(ContactImport)
        .where(ContactImport.id == row.id)
        .values(updated_at=now() - timedelta(minutes=2))
    )
    db.session.commit()
    with all_organizations("the sweeper looks for imports that stand still"):
        assert (home, row.id) in contact_import.stalled()
    contact_jobs.work_on_import(home, row.id)
    with acting_as(home):
        db.session.expire_all()
        row = contact_import.get(row.id)
        assert (row.state, row.position, row.created_count) == ("done", 95, 95)
        assert len(everybody()) == 95
