"""Visitors' files: what is taken, who may fetch them, and for how long an address works."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select

from cloudchat import config
from cloudchat.extensions import db
from cloudchat.models import Attachment
from cloudchat.tenancy import acting_as
from tests.test_webchat.conftest import PNG

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def stored(chat) -> list[Path]:
    folder = config.active().data_dir / "files" / str(chat.cast.organization_id)
    return list(folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def picture(chat):
    """A visitor and the attachment that they sent."""
    visitor = chat.visitor()
    answer = visitor.upload(text="lihat ini")
    assert answer.status_code == 201, answer.text
    return visitor, answer.json


def test_a_picture_arrives_with_its_text(picture, chat, agent):
    message = picture[1]
    [file] = message["payload"]["attachments"]
    assert (message["type"], message["text"]) == ("image", "lihat ini")
    assert (file["filename"], file["mime"], file["size"], file["state"]) == (
        "foto.png",
        "image/png",
        len(PNG),
        "ready",
    )
    assert set(file) == {"id", "kind", "filename", "mime", "size", "width", "height", "state", "url"}
    desk = agent.get(f"/api/app/attachments/{file['id']}")
    assert (desk.status_code, desk.data) == (200, PNG)


def test_its_address_works_without_a_token_and_is_private(picture, client):
    url = picture[1]["payload"]["attachments"][0]["url"]
    answer = client.get(url)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, PNG, "image/png")
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.cache_control.private and not answer.cache_control.public
    assert 0 < answer.cache_control.max_age <= 900
    assert headers["Content-Disposition"].startswith("inline")
    assert client.get(url + "&download=1").headers["Content-Disposition"].startswith("attachment")


def test_its_address_expires(picture, client):
    file = picture[1]["payload"]["attachments"][0]
    for minutes, status in ((9, 200), (16, 404)):
        moment = datetime.fromtimestamp(time.time() + minutes * 60, UTC)
        with time_machine.travel(moment):
            assert client.get(file["url"]).status_code == status


def test_a_fresh_address_is_had_for_the_token(picture, client):
    visitor, message = picture
    file = message["payload"]["attachments"][0]
    with time_machine.travel(datetime.fromtimestamp(time.time() + 3600, UTC)):
        fresh = visitor.get(f"attachments/{file['id']}/link").json["url"]
        assert fresh != file["url"] and client.get(fresh).status_code == 200


def test_an_altered_address_opens_nothing(picture, chat, new_chat, client):
    file = picture[1]["payload"]["attachments"][0]
    path, _, sealed = file["url"].partition("?t=")
    other = chat.visitor().upload(PDF, "lain.pdf").json["payload"]["attachments"][0]
    for url in (
        path,
        f"{path}?t=",
        f"{path}?t={sealed[:-3]}",
        f"{path}?t={sealed}x",
        f"{path}?t=%00",
        f"{path}?t=" + "x" * 5000,
        file["url"].replace(f"/{file['id']}?", f"/{other['id']}?"),
        file["url"].replace(f"/{file['id']}?", "/999999?"),
        file["url"].replace(chat.key, "no-such-key"),
        file["url"].replace(chat.key, new_chat().key),
    ):
        assert client.get(url).status_code in (401, 404), url


def test_a_file_that_is_gone_is_not_found(picture, chat, client, agent):
    """On either side, and by its address too."""
    visitor, message = picture
    file = message["payload"]["attachments"][0]
    for path in stored(chat):
        path.unlink()
    assert visitor.get(f"attachments/{file['id']}").status_code == 404
    assert client.get(file["url"]).status_code == 404
    assert agent.get(f"/api/app/attachments/{file['id']}").status_code == 404


def test_other_visitors_files_are_not_found(picture, chat, new_chat):
    file = picture[1]["payload"]["attachments"][0]
    for stranger in (chat.visitor(), new_chat().visitor()):
        stranger.post()
        for path in (f"attachments/{file['id']}", f"attachments/{file['id']}/link"):
            assert stranger.get(path).status_code == 404
    assert picture[0].get(f"attachments/{file['id']}").data == PNG
    for number in ("0", "-1", "2147483648", "1e3", "abc", "%00"):
        assert picture[0].get(f"attachments/{number}").status_code == 404


def test_what_a_file_is_its_bytes_say(chat, client):
    visitor = chat.visitor()
    page = b"<!doctype html><script>alert(1)</script>"
    vector = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    for content, name in (
        (page, "foto.png"),
        (vector, "foto.png"),
        (vector, "gambar.svg"),
        (b"<?xml version='1.0'?><a/>", "data.txt"),
        (b"MZ" + bytes(200), "foto.jpg"),
        (PNG, "foto.html"),
        (b"", "kosong.png"),
    ):
        answer = visitor.upload(content, name)
        assert answer.status_code == 422, (name, answer.status_code)
    assert stored(chat) == []
    sent = visitor.upload(PDF, "../../etc/\u202egpj.pdf").json["payload"]["attachments"][0]
    assert (sent["kind"], sent["filename"]) == ("document", "gpj.pdf")
    assert client.get(sent["url"]).headers["Content-Disposition"].startswith("attachment")


def test_the_size_has_an_end(chat):
    visitor = chat.visitor()
    answer = visitor.upload(PNG + bytes(25 * 1024 * 1024), "besar.png")
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "payload_too_large")
    assert visitor.upload(PNG + bytes(27 * 1024 * 1024), "besar.png").status_code == 413
    assert stored(chat) == []


def test_a_repeat_keeps_no_second_file(chat):
    visitor = chat.visitor()
    first, again = visitor.upload(client_id="c-1"), visitor.upload(client_id="c-1")
    assert first.json["id"] == again.json["id"]
    assert len(stored(chat)) == 1
    with acting_as(chat.cast.organization_id):
        assert db.session.scalar(select(func.count(Attachment.id))) == 1


def test_a_refused_message_keeps_no_file(chat):
    visitor = chat.visitor()
    assert visitor.upload(text="x" * 5000).status_code == 422
    assert visitor.upload(client_id="a\nb").status_code == 422
    form = {"text": "tanpa berkas", "client_id": "c"}
    answer = chat.call(
        "post", "messages", data=form, headers=visitor.headers, content_type="multipart/form-data"
    )
    assert answer.status_code == 422
    assert stored(chat) == []
