"""Headers that show a file or a place: the sample for Meta, and what goes along when a template is sent."""

import io
import json

import pytest

from cloudchat.services import delivery
from cloudchat.simulators.whatsapp.media import SAMPLES
from cloudchat.tenancy import acting_as
from tests.test_messages.talks import PNG
from tests.test_templates.conftest import parts
from tests.test_templates.test_api import URL, error_of, talk

JPG = (SAMPLES / "photo.jpg").read_bytes()
PDF = (SAMPLES / "document.pdf").read_bytes()


def header(kind: str, handle: str = "4::contoh") -> dict:
    example = {"example": {"header_handle": [handle]}} if kind != "LOCATION" else {}
    return {"type": "HEADER", "format": kind, **example}


def upload(waba, person, content: bytes, name: str, kind: str = "IMAGE"):
    form = {"device_id": str(waba.device.id), "format": kind, "file": (io.BytesIO(content), name)}
    return person.post(f"{URL}/samples", data=form, content_type="multipart/form-data")


@pytest.fixture
def sent(waba):
    """`sent()`: what the simulator has taken from this number, delivered first."""

    def found() -> list[dict]:
        with acting_as(waba.organization_id):
            delivery.deliver(waba.device.id)
        query = {"phone_number_id": waba.device.external_account}
        return waba.control("GET", "whatsapp/sent", params=query)["items"]

    return found


def test_a_sample_is_uploaded_for_the_builder_and_used_when_sending(waba, cast, as_person, sent):
    manager = as_person(cast.manager)
    handle = upload(waba, manager, JPG, "toko.jpg").json["handle"]
    made = manager.post(URL, json=waba.body("promo_foto", components=[header("IMAGE", handle), *parts()]))
    assert made.status_code == 201, made.json
    waba.control("PATCH", f"templates/{made.json['meta_id']}", {"status": "APPROVED"})
    waba.sync()  # Meta lists the sample by its address
    [field] = [one for one in waba_fields(manager, made.json["id"]) if one["key"] == "header"]
    assert field["kind"] == "image" and field["example"].startswith("http")
    url = f"/api/app/inbox/conversations/{talk(waba, closed=True).id}/messages"
    body = {"template_id": made.json["id"], "variables": {"1": "Sari", "2": "INV-7"}}
    told = error_of(manager.post(url, json=body), 422)
    assert list(told["fields"]) == ["variables.header"]
    for _ in range(2):
        body["variables"]["header"] = {"sample": True}
        assert manager.post(url, json=body).status_code == 201
    first, second = sent()
    [image] = first["payload"]["template"]["components"][0]["parameters"]
    assert image["image"]["id"].isdigit()  # uploaded once for both, and sent by its id
    assert second["payload"]["template"]["components"][0]["parameters"] == [image]


def waba_fields(person, template_id: int) -> list[dict]:
    return person.get(f"{URL}/{template_id}").json["fields"]


def test_a_sample_must_be_what_the_header_shows(waba, cast, as_person, sent):
    manager = as_person(cast.manager)
    assert upload(waba, manager, PDF, "a.pdf", "DOCUMENT").status_code == 201
    wrong = error_of(upload(waba, manager, PDF, "a.jpg", "IMAGE"), 422)  # the bytes are a PDF's
    assert list(wrong["fields"]) == ["file"]
    hostile = upload(waba, manager, b"<html><script>alert(1)</script>", "a.png", "IMAGE")
    assert hostile.status_code == 422
    assert upload(waba, as_person(cast.agent), JPG, "a.jpg").status_code == 403
    assert upload(waba, as_person(cast.stranger), JPG, "a.jpg").status_code == 404
    address = [header("IMAGE", "https://scontent.whatsapp.net/contoh"), *parts()]
    told = error_of(manager.post(URL, json=waba.body(components=address)), 422)
    assert "header.example" in told["fields"]


def test_the_agents_file_goes_along_and_stays_in_the_thread(waba, cast, as_person, sent):
    waba.add("faktur", components=[header("DOCUMENT"), *parts()])
    waba.add("teks", components=parts())
    waba.sync()
    agent, url = as_person(cast.agent), f"/api/app/inbox/conversations/{talk(waba, closed=True).id}/messages"

    def send(name: str, content: bytes, filename: str, **more):
        variables = json.dumps({"1": "Sari", "2": "INV-7"})
        form = {"template_id": str(waba.rows()[name].id), "variables": variables, **more}
        form["file"] = (io.BytesIO(content), filename)
        return agent.post(url, data=form, content_type="multipart/form-data")

    made = send("faktur", PDF, "INV-7.pdf")
    assert made.status_code == 201, made.json
    assert made.json["payload"]["attachments"][0]["filename"] == "INV-7.pdf"
    [one] = sent()
    [document] = one["payload"]["template"]["components"][0]["parameters"]
    assert document["document"]["filename"] == "INV-7.pdf" and document["document"]["id"].isdigit()
    assert list(error_of(send("faktur", PNG, "foto.png"), 422)["fields"]) == ["file"]
    assert list(error_of(send("teks", PDF, "x.pdf"), 422)["fields"]) == ["file"]
    assert send("faktur", PDF, "x.pdf", template_id="../1").status_code == 404
    for variables in ("[]", "{", '{"1": NaN}', "\ud800".encode("utf-8", "replace").decode()):
        assert send("faktur", PDF, "x.pdf", variables=variables).status_code == 422
    assert len(sent()) == 1


def test_a_place_is_given_when_sending(waba, cast, as_person, sent):
    waba.add("lokasi", components=[header("LOCATION"), *parts()])
    waba.sync()
    agent, url = as_person(cast.agent), f"/api/app/inbox/conversations/{talk(waba).id}/messages"
    values = {"1": "Sari", "2": "INV-7", "header": {"latitude": "-6.2", "longitude": 200}}
    body = {"template_id": waba.rows()["lokasi"].id, "variables": values}
    assert list(error_of(agent.post(url, json=body), 422)["fields"]) == ["variables.header"]
    values["header"] = {"latitude": "-6.2", "longitude": "106.8", "name": "Toko", "address": "Jl. Melati 1"}
    assert agent.post(url, json=body).status_code == 201
    [place] = sent()[0]["payload"]["template"]["components"][0]["parameters"]
    assert place["location"] == {**values["header"], "latitude": -6.2, "longitude": 106.8}
    code = {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}
    otp = waba.body(category="AUTHENTICATION", components=[header("LOCATION"), {"type": "BODY"}, code])
    assert "header" in error_of(as_person(cast.admin).post(URL, json=otp), 422)["fields"]
