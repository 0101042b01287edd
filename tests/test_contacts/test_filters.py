"""Filters of the list that an organization keeps under a name."""

import pytest

from cloudchat.extensions import db
from cloudchat.models import ContactFilter
from cloudchat.services import contact_filters, labels
from cloudchat.tenancy import acting_as

URL = "/api/app/contacts/filters"


def test_everybody_finds_it_and_its_maker_or_a_manager_changes_it(cast, as_person):
    agent, colleague, manager = (as_person(one) for one in (cast.agent, cast.colleague, cast.manager))
    kept = agent.post(URL, json={"name": "  Toko   baju ", "q": " baju "}).json
    assert (kept["name"], kept["q"], kept["label_id"]) == ("Toko baju", "baju", None)
    assert [one["id"] for one in colleague.get(URL).json["items"]] == [kept["id"]]
    assert colleague.patch(f"{URL}/{kept['id']}", json={"name": "Milikku"}).status_code == 403
    assert colleague.delete(f"{URL}/{kept['id']}").status_code == 403
    assert agent.patch(f"{URL}/{kept['id']}", json={"name": "Baju"}).json["name"] == "Baju"
    assert "Baju" in colleague.get("/app/contacts").text
    assert manager.delete(f"{URL}/{kept['id']}").status_code == 204
    assert agent.get(URL).json["items"] == []


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"name": "Semua"}, 422, "name"),
        ({"name": "", "q": "a"}, 422, "name"),
        ({"name": "x" * 61, "q": "a"}, 422, "name"),
        ({"name": "Label", "label": "tidak ada"}, 422, "labels"),
        ({"name": "TOKO", "q": "b"}, 409, "name"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_the_field(cast, as_person, body, status, word):
    api = as_person(cast.agent)
    api.post(URL, json={"name": "Toko", "q": "a"})
    answer = api.post(URL, json=body)
    assert answer.status_code == status and word in answer.json["error"]["fields"]


def test_it_goes_with_its_label_and_there_are_never_too_many(cast, as_person, make):
    label = make.label(cast.organization_id)
    api = as_person(cast.agent)
    assert api.post(URL, json={"name": "VIP", "label": label.id}).status_code == 201
    with acting_as(cast.organization_id):
        labels.delete_label(label.id)
    assert api.get(URL).json["items"] == []
    with acting_as(cast.organization_id):
        db.session.add_all(ContactFilter(name=f"F{n}", q="x") for n in range(contact_filters.MOST))
        db.session.commit()
    answer = api.post(URL, json={"name": "Satu lagi", "q": "a"})
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "too_many_filters")
