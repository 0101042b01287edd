"""Outgoing WhatsApp messages: the bodies Meta gets, and our own refusals."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cloudchat.channels.base import DeviceAccount, OutboundMessage
from cloudchat.channels.whatsapp_cloud import WhatsAppCloud
from cloudchat.errors import ProviderError

SUCCESS = json.dumps(
    {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "628111111111", "wa_id": "62811111111"}],
        "messages": [{"id": "wamid.NEW", "message_status": "accepted"}],
    }
).encode()
TEXT = OutboundMessage(reference="out-1", to="+628111111111", kind="text", text="Halo")
CHOICES = ({"id": "div:1", "title": "Billing"}, {"id": "div:2", "title": "Support"})
BUTTONS = replace(TEXT, kind="buttons", text="Pilih divisi", buttons=CHOICES)
LIST = replace(BUTTONS, kind="list", list_button="Pilih")


def sent(graph, channel: WhatsAppCloud, device: DeviceAccount, message: OutboundMessage) -> dict:
    graph.reply(200, SUCCESS)
    result = channel.send(device, message)
    assert (result.external_id, result.status) == ("wamid.NEW", "sent")
    assert result.external_user_id == "62811111111"
    return json.loads(graph.requests[-1].body)


def refusal(channel: WhatsAppCloud, device: DeviceAccount, message: OutboundMessage) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        channel.send(device, message)
    return caught.value


def test_text(graph, channel, device) -> None:
    body = sent(graph, channel, device, TEXT)
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "628111111111",
        "type": "text",
        "text": {"body": "Halo", "preview_url": False},
        "biz_opaque_callback_data": "out-1",
    }
    (request,) = graph.requests
    assert (request.method, request.path) == ("POST", f"/v24.0/{device.external_account}/messages")
    assert request.headers["Authorization"] == "Bearer EAAtoken"


def test_a_reply_names_what_it_answers(graph, channel, device) -> None:
    message = replace(TEXT, reply_to_external_id="wamid.OLD")
    assert sent(graph, channel, device, message)["context"] == {"message_id": "wamid.OLD"}


def test_text_of_a_customer_goes_as_data_and_clean(graph, channel, device) -> None:
    text = '","to":"629"} {{7*7}} \ud800 \x00'
    body = sent(graph, channel, device, replace(TEXT, text=text))
    assert body["text"]["body"] == '","to":"629"} {{7*7}} \ufffd \ufffd'
    assert body["to"] == "628111111111"


def test_buttons(graph, channel, device) -> None:
    message = replace(BUTTONS, header="Toko", footer="Balas kapan saja")
    body = sent(graph, channel, device, message)
    assert body["interactive"] == {
        "type": "button",
        "header": {"type": "text", "text": "Toko"},
        "body": {"text": "Pilih divisi"},
        "footer": {"text": "Balas kapan saja"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "div:1", "title": "Billing"}},
                {"type": "reply", "reply": {"id": "div:2", "title": "Support"}},
            ]
        },
    }


def test_list(graph, channel, device) -> None:
    rows = ({**CHOICES[0], "description": "Tagihan"}, CHOICES[1])
    body = sent(graph, channel, device, replace(LIST, buttons=rows))
    assert body["interactive"] == {
        "type": "list",
        "body": {"text": "Pilih divisi"},
        "action": {
            "button": "Pilih",
            "sections": [
                {
                    "rows": [
                        {"id": "div:1", "title": "Billing", "description": "Tagihan"},
                        {"id": "div:2", "title": "Support"},
                    ]
                }
            ],
        },
    }


def test_location_and_template(graph, channel, device) -> None:
    place = {"latitude": -6.2, "longitude": "106.8", "name": "Monas", "secret": 1}
    body = sent(graph, channel, device, replace(TEXT, kind="location", text=None, location=place))
    assert body["location"] == {"latitude": -6.2, "longitude": 106.8, "name": "Monas"}
    template = {"name": "order_update_1", "language": {"code": "id"}, "components": []}
    body = sent(graph, channel, device, replace(TEXT, kind="template", text=None, template=template))
    assert (body["type"], body["template"]) == ("template", template)


@pytest.fixture
def photo(tmp_path: Path) -> OutboundMessage:
    path = tmp_path / "stored"
    path.write_bytes(b"\xff\xd8 a photo")
    return OutboundMessage(
        reference="out-2",
        to="628111111111",
        kind="image",
        text="Ini dia",
        media_path=str(path),
        media_mime="image/jpeg",
        media_filename='foto "satu"\r\n.jpg',
    )


def test_a_file_is_uploaded_first(graph, channel, device, photo) -> None:
    graph.reply(200, b'{"id":"987654"}')
    body = sent(graph, channel, device, photo)
    assert body["image"] == {"caption": "Ini dia", "id": "987654"}
    upload = graph.requests[0]
    assert upload.path == f"/v24.0/{device.external_account}/media"
    assert b"\xff\xd8 a photo" in upload.body
    assert b'filename="foto %22satu%22%0D%0A.jpg"' in upload.body
    assert b"Content-Type: image/jpeg" in upload.body


def test_a_document_keeps_its_name(graph, channel, device, photo) -> None:
    graph.reply(200, b'{"id":"987654"}')
    document = replace(
        photo, kind="document", text=None, media_mime="application/pdf", media_filename="a.pdf"
    )
    assert sent(graph, channel, device, document)["document"] == {
        "filename": "a.pdf",
        "id": "987654",
    }


def test_a_failed_upload_has_reached_nobody(graph, channel, device, photo) -> None:
    for status, body in ((500, b""), (200, b"{}"), (200, b"not json")):
        graph.reply(status, body)
        error = refusal(channel, device, photo)
        assert (error.permanent, error.unknown_outcome) == (False, False)
    graph.reply(200, SUCCESS, hang=0.6)
    error = refusal(channel, device, photo)
    assert (error.permanent, error.unknown_outcome) == (False, False)


REFUSED = {
    "empty text": (replace(TEXT, text=" "), "empty"),
    "long text": (replace(TEXT, text="x" * 4097), "too_long"),
    "no recipient": (replace(TEXT, to="+"), "no_recipient"),
    "unknown kind": (replace(TEXT, kind="poll"), "unsupported_kind"),
    "long reference": (replace(TEXT, reference="x" * 513), "too_long"),
    "no buttons": (replace(BUTTONS, buttons=()), "bad_choices"),
    "4 buttons": (
        replace(BUTTONS, buttons=tuple({"id": str(n), "title": str(n)} for n in range(4))),
        "bad_choices",
    ),
    "11 rows": (
        replace(LIST, buttons=tuple({"id": str(n), "title": str(n)} for n in range(11))),
        "bad_choices",
    ),
    "twin titles": (
        replace(BUTTONS, buttons=({"id": "1", "title": "A"}, {"id": "2", "title": "A"})),
        "bad_choices",
    ),
    "twin ids": (
        replace(LIST, buttons=({"id": "1", "title": "A"}, {"id": "1", "title": "B"})),
        "bad_choices",
    ),
    "long button": (replace(BUTTONS, buttons=({"id": "1", "title": "x" * 21},)), "too_long"),
    "long row": (replace(LIST, buttons=({"id": "1", "title": "x" * 25},)), "too_long"),
    "long description": (
        replace(LIST, buttons=({"id": "1", "title": "x", "description": "x" * 73},)),
        "too_long",
    ),
    "nameless button": (replace(BUTTONS, buttons=({"id": "1"},)), "empty"),
    "long list button": (replace(LIST, list_button="x" * 21), "too_long"),
    "long menu text": (replace(BUTTONS, text="x" * 1025), "too_long"),
    "long header": (replace(BUTTONS, header="x" * 61), "too_long"),
    "long footer": (replace(BUTTONS, footer="x" * 61), "too_long"),
    "no place": (replace(TEXT, kind="location"), "bad_location"),
    "no number": (
        replace(TEXT, kind="location", location={"latitude": "nan", "longitude": 1}),
        "bad_location",
    ),
    "no template": (replace(TEXT, kind="template"), "no_template"),
    "audio caption": (replace(TEXT, kind="audio", media_mime="audio/mpeg"), "no_caption"),
    "long caption": (replace(TEXT, kind="image", text="x" * 1025), "too_long"),
    "html as image": (
        replace(TEXT, kind="image", media_path=__file__, media_mime="text/html"),
        "bad_media_type",
    ),
    "no file": (
        replace(TEXT, kind="image", media_path="/nowhere/x", media_mime="image/png"),
        "file_missing",
    ),
    "no path": (replace(TEXT, kind="image", media_mime="image/png"), "file_missing"),
    "empty file": (
        replace(TEXT, kind="image", media_path="/dev/null", media_mime="image/png"),
        "bad_size",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_meta_would_refuse_is_refused_here(graph, channel, device, name: str) -> None:
    message, code = REFUSED[name]
    error = refusal(channel, device, message)
    assert (error.code, error.permanent, error.unknown_outcome) == (code, True, False)
    assert graph.requests == []


def test_mark_read(graph, channel, device) -> None:
    graph.reply(200, b'{"success":true}')
    channel.mark_read(device, "wamid.IN")
    assert json.loads(graph.requests[0].body) == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.IN",
    }
    graph.reply(200, b"", hang=0.8)
    with pytest.raises(ProviderError) as caught:
        channel.mark_read(device, "wamid.IN")
    assert not caught.value.unknown_outcome


def test_check_and_subscribe(graph, channel, device) -> None:
    graph.reply(200, b'{"verified_name":"Toko","quality_rating":"GREEN","id":"106540352242922"}')
    assert channel.check(device)["verified_name"] == "Toko"
    assert graph.requests[0].path.startswith(f"/v24.0/{device.external_account}?fields=display_phone_number")
    graph.reply(200, b'{"success":true}')
    channel.subscribe(device)
    assert (graph.requests[1].method, graph.requests[1].path) == (
        "POST",
        "/v24.0/102290129340398/subscribed_apps",
    )
