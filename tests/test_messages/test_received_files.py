"""Files that customers send: fetched from the provider, judged by their bytes, kept under our names."""

import base64

import pytest

from cloudchat.extensions import db
from cloudchat.models import Attachment
from cloudchat.services import files, media
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_messages.talks import PNG


def uploaded(number, content: bytes, filename: str, mime: str) -> str:
    """A file at the provider; its id."""
    spec = {
        "phone_number_id": number.id,
        "from": number.customer,
        "type": "document",
        "data_base64": base64.b64encode(content).decode(),
        "filename": filename,
        "mime_type": mime,
        "url": "http://127.0.0.1:9/",  # its own webhook goes nowhere
        "retry": False,
    }
    return number.control("whatsapp/messages", spec)["message"]["document"]["id"]


def arrived(
    number, content=PNG, filename="foto.png", mime="image/png", kind="document", **more
) -> Attachment:
    media_id = uploaded(number, content, filename, mime)
    number.receive(number.message(kind, {"id": media_id, "mime_type": mime, "filename": filename, **more}))
    return attachment(number)


def attachment(number) -> Attachment:
    with acting_as(number.organization_id):
        return db.session.scalars(
            db.select(Attachment)
            .where(Attachment.message_id == number.messages()[-1].id)
            .execution_options(populate_existing=True)
        ).one()


def fetched(number) -> Attachment:
    with acting_as(number.organization_id):
        media.fetch(attachment(number).id)
    return attachment(number)


def test_an_image_is_on_our_disk_after_the_job(number):
    row = arrived(number, kind="image", caption="Ini")
    assert (row.state, row.kind, row.mime) == ("pending", "image", "image/png")
    row = fetched(number)
    assert (row.state, row.mime, row.size, row.kind) == ("ready", "image/png", len(PNG), "image")
    assert files.path_of(row.file_key).read_bytes() == PNG
    assert number.messages()[-1].text == "Ini"


@pytest.mark.parametrize(
    ("content", "filename", "claimed", "mime", "shown"),
    [
        (PNG, "../../etc/passwd", "image/png", "image/png", "passwd"),
        (PNG, "laporan.pdf", "application/pdf", "image/png", "laporan.pdf"),
        (b"%PDF-1.4\n%...", "C:\\x\\a\u202egpj.pdf", "image/jpeg", "application/pdf", "agpj.pdf"),
        (
            b"\x00\x01\x02 gambar teknik",
            "denah.dwg",
            "image/vnd.dwg",
            "application/octet-stream",
            "denah.dwg",
        ),
        (b"nama,harga\nA,1\n", "harga.csv", "text/plain", "text/csv", "harga.csv"),
    ],
)
def test_the_bytes_decide_and_the_name_is_only_shown(number, content, filename, claimed, mime, shown):
    arrived(number, content, filename, claimed)
    row = fetched(number)
    assert (row.state, row.mime, row.filename) == ("ready", mime, shown)
    assert row.kind == ("image" if mime.startswith("image") else "document")
    assert files.path_of(row.file_key).parent.name == str(number.organization_id)


@pytest.mark.parametrize(
    ("content", "filename"),
    [
        (b"<html><script>alert(1)</script>", "foto.png"),
        (b"  \n<svg onload=alert(1)>", "logo.png"),
        (b"MZ\x90\x00 program", "gratis.pdf"),
        (b"#!/bin/sh\nrm -rf /", "skrip.sh"),
        (b"#!/bin/sh\n\xff\x00", "skrip"),
        (PNG, "gambar.html"),
        (b"\x00\x01", "virus.exe"),
    ],
)
def test_what_a_browser_or_a_system_would_run_is_refused(number, content, filename):
    arrived(number, content, filename, "image/png")
    row = fetched(number)
    assert (row.state, row.error, row.file_key) == ("failed", "file_type_refused", None)


def test_an_empty_file_is_refused(number):
    arrived(number, b"", "kosong.pdf", "application/pdf")
    assert fetched(number).state == "failed"


def test_a_file_that_is_gone_is_a_failure(number):
    number.receive(number.message("image", {"id": "4711000000", "mime_type": "image/png"}))
    row = fetched(number)
    assert row.state == "failed" and row.error
    assert len(number.messages()) == 1


def test_a_provider_in_trouble_is_asked_again_later(number):
    arrived(number)
    number.fault("status", edge="*", node="", times=99)
    assert fetched(number).state == "pending"
    row = fetched(number)
    assert (row.state, row.attempts) == ("pending", 2)
    number.control("meta/faults", method="DELETE")
    assert fetched(number).state == "ready"


def test_the_sweeper_waits_longer_from_try_to_try(number):
    row = arrived(number)

    def is_due(seconds: int, attempts: int) -> bool:
        with acting_as(number.organization_id):
            db.session.execute(
                db.text(
                    "update attachments set attempts = :attempts,"
                    " created_at = now() - make_interval(secs => :seconds) where id = :id"
                ),
                {"attempts": attempts, "seconds": seconds, "id": row.id},
            )
            db.session.commit()
        with all_organizations("test"):
            return (number.organization_id, row.id) in media.due(10_000)

    assert not is_due(20, 0) and is_due(40, 0)
    assert not is_due(400, 2) and is_due(500, 2)
    assert not is_due(86_400, 6) and is_due(130_000, 6)


def test_fetching_twice_keeps_one_file(number):
    arrived(number)
    first = fetched(number)
    assert fetched(number).file_key == first.file_key


def test_the_last_try_is_the_last(number):
    arrived(number)
    number.fault("status", edge="*", node="", times=None)
    for _ in range(media.MAX_ATTEMPTS):
        row = fetched(number)
    number.control("meta/faults", method="DELETE")
    assert (row.state, row.attempts) == ("failed", media.MAX_ATTEMPTS)


def test_files_that_no_row_names_are_found(number):
    arrived(number)
    kept = fetched(number)
    with acting_as(number.organization_id):
        lost = files.keep(b"nobody wants me")
        found = [path.name for path in files.orphans(number.organization_id, older_than=2**40)]
    assert found == [lost.partition("/")[2]]
    assert files.path_of(kept.file_key).exists()


def test_a_fetch_for_a_deleted_conversation_leaves_nothing(number, cast):
    row = arrived(number)
    with acting_as(cast.organization_id):
        stored = files.keep(PNG)
        db.session.execute(db.text("delete from conversations"))
        db.session.commit()
        media._settle(row.id, files.StoredFile(stored, "a.png", "image/png", 1))
        assert not files.path_of(stored).exists()
