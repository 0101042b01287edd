"""A broadcast that does not run yet is changed; kept filters and places are part of one."""

from datetime import timedelta

import pytest

from cloudchat.extensions import db, now
from cloudchat.models import AuditEntry, Broadcast, ContactLabel, MetaTemplate
from cloudchat.services.broadcasts import preparing, writing
from cloudchat.tenancy import acting_as
from tests.test_broadcasts.conftest import URL, approved, phones
from tests.test_broadcasts.test_sending import change, set_rate

FILTERS = "/api/app/contacts/filters"
PLACE = {"latitude": "-6.2", "longitude": 106.8, "name": "Toko", "address": "Jl. Melati"}


def patched(campaigns, made: dict, status: int = 200, **values) -> dict:
    answer = campaigns.api.patch(f"{URL}/{made['id']}", json=values)
    assert answer.status_code == status, answer.json
    return answer.json if status == 200 else answer.json["error"]


@pytest.fixture
def label_of(make, cast):
    """Contacts with a label, by a function that adds them: the label's id."""
    label = make.label(cast.organization_id)

    def add(*people) -> int:
        with acting_as(cast.organization_id):
            for one in people:
                db.session.add(ContactLabel(contact_id=one.id, label_id=label.id))
            db.session.commit()
        return label.id

    return add


def test_each_part_of_a_draft_can_be_changed_and_what_is_not_named_stays(campaigns, cast):
    people = phones(3)
    made = campaigns.make(people, quiet_hours={"start": "21:00", "end": "06:00"})
    told = patched(campaigns, made, name="Lain", version=made["version"])
    assert (told["name"], told["counts"]["total"], told["quiet_hours"]["start"]) == ("Lain", 3, "21:00")
    with acting_as(cast.organization_id):
        other = approved(
            cast.organization_id, campaigns.number.device.config["waba_id"], "lain", "Halo {{1}} ya"
        )
    told = patched(
        campaigns,
        made,
        template_id=other,
        variables={"1": {"text": "Kak"}},
        audience={"phones": [{"phone": people[0]}, {"phone": people[0]}]},
        quiet_hours=None,
    )
    assert (told["template_name"], told["quiet_hours"]) == ("lain", None)
    assert (told["counts"]["total"], told["left_out"]["duplicates"]) == (1, 1)
    preview = campaigns.api.get(f"{URL}/{made['id']}/preview").json["items"]
    assert [item["text"] for item in preview] == ["Halo Kak ya"]
    assert "variables.1" in patched(campaigns, made, 422, variables={})["fields"]
    assert patched(campaigns, made, 422, audience={"labels": []})["fields"]["audience"]
    with acting_as(cast.organization_id):
        row = (
            db.session.query(AuditEntry).filter_by(action="broadcast.changed").order_by(AuditEntry.id).first()
        )
    assert row.data["fields"] == ["name"]


def test_two_who_change_the_same_are_told_and_one_that_runs_stays_as_it_is(campaigns):
    made = campaigns.make(phones(1))
    patched(campaigns, made, name="Pertama", version=made["version"])
    error = patched(campaigns, made, 409, name="Kedua", version=made["version"])
    assert (error["code"], error["current"]) == ("changed_meanwhile", {"name": "Pertama"})
    assert patched(campaigns, made, name="Kedua", version=error["version"])["name"] == "Kedua"
    campaigns.act(made, "start")
    assert patched(campaigns, made, 409, name="Ketiga")["code"] == "broadcast_state"


def test_a_scheduled_one_keeps_its_time_or_is_a_draft_again(campaigns):
    made = campaigns.make(phones(1), scheduled_at=(now() + timedelta(hours=1)).isoformat())
    assert patched(campaigns, made, name="Nanti")["status"] == "scheduled"
    later = patched(campaigns, made, scheduled_at=(now() + timedelta(hours=3)).isoformat())
    assert later["status"] == "scheduled" and later["scheduled_at"] > made["scheduled_at"]
    assert "scheduled_at" in patched(campaigns, made, 422, scheduled_at="2020-01-01T00:00Z")["fields"]
    told = patched(campaigns, made, scheduled_local=None)
    assert (told["status"], told["scheduled_at"]) == ("draft", None)


def test_a_kept_filter_is_counted_taken_and_looked_at_again_when_the_time_comes(
    campaigns, make, cast, label_of, as_person
):
    numbers = ["+62" + phone[1:] for phone in phones(4)]
    people = [make.contact(cast.organization_id, f"Toko {n}", phone=n) for n in numbers]
    label = label_of(*people[:2])
    kept = campaigns.api.post(FILTERS, json={"name": "Toko VIP", "q": "toko", "label": label}).json
    [listed] = campaigns.api.get(FILTERS, query_string={"counts": "true"}).json["items"]
    assert listed == kept | {"count": 2}
    wanted = {"saved_filters": [kept["id"]]}
    size = campaigns.api.post(f"{URL}/audience-size", json={"audience": wanted})
    assert size.json == {"total": 2}
    made = campaigns.make(audience=wanted, scheduled_at=(now() + timedelta(hours=1)).isoformat())
    assert made["counts"]["total"] == 2
    # What happens to the filter by its name changes no broadcast; who has the label at the time does
    assert campaigns.api.delete(f"{FILTERS}/{kept['id']}").status_code == 204
    assert patched(campaigns, made, audience=wanted, name="Ubah")["counts"]["total"] == 2
    label_of(people[2])
    with acting_as(cast.organization_id):
        db.session.query(ContactLabel).filter_by(contact_id=people[0].id).delete()
        db.session.commit()
    change(campaigns.number, Broadcast, made["id"], scheduled_at=now() - timedelta(seconds=1))
    set_rate(campaigns.number, 500)
    with acting_as(cast.organization_id):
        assert writing.start_due() == 1
        preparing.prepare(made["id"])
    campaigns.number.deliver(budget=10)
    sent = {item["to"] for item in campaigns.number.sent()}
    assert sent == {one.phone.lstrip("+") for one in people[1:3]}
    # Somebody else's filter, and one that never was
    foreign = as_person(cast.stranger).post(FILTERS, json={"name": "Asing", "q": "x"}).json
    for wrong in (foreign["id"], 2**31 - 1):
        body = {"audience": {"saved_filters": [wrong]}}
        assert campaigns.api.post(f"{URL}/audience-size", json=body).status_code == 404


def test_a_header_shows_a_place_or_the_templates_own_file(campaigns, cast):
    number = campaigns.number
    waba_id = number.device.config["waba_id"]
    parts = [{"type": "HEADER", "format": "LOCATION"}, {"type": "BODY", "text": "Kami pindah ke sini."}]
    number.control(
        "templates", {"waba_id": waba_id, "name": "pindah", "status": "APPROVED", "components": parts}
    )
    place = approved(cast.organization_id, waba_id, "pindah")
    change(number, MetaTemplate, place, components=parts)
    made = campaigns.make(phones(1), template_id=place, variables={"header": {"location": PLACE}})
    [shown] = campaigns.api.get(f"{URL}/{made['id']}/preview").json["items"]
    assert shown["header"] == PLACE | {"type": "location", "latitude": -6.2}
    bad = {"header": {"location": {"latitude": 91, "longitude": 0}}}
    assert "variables.header" in patched(campaigns, made, 422, variables=bad)["fields"]
    own = [{"phone": phones(1)[0], "variables": {"Titik": " -7.25,112.75"}}]
    patched(
        campaigns, made, audience={"phones": own}, variables={"header": {"field": "Titik", "default": "0,0"}}
    )
    campaigns.act(made, "start")
    number.deliver()
    [sent] = number.sent()
    [header] = sent["payload"]["template"]["components"]
    assert header["parameters"] == [
        {"type": "location", "location": {"latitude": -7.25, "longitude": 112.75}}
    ]
    sample = [
        {
            "type": "HEADER",
            "format": "IMAGE",
            "example": {"header_handle": ["https://files.example/a.jpg"]},
        },
        {"type": "BODY", "text": "Lihat gambar ini ya."},
    ]
    picture = approved(cast.organization_id, waba_id, "gambar")
    change(number, MetaTemplate, picture, components=sample)
    made = campaigns.make(phones(1), template_id=picture, variables={"header": {"sample": True}})
    [shown] = campaigns.api.get(f"{URL}/{made['id']}/preview").json["items"]
    assert shown["header"]["type"] == "image" and shown["text"]
