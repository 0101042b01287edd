"""Files that people send (H24, H27-H30)."""

import io
import struct
import zipfile
import zlib

import pytest

from cloudchat.services import files
from tests.contracts import objects

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 100


def png(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0" * 40


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"0" * 20_000_000)
    return packed.getvalue()


@pytest.fixture
def upload(cast, as_person, make):
    """`upload(content, name)`: as an agent's answer; the response."""
    device = make.device(cast.organization_id, "webchat", config={})
    talk = make.conversation(cast.organization_id, device)

    def send(content: bytes, name: str = "a.jpg", mime: str = "image/jpeg"):
        data = {"file": (io.BytesIO(content), name, mime), "text": ""}
        url = f"/api/app/inbox/conversations/{talk.id}/messages"
        return as_person(cast.admin).post(url, data=data, content_type="multipart/form-data")

    return send


def attachment(answer) -> dict:
    assert answer.status_code == 201, answer.text[:300]
    return answer.json["payload"]["attachments"][0]


NAMES = {
    "../../etc/passwd.jpg": "passwd.jpg",
    "%2e%2e%2fx.jpg": "%2e%2e%2fx.jpg",
    ".htaccess.jpg": "htaccess.jpg",
    "a" * 300 + ".jpg": "a" * 100 + ".jpg",
    "foto\u202egpj.jpg": "fotogpj.jpg",
    'a"b\r\nX-Evil: 1.jpg': None,
    "\u200b.jpg": None,
}


@pytest.mark.parametrize("name", NAMES, ids=[f"h27 {n}" for n in range(len(NAMES))])
def test_h27_a_name_is_only_for_showing(upload, settings, as_person, cast, name):
    """Where it is kept has a name of ours; the given one is cleaned."""
    made = attachment(upload(JPEG, name))
    if NAMES[name]:
        assert made["filename"] == NAMES[name]
    folder = settings[0].data_dir / "files"
    kept = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert all(one.count("/") == 1 and one.split("/")[0].isdigit() for one in kept)
    answer = as_person(cast.admin).get(f"/api/app/attachments/{made['id']}")
    assert answer.status_code == 200 and "X-Evil" not in answer.headers


def test_h27_a_path_of_windows_is_no_name():
    assert files.safe_name("C:\\windows\\x.jpg") == "x.jpg"


@pytest.mark.parametrize(
    "key", ["../secrets.json", "1/../../x", "/etc/passwd", "1/a\0b", "", "1/short", "x/" + "a" * 30]
)
def test_h27_a_key_leads_nowhere_else(app, key):
    with pytest.raises(files.NotFound):
        files.path_of(key)


REFUSED = {
    "h28 html as an image": (b"<!doctype html><script>alert(1)</script>", "a.jpg"),
    "h28 html as text": (b"  <html><script>alert(1)</script>", "a.txt"),
    "h28 svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "a.svg"),
    "h28 svg as png": (b"<svg onload='alert(1)'/>", "a.png"),
    "h28 xml": (b"<?xml version='1.0'?><a/>", "a.xml"),
    "h28 script by name": (b"alert(1)", "a.js"),
    "h28 program": (b"MZ" + b"\0" * 200, "a.jpg"),
    "h28 elf": (b"\x7fELF" + b"\0" * 200, "a"),
    "h29 nothing": (b"", "a.jpg"),
    "h29 bytes of nothing": (bytes(range(256)) * 4, "a.bin"),
    "h28 html with a picture's name": (JPEG, "a.html"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_h28_files_of_other_kinds_are_refused(upload, kind):
    content, name = REFUSED[kind]
    answer = upload(content, name)
    assert answer.status_code == 422 and answer.json["error"]["fields"] == answer.json["error"]["fields"]
    assert "file" in answer.json["error"]["fields"]


TAKEN = {
    "h29 picture that is a script": (b"GIF89a/*" + b"\0" * 50 + b"*/=1;alert(1)", "a.gif", True),
    "h29 huge picture": (png(50_000, 50_000), "a.png", True),
    "h29 packed document": (zip_bomb(), "a.docx", False),
    "h28 pdf": (b"%PDF-1.4 /JavaScript (alert(1))", "a.pdf", False),
    "text": (b"=HYPERLINK(1)", "a.csv", False),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_h29_what_is_taken_is_never_opened_nor_run(upload, as_person, cast, kind):
    content, name, inline = TAKEN[kind]
    made = attachment(upload(content, name))
    answer = as_person(cast.admin).get(made["url"])
    assert answer.data == content
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("inline" if inline else "attachment")
    assert "html" not in answer.mimetype and "script" not in answer.mimetype
    forced = as_person(cast.admin).get(made["url"] + "?download")
    assert forced.headers["Content-Disposition"].startswith("attachment")
    assert "private" in answer.headers["Cache-Control"]


def test_h29_more_than_the_limit_is_refused(upload):
    assert upload(JPEG + b"\0" * files.MAX_SIZE).status_code == 413


def test_h30_nobody_elses_file(as_person, client, cast):
    own, foreign = (objects.attachment(org) for org in (cast.organization_id, cast.neighbour_id))
    assert as_person(cast.admin).get(f"/api/app/attachments/{own}").status_code == 200
    assert as_person(cast.admin).get(f"/api/app/attachments/{foreign}").status_code == 404
    assert client.get(f"/api/app/attachments/{own}").status_code == 401
    for path in ("/files/1/x", "/static/../var/secrets.json", "/static/%2e%2e/wsgi.py", "/uploads/1"):
        assert client.get(path).status_code == 404


def test_h30_a_signed_address_is_for_one_file_of_one_chat(client, cast, make):
    chat = make.device(cast.organization_id, "webchat", config={})
    secret = objects.attachment(cast.organization_id)
    for sealed in ("", "x", "a.b.c", "e30.x.y", "\ud800".encode("utf-8", "replace").decode()):
        url = f"/api/chat/{chat.public_key}/attachments/{secret}"
        assert client.get(url, query_string={"t": sealed}).status_code in (403, 404)
