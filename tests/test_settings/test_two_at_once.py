"""Two people at one record: the second to save is told what the first has changed."""

import re

import pytest

from cloudchat.services import accounts
from tests import factories
from tests.contracts import objects

RECORDS = {
    "contacts": (objects.contact, "patch", {"name": "Punya saya"}, {"name": "Punya dia"}),
    "labels": (objects.label, "put", {"name": "Punya saya"}, {"name": "Punya dia"}),
    "canned-replies": (
        objects.canned_reply,
        "put",
        {"shortcut": "saya", "text": "a"},
        {"shortcut": "dia", "text": "a"},
    ),
    "devices": (objects.device, "patch", {"name": "Punya saya"}, {"name": "Punya dia"}),
}


def version_of(caller, url, row_id):
    """The version that the API shows; labels and replies have no address of their own to read."""
    answer = caller.get(f"{url}/{row_id}")
    if answer.status_code != 200:
        [answer] = [item for item in caller.get(url).json["items"] if item["id"] == row_id]
        return answer["version"]
    return answer.json["version"]


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("how", ["body", "header"])
def test_the_second_is_told_and_may_save_again(cast, as_person, name, how):
    make, method, mine, theirs = RECORDS[name]
    caller, other = as_person(cast.admin), as_person(make_admin(cast))
    row_id, url = make(cast.organization_id), f"/api/app/{name}"

    def save(person, values, version=None):
        seen = {"json": values}
        if version and how == "body":
            seen = {"json": {**values, "version": version}}
        elif version:
            seen["headers"] = {"If-Match": f'"{version}"'}
        return getattr(person, method)(f"{url}/{row_id}", **seen)

    version = version_of(caller, url, row_id)
    assert save(other, theirs).status_code == 200, "without a version nothing is asked"
    refused = save(caller, mine, version)
    assert refused.status_code == 409
    error = refused.json["error"]
    assert error["code"] == "changed_meanwhile" and error["changed_by"].startswith("Admin")
    field = next(field for field in mine if mine[field] != theirs[field])
    assert error["current"] == {field: theirs[field]}
    saved = save(caller, mine, error["version"])
    assert saved.status_code == 200 and saved.json[field] == mine[field]


def make_admin(cast):
    return factories.person(cast.organization_id, "admin")


def test_only_what_both_changed_stands_in_the_way(cast, as_person):
    url = f"/api/app/contacts/{objects.contact(cast.organization_id)}"
    caller = as_person(cast.agent)
    version = caller.get(url).json["version"]
    as_person(cast.colleague).patch(url, json={"email": "budi@contoh.test"})
    assert caller.patch(url, json={"name": "Budi", "version": version}).status_code == 200
    # To the same value is no quarrel; a version that is none of ours is an old one
    assert caller.patch(url, json={"email": "budi@contoh.test", "version": version}).status_code == 200
    assert caller.patch(url, json={"email": "lain@contoh.test", "version": "x"}).status_code == 409


@pytest.fixture
def logged_in(app, context):
    """`logged_in(person)`: a client with that person's session."""

    def made(person):
        token, _ = accounts.start_session(person.organization_id, person.id, None, None)
        client = app.test_client()
        with client.session_transaction() as kept:
            kept.update(organization=person.organization_id, token=token)
        return client

    return made


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


@pytest.mark.parametrize("screen", ["labels", "users", "contacts", "devices", "canned-replies"])
def test_the_screens_say_who_and_what_and_save_the_second_time(cast, logged_in, screen):
    makers = {"users": objects.agent, "labels": objects.label, "contacts": objects.contact}
    make = makers.get(screen, RECORDS.get(screen, (None,))[0])
    url = f"/admin/{screen}/edit/?id={make(cast.organization_id)}"
    caller, name = logged_in(cast.admin), "shortcut" if screen == "canned-replies" else "name"
    other = logged_in(make_admin(cast))
    page = caller.get(url).text
    filled = {
        "users": {"role": "agent", "capacity": 5},
        "labels": {"color": "#112233"},
        "canned-replies": {"text": "Halo Kak"},
        "devices": dict(re.findall(r'name="(phone_number_id)"[^>]* value="([^"]*)"', page)),
    }.get(screen, {})

    def save(client, opened, value):
        return client.post(url, data={**fields_of(opened), **filled, name: value})

    assert save(other, other.get(url).text, "punya-dia").status_code == 302
    refused = save(caller, page, "punya-saya")
    assert refused.status_code == 409
    assert "data-conflict" in refused.text and "punya-dia" in refused.text
    assert 'value="punya-saya"' in refused.text or ">punya-saya<" in refused.text
    assert save(caller, refused.text, "punya-saya").status_code == 302
    assert "punya-saya" in caller.get(url).text


def test_the_contact_page_keeps_what_was_typed(cast, logged_in, as_person):
    row_id = objects.contact(cast.organization_id)
    caller = logged_in(cast.agent)
    opened = fields_of(caller.get(f"/app/contacts/{row_id}/edit").text)
    as_person(cast.colleague).patch(f"/api/app/contacts/{row_id}", json={"phone": "081234567890"})
    typed = {**opened, "name": "Sari", "phone": "081299999999"}
    refused = caller.post(f"/app/contacts/{row_id}", data=typed)
    assert refused.status_code == 409
    assert "+6281234567890" in refused.text and 'value="081299999999"' in refused.text
    again = caller.post(f"/app/contacts/{row_id}", data={**typed, **fields_of(refused.text)})
    assert again.status_code == 200 and "+6281299999999" in again.text
