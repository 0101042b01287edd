"""What is refused, who is meant, who wants none, what leaves the house."""

import io

import pytest

from cloudchat.extensions import db
from cloudchat.models import ContactLabel
from cloudchat.tenancy import acting_as
from tests.test_broadcasts.conftest import URL, approved, phones

STRANGE = '=HYPERLINK("http://x")'


def refused(campaigns, status: int, **values) -> dict:
    body = {
        "name": "Promo",
        "device_id": campaigns.number.device.id,
        "template_id": campaigns.template_id,
        "variables": {"1": {"field": "name"}, "2": {"text": "x"}},
        "audience": {"phones": [{"phone": "081234567890"}]},
        **values,
    }
    answer = campaigns.api.post(URL, json=body)
    assert answer.status_code == status, answer.json
    return answer.json["error"]


def test_what_cannot_be_sent_is_refused_before_anything_is_kept(campaigns, make, cast):
    other = approved(cast.organization_id, "12345", "lain")
    assert "template_id" in refused(campaigns, 422, template_id=other)["fields"]
    foreign = make.contact(cast.neighbour_id)
    own = make.contact(cast.organization_id)
    assert refused(campaigns, 404, audience={"contact_ids": [own.id, foreign.id]})
    label = make.label(cast.neighbour_id)
    for audience in ({"labels": [label.id]}, {"filter": {"label": label.id}}, {}, {"file": "1/" + "x" * 24}):
        assert refused(campaigns, 404 if "file" in audience else 422, audience=audience)
    fields = refused(campaigns, 422, variables={"1": {"field": "name"}})["fields"]
    assert list(fields) == ["variables.2"]
    assert "scheduled_at" in refused(campaigns, 422, scheduled_at="2020-01-01T00:00Z")["fields"]
    assert refused(campaigns, 422, audience={"phones": [{"phone": "1"}] * 20_001})
    webchat = make.device(cast.organization_id, "webchat")
    assert refused(campaigns, 422, device_id=webchat.id)["fields"]["device_id"]
    assert campaigns.api.get(URL).json["items"] == []


def test_labels_contacts_a_filter_and_a_file_name_each_once(campaigns, make, cast):
    numbers = ["+62" + phone[1:] for phone in phones(4)]
    people = [make.contact(cast.organization_id, f"Orang {n}", phone=n) for n in numbers[:3]]
    bare = make.contact(cast.organization_id, "Tanpa Nomor")
    label = make.label(cast.organization_id)
    with acting_as(cast.organization_id):
        for one in (*people[:2], bare):
            db.session.add(ContactLabel(contact_id=one.id, label_id=label.id))
        db.session.commit()
    lines = f"nama,telepon,Kota\nA,{numbers[2]},Solo\nB,{numbers[3]},Solo\nC,{numbers[3]},Solo\nD,12,Solo\n"
    upload = {"file": (io.BytesIO(lines.encode()), "a.csv")}
    file = campaigns.api.post(f"{URL}/recipients-file", data=upload).json
    assert (file["good"], file["duplicates"], file["bad"], file["columns"]) == (2, 1, 1, ["Kota"])
    assert [error["line"] for error in file["errors"]] == [4, 5]
    made = campaigns.make(
        audience={
            "labels": [label.id],
            "contact_ids": [people[0].id],
            "filter": {"q": people[2].phone},
            "file": file["file"],
        },
        variables={"1": {"field": "name"}, "2": {"field": "Kota", "default": "-"}},
    )
    assert made["counts"]["total"] == 5 and made["counts"]["failed"] == 1
    assert made["left_out"] == {"opted_out": 0, "duplicates": 2, "bad_rows": 1}
    texts = [item["text"] for item in campaigns.api.get(f"{URL}/{made['id']}/preview").json["items"]]
    assert texts[-1] == "Halo B, pesanan Solo sudah kami kirim hari ini. Terima kasih banyak."


def test_who_writes_the_word_gets_no_more(campaigns, number, make, cast):
    [phone, other] = phones(2)
    number.customer = "62" + phone[1:]
    for text in ("stop sending twice", " Berhenti! ", "STOP"):
        number.receive(number.message(content=text))
    said = [row.text for row in number.messages("out")]
    assert len(said) == 1 and "siaran" in said[0]  # confirmed once
    contact_id = number.conversation().contact_id
    assert campaigns.api.get(f"{URL}/opt-outs/{contact_id}").json["word"] == "BERHENTI"
    made = campaigns.make([phone, other])
    assert (made["counts"]["total"], made["left_out"]["opted_out"]) == (1, 1)
    # … also who says so after the list was made
    number.customer = "62" + other[1:]
    number.receive(number.message(content="unsubscribe"))
    campaigns.act(made, "start")
    number.deliver()
    told = campaigns.show(made)
    assert (told["status"], told["counts"]["cancelled"]) == ("completed", 1)
    assert {item["type"] for item in number.sent()} == {"text"}
    words = {"opt_out_words": ["Cukup"], "confirmation": "Baik."}
    assert campaigns.api.put(f"{URL}/settings", json=words).json == words
    number.customer = "62" + phones(1)[0][1:]
    for text in ("stop", "cukup"):
        number.receive(number.message(content=text))
    assert [row.text for row in number.messages("out")][-1] == "Baik."
    assert (
        campaigns.api.put(f"{URL}/opt-outs/{contact_id}", json={"opted_out": False}).json["opted_out"]
        is False
    )
    assert campaigns.make([phone])["counts"]["total"] == 1


def test_a_missing_value_refuses_that_recipient_alone(campaigns, number, make, cast):
    people = phones(2)
    audience = {"phones": [{"phone": people[0], "variables": {"1": "Ani"}}, {"phone": people[1]}]}
    made = campaigns.make(audience=audience, variables={"2": {"text": "7"}})
    campaigns.act(made, "start")
    number.deliver()
    [failed] = campaigns.recipients(made, status="failed")
    assert failed["error"]["code"] == "variables_missing" and failed["error"]["fields"] == ["variables.1"]
    assert len(number.sent()) == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_is_safe_to_open(campaigns, kind):
    audience = {"phones": [{"phone": phones(1)[0], "name": STRANGE}]}
    made = campaigns.make(audience=audience)
    answer = campaigns.api.get(f"/app/broadcasts/{made['id']}/export?format={kind}")
    assert answer.status_code == 200
    if kind == "csv":
        assert "'=HYPERLINK" in answer.text
        return
    from openpyxl import load_workbook

    cell = load_workbook(io.BytesIO(answer.data)).active["A2"]
    assert (cell.data_type, cell.value) == ("s", STRANGE)
