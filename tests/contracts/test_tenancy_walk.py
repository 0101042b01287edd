"""Every route, job and socket event, called with a neighbour's ids: as if they did not exist (H35-H39).

The walk asks the app for its routes, so a new one fails here until `registry.py` knows it.
"""

import json

import pytest
from sqlalchemy import text

from cloudchat.extensions import db
from cloudchat.tenancy import acting_as
from cloudchat.web import api
from tests.contracts import objects, registry
from tests.contracts.registry import NotAnId
from tests.contracts.walk import blueprint_of, filled, fingerprint, makers, request_of, rules, tried, url_of

SEEN_BUT_REFUSED = (404, 401, 405, 415)

# --- nothing is left out -----------------------------------------------------------------------


def test_every_id_in_an_address_is_registered(app):
    unknown = [
        f"{rule} <{name}>"
        for rule in rules(app)
        for name in rule.arguments
        if name not in registry.PARAMETERS.get(blueprint_of(rule), {})
    ]
    assert not unknown, f"say in tests/contracts/registry.py, PARAMETERS, how to make these: {unknown}"


def test_every_route_that_takes_a_body_is_registered(app):
    unknown = sorted(
        {
            rule.endpoint
            for rule, method in tried(app)
            if method not in ("get", "delete") and rule.endpoint not in registry.REQUESTS
        }
    )
    assert not unknown, (
        f"say in tests/contracts/registry.py, REQUESTS, what a valid call of these carries: {unknown}"
    )


def fields_that_name_rows(app) -> set[tuple[str, str]]:
    """Fields of bodies and queries that look like ids: integers and lists of them, and *_id."""
    found = set()
    for rule in rules(app):
        metadata = api.get_function_metadata(app.view_functions[rule.endpoint])
        for part in ("query", "json"):
            schema = api.models.get(getattr(metadata, part, None) or "", {})
            for name, field in schema.get("properties", {}).items():
                words = json.dumps(field)
                is_id = '"maximum": 2147483647' in words or "9007199254740992" in words
                if is_id or name.endswith(("_id", "ids")) or name in ("label", "labels"):
                    found.add((rule.endpoint, name))
    return found


def test_every_id_in_a_body_or_query_is_registered(app):
    unknown = sorted(fields_that_name_rows(app) - set(registry.BODY_IDS))
    assert not unknown, f"say in tests/contracts/registry.py, BODY_IDS, how to try these: {unknown}"


def test_the_registry_names_nothing_that_is_gone(app):
    endpoints = {rule.endpoint for rule in rules(app)}
    stale = {name for name in registry.REQUESTS if name not in endpoints}
    stale |= {key for key in registry.BODY_IDS if key not in fields_that_name_rows(app)}
    assert not stale, f"take these out of tests/contracts/registry.py: {stale}"


# --- the walk ----------------------------------------------------------------------------------


def test_foreign_ids_in_addresses_are_not_found(app, cast, as_person):
    """Each id alone and all together are the neighbour's; the caller may do everything at home."""
    caller = as_person(cast.admin)
    wrong = []
    for rule, method in tried(app):
        names = makers(rule)
        for foreign in _choices(list(names)):
            values = {
                name: make(cast.neighbour_id if name in foreign else cast.organization_id)
                for name, make in names.items()
            }
            sent = request_of(rule, cast.organization_id)
            before = fingerprint(cast.neighbour_id)
            answer = getattr(caller, method)(url_of(app, rule, values), **sent)
            if answer.status_code != 404:
                wrong.append(f"{method} {rule} with foreign {foreign}: {answer.status_code}")
            if fingerprint(cast.neighbour_id) != before:
                wrong.append(f"{method} {rule} with foreign {foreign} changed the neighbour's rows")
    assert not wrong, "\n".join(wrong)


def _choices(names: list[str]):
    """Which of the ids are foreign: all of them, and each alone."""
    return dict.fromkeys([tuple(names), *((name,) for name in names)])


def test_the_same_calls_work_with_own_ids(app, cast, as_person):
    """The control: what is refused above is refused for whose it is, not for how it is called."""
    wrong = []
    for rule, method in tried(app):
        names = makers(rule)
        if len(names) > 1:  # their objects belong to different parents here
            continue
        door = app.view_functions[rule.endpoint].door
        values = {name: make(cast.organization_id) for name, make in names.items()}
        if "session_id" in values:
            values = {"session_id": objects.session(cast.organization_id, cast.admin.id)}
        sent = request_of(rule, cast.organization_id)
        answer = getattr(as_person(cast.admin), method)(url_of(app, rule, values), **sent)
        if answer.status_code in SEEN_BUT_REFUSED or answer.status_code == 422:
            wrong.append(f"{method} {rule} ({door}): {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)


def test_conversations_of_others_are_not_found_for_an_agent(app, cast, as_person):
    """Agents of other divisions see them as little as strangers do."""
    hidden = objects.hidden_conversation(cast.organization_id, cast.colleague.id)
    wrong = []
    for rule, method in tried(app):
        if set(makers(rule)) != {"conversation_id"}:
            continue
        sent = request_of(rule, cast.organization_id)
        answer = getattr(as_person(cast.agent), method)(
            url_of(app, rule, {"conversation_id": hidden}), **sent
        )
        if answer.status_code not in (403, 404):
            wrong.append(f"{method} {rule}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "key", [key for key, how in registry.BODY_IDS.items() if not isinstance(how, NotAnId)], ids=str
)
def test_foreign_ids_in_bodies_and_filters(key, cast, as_person):
    how = registry.BODY_IDS[key]
    foreign = how.make(cast.neighbour_id)
    url = filled(how.url, cast.organization_id)
    made = filled(how.send(foreign), cast.organization_id)
    before = fingerprint(cast.neighbour_id)
    home = fingerprint(cast.organization_id)

    answer = getattr(as_person(cast.admin), how.method)(url, **made)

    assert fingerprint(cast.neighbour_id) == before
    if how.expected == registry.NOTHING:
        assert answer.status_code == 200
        found = answer.json.get("items", [])
        assert not found and not any(v for v in answer.json.values() if isinstance(v, int))
    else:
        assert answer.status_code in how.expected, answer.text[:300]
        changed = {name for name, value in fingerprint(cast.organization_id).items() if home[name] != value}
        assert changed <= {"api_tokens"}, "the whole call is refused: nothing of it may be there"


def test_a_bulk_action_refuses_foreign_ids(cast, as_person):
    own = objects.conversation(cast.organization_id)
    caller = as_person(cast.admin)
    for field in (
        {"action": "assign", "agent_id": objects.agent(cast.neighbour_id)},
        {"action": "add_label", "label": objects.label(cast.neighbour_id)},
    ):
        answer = caller.post("/api/app/inbox/conversations/bulk", json={"ids": [own], **field})
        refused = answer.status_code in (404, 422) or not answer.json["items"][0]["ok"]
        assert refused, field
    shown = caller.get(f"/api/app/inbox/conversations/{own}").json
    assert (shown["assignee"], shown["labels"]) == (None, [])


def test_undoing_a_bulk_action_refuses_foreign_ids(cast, as_person):
    own, foreign = (objects.conversation(org) for org in (cast.organization_id, cast.neighbour_id))
    caller = as_person(cast.admin)
    url = "/api/app/inbox/conversations/restore"
    mixed = [{"id": row_id, "version": 1, "status": "pending"} for row_id in (own, foreign)]
    assert caller.post(url, json={"states": mixed}).status_code == 404
    agent, label = objects.agent(cast.neighbour_id), objects.label(cast.neighbour_id)
    for field in ({"agent_id": agent}, {"labels": [label]}):
        caller.post(url, json={"states": [{"id": own, "version": 1, **field}]})
    shown = caller.get(f"/api/app/inbox/conversations/{own}").json
    assert (shown["status"], shown["assignee"], shown["labels"]) == ("open", None, [])


def test_a_foreign_id_looks_like_an_unknown_one(cast, as_person, make):
    """Not a word, a header or a count tells an id of a neighbour from one that never was."""
    foreign = make.conversation(cast.neighbour_id).id
    caller = as_person(cast.admin)
    there = caller.get(f"/api/app/inbox/conversations/{foreign}")
    never = caller.get("/api/app/inbox/conversations/2147483647")
    assert (there.status_code, there.json) == (never.status_code, never.json)
    left_out = ("X-Request-Id", "Date")
    headers = [{k: v for k, v in answer.headers if k not in left_out} for answer in (there, never)]
    assert headers[0] == headers[1]


def test_mass_assignment_is_ignored(cast, as_person, make):
    """H39: fields that nobody may set are dropped, not stored."""
    caller = as_person(cast.admin)
    sent = {
        "name": "Sari",
        "id": 1,
        "organization_id": cast.neighbour_id,
        "org_id": cast.neighbour_id,
        "created_at": "2000-01-01T00:00:00Z",
        "deleted_at": "2000-01-01T00:00:00Z",
        "is_admin": True,
        "role": "admin",
    }
    made = caller.post("/api/app/contacts", json=sent)
    assert made.status_code == 201 and made.json["created_at"] > "2020"
    with acting_as(cast.organization_id):
        assert (
            db.session.execute(
                text("select organization_id from contacts where id = :id"), {"id": made.json["id"]}
            ).scalar_one()
            == cast.organization_id
        )
    device = make.device(cast.organization_id)
    changed = caller.patch(
        f"/api/app/devices/{device.id}",
        json={"public_key": "x", "status": "needs_reauth", "secrets": {}, "type": "webchat"},
    )
    assert changed.json["public_key"] == device.public_key
    assert (changed.json["status"], changed.json["type"]) == ("connected", "wa_official")
