"""The pages: who sees what, hostile words, foreign ids."""

import io

import pytest

from cloudchat.services import contact_import, conversations
from cloudchat.tenancy import acting_as

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "${7*7}",
    "javascript:alert(1)",
]
SHEET = b"Nama,HP\nBudi,081234567890\nSalah,abc\n"


def identity(person):
    from cloudchat.services import accounts

    return accounts.identify_token(person.token)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(cast, make, as_person, words):
    label = make.label(cast.organization_id, words[:60])
    made = make.contact(cast.organization_id, words, custom_fields={words[:60]: words}, email=None)
    api = as_person(cast.admin)
    api.post("/api/app/contacts/labels", json={"ids": [made.id], "add": [label.id]})
    quoted = '"' + words.replace('"', '""') + '"'
    sheet = f"Nama,HP,{quoted}\n{quoted},081234567890,x\n"
    with acting_as(cast.organization_id):
        row = contact_import.upload(None, words, sheet.encode())
    for url in (
        "/app/contacts",
        f"/app/contacts/{made.id}",
        f"/app/contacts/{made.id}/edit",
        f"/app/contacts/{made.id}/merge?q={words[:5]}",
        "/app/contacts/import",
        f"/app/contacts/imports/{row.id}",
    ):
        page = api.get(url)
        assert page.status_code == 200, url
        for bad in ("<script>alert", "<img src=x", 'href="javascript:', ">49<", "onerror=alert(1)>"):
            assert bad not in page.text, (url, bad)


def test_only_conversations_that_one_may_see(cast, make, as_person):
    division = make.division(cast.organization_id)
    hidden = make.conversation(cast.organization_id, division_id=division.id, assignee_id=cast.colleague.id)
    make.message(hidden, "rahasia divisi lain")
    with acting_as(cast.organization_id):
        conversations.add_note(identity(cast.manager), hidden.id, "catatan tersembunyi")
    url = f"/app/contacts/{hidden.contact_id}"
    for person, sees in ((cast.manager, True), (cast.colleague, True), (cast.agent, False)):
        page = as_person(person).get(url).text
        assert ("rahasia divisi lain" in page) is sees
        assert ("catatan tersembunyi" in page) is sees
        assert (f"/app/inbox/{hidden.id}" in page) is sees
        rows = as_person(person).get("/app/contacts").text.split('id="contact-rows"')[1]
        assert ("data-time" in rows.split('wide-only nowrap"><time')[0]) is sees


def test_history_is_paged(cast, make, as_person):
    device = make.device(cast.organization_id)
    first = make.conversation(cast.organization_id, device, status="resolved")
    with acting_as(cast.organization_id):
        from cloudchat.extensions import db
        from cloudchat.models import Conversation

        db.session.add_all(
            Conversation(
                contact_id=first.contact_id, device_id=device.id, external_user_id="x", status="resolved"
            )
            for _ in range(44)
        )
        db.session.commit()
    api, found, url = as_person(cast.agent), [], f"/app/contacts/{first.contact_id}"
    while url:
        page = api.get(url).text
        found += [part.split('"')[0] for part in page.split('class="history-row" href="/app/inbox/')[1:]]
        more = page.split("/conversations?before=")
        url = (
            f"/app/contacts/{first.contact_id}/conversations?before={more[1].split(chr(34))[0]}"
            if len(more) > 1
            else None
        )
    assert len(found) == len(set(found)) == 45


def test_create_and_edit_by_form(cast, make, as_person):
    api = as_person(cast.agent)
    label, foreign = make.label(cast.organization_id), make.label(cast.neighbour_id)
    wrong = api.post("/app/contacts", data={"name": "", "phone": "abc", "email": "x@"})
    assert wrong.status_code == 422
    assert wrong.text.count('class="invalid-feedback"') == 2
    assert 'value="abc"' in wrong.text, "what was typed is kept"
    made = api.post(
        "/app/contacts",
        data={
            "name": " Budi ",
            "phone": "0812-3456-7890",
            "labels": [label.id],
            "field_name": ["Kota", "", "Umur"],
            "field_value": ["Bandung", "", "30"],
            "organization_id": cast.neighbour_id,
            "id": 1,
        },
    )
    assert made.status_code == 204
    url = made.headers["HX-Redirect"]
    row = api.get("/api" + url).get_json()
    assert row["name"] == "Budi"
    assert row["phone"] == "+6281234567890"
    assert row["labels"] == [label.name]
    assert row["custom_fields"] == {"Kota": "Bandung", "Umur": "30"}
    assert api.post(url, data={"name": "Budi", "labels": [foreign.id]}).status_code == 422
    assert api.post(url, data={"name": "Budi", "field_name": [""], "field_value": ["x"]}).status_code == 422
    saved = api.post(url, data={"name": "Budi B", "phone": "", "email": "b@contoh.com"})
    assert saved.status_code == 200
    row = api.get("/api" + url).get_json()
    assert (row["name"], row["phone"], row["labels"], row["custom_fields"]) == ("Budi B", None, [], {})


def test_foreign_ids_are_not_there(cast, make, as_person):
    theirs = make.conversation(cast.neighbour_id).contact_id
    with acting_as(cast.neighbour_id):
        row = contact_import.upload(None, "a.csv", SHEET)
    api = as_person(cast.admin)
    for part in ("", "/details", "/edit", "/conversations", "/notes", "/merge", "/data"):
        assert api.get(f"/app/contacts/{theirs}{part}").status_code == 404, part
    for part in ("", "/delete", "/merge"):
        assert api.post(f"/app/contacts/{theirs}{part}", data={"contact_id": theirs}).status_code == 404, part
    for part in ("", "/status", "/errors"):
        assert api.get(f"/app/contacts/imports/{row.id}{part}").status_code == 404, part
    for part in ("/mapping", "/start", "/cancel"):
        assert api.post(f"/app/contacts/imports/{row.id}{part}", data={"target": ["name"]}).status_code == 404
    assert "<tr" not in api.get(f"/app/contacts/rows?ids={theirs}").text
    with acting_as(cast.neighbour_id):
        assert contact_import.get(row.id).state == "draft"
    for odd in ("0", "-1", "2147483648", "9223372036854775808", "1e3", "x"):
        assert api.get(f"/app/contacts/{odd}").status_code == 404
        assert api.get(f"/app/contacts/imports/{odd}").status_code == 404


def test_agents_do_not_import(cast, as_person):
    api = as_person(cast.agent)
    assert api.get("/app/contacts/import").status_code == 403
    assert api.post("/app/contacts/import", data={"file": (io.BytesIO(SHEET), "a.csv")}).status_code == 403
    assert "contacts/import" not in api.get("/app/contacts").text


def test_upload_preview_start_errors(cast, as_person):
    api = as_person(cast.manager)
    refused = api.post("/app/contacts/import", data={"file": (io.BytesIO(b"PK\x03\x04"), "a.xlsx")})
    assert refused.status_code == 422
    assert "CSV" in refused.text
    assert api.post("/app/contacts/import", data={}).status_code == 422
    sent = api.post("/app/contacts/import", data={"file": (io.BytesIO(SHEET), "../../a.csv")})
    assert sent.status_code == 303
    url = sent.headers["Location"]
    page = api.get(url).text
    assert "../" not in page.split("<h2")[1].split("</h2>")[0]
    wrong = api.post(url + "/mapping", data={"target": ["name", "skip"]})
    assert wrong.status_code == 422
    assert 'value="skip" selected' in wrong.text, "what was chosen is kept"
    assert api.post(url + "/mapping", data={"target": ["name", "phone"]}).status_code == 200
    assert api.post(url + "/start").status_code == 200
    assert api.post(url + "/start").status_code == 200
    assert 'hx-trigger="every 1s"' in api.get(url + "/status").text
    with acting_as(cast.organization_id):
        contact_import.work(int(url.rsplit("/", 1)[1]))
    assert 'hx-trigger="every 1s"' not in api.get(url + "/status").text
    errors = api.get(url + "/errors")
    assert errors.mimetype == "text/csv"
    assert "abc" in errors.get_data(as_text=True)
    assert api.get("/app/contacts?q=081234567890").text.count('data-href="') == 1


def test_the_sample_can_be_imported(cast, as_person):
    sample = as_person(cast.manager).get("/app/contacts/import/sample").get_data()
    with acting_as(cast.organization_id):
        row = contact_import.upload(None, "contoh.csv", sample)
        assert (row.preview["new"], row.preview["error"], row.preview["duplicate"]) == (3, 0, 0)
        assert sorted(row.preview["new_labels"]) == ["Reseller", "VIP"]
