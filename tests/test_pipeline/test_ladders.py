"""Pipelines and stages as admins keep them: ready ladders, order, taking away without losing a card."""

import pytest

from cloudchat.extensions import db
from cloudchat.models import PipelineStage
from cloudchat.tenancy import acting_as
from tests import factories

PIPELINES = "/api/app/pipelines"


def test_a_pipeline_with_own_stages(cast, as_person):
    admin = as_person(cast.admin)
    body = {
        "name": "Reseller",
        "color": "#0d9488",
        "icon": "users",
        "is_default": True,
        "stages": [
            {"name": "Menang", "kind": "won", "position": 2},
            {"name": "Kenalan", "position": 0, "color": "#112233"},
            {"name": "Gagal", "kind": "lost", "position": 3},
            {"name": "Tawar", "position": 1, "description": "Harga dikirim"},
        ],
    }
    made = admin.post(PIPELINES, json=body)
    assert made.status_code == 201, made.text
    stages = made.json["stages"]
    assert [(item["name"], item["position"]) for item in stages] == [
        ("Kenalan", 0),
        ("Tawar", 1),
        ("Menang", 2),
        ("Gagal", 3),
    ]
    assert [item["is_closed_stage"] for item in stages] == [False, False, True, True]
    second = admin.post(PIPELINES, json={"ladder": "orders"}).json
    assert (second["name"], second["is_default"]) == ("Pesanan", False)
    assert admin.put(f"{PIPELINES}/{second['id']}", json={"is_default": True}).json["is_default"]
    listed = admin.get(PIPELINES).json["items"]
    assert [(item["name"], item["is_default"]) for item in listed] == [("Reseller", False), ("Pesanan", True)]
    assert as_person(cast.agent).post(PIPELINES, json=body).status_code == 403
    one = admin.get(PIPELINES + "?limit=1").json
    assert admin.get(PIPELINES, query_string={"cursor": one["next_cursor"]}).json["items"] == listed[1:]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x" * 300}, "name"),
        ({"name": "A", "color": "merah"}, "color"),
        ({"name": "A", "icon": "<svg onload=1>"}, "icon"),
        ({"name": "A", "currency": "XXX"}, "currency"),
        ({"name": "A", "stages": []}, "stages"),
        ({"name": "A", "stages": [{"name": "B", "kind": "won"}]}, "stages"),
        ({"name": "A", "stages": [{"name": ""}]}, "stages.0.name"),
        ({"name": "A", "stages": [{"name": "B", "wip_limit": 0}]}, "stages.0.wip_limit"),
        ({"name": "A", "stages": [{"name": "B", "probability": 101}]}, "stages.0.probability"),
        ({"name": "A", "stages": [{"name": "B"}] * 31}, "stages"),
    ],
)
def test_what_is_wrong_is_named(cast, as_person, body, field):
    answer = as_person(cast.admin).post(PIPELINES, json=body)
    assert answer.status_code == 422
    assert field in answer.json["error"]["fields"]
    assert as_person(cast.admin).get(PIPELINES).json["items"] == []


def test_stages_are_added_changed_and_ordered(sales):
    url = f"{PIPELINES}/{sales.pipeline.id}/stages"
    made = sales.call("post", url, json={"name": "Demo {{7*7}}"})
    assert (made.status_code, made.json["position"]) == (201, 4)  # after the open, before the closed ones
    ids = [stage["id"] for stage in sales.call("get", f"{PIPELINES}/{sales.pipeline.id}").json["stages"]]
    assert ids[4] == made.json["id"]
    order = [ids[4], *ids[:4], ids[6], ids[5]]
    done = sales.call("put", url + "/reorder", json={"ids": order})
    assert [item["id"] for item in done.json["items"]] == order
    for wrong, status in ((order[:-1], 409), ([*order, order[0]], 409), ([order[-1], *order[:-1]], 422)):
        assert sales.call("put", url + "/reorder", json={"ids": wrong}).status_code == status
    renamed = sales.call("put", f"{PIPELINES}/stages/{ids[0]}", json={"name": "Masuk"}).json
    assert (renamed["name"], renamed["position"]) == ("Masuk", 1)


def test_two_people_edit_a_pipeline_and_its_stages(sales, cast, as_person):
    """Whoever saves second is told who has changed what; fields that nobody else touched are saved."""
    admin, url = as_person(cast.admin), f"{PIPELINES}/{sales.pipeline.id}"
    seen = admin.get(url).json
    admin.put(url, json={"name": "Grosir", "version": seen["version"]})
    late = admin.put(url, json={"name": "Eceran", "currency": "USD", "version": seen["version"]})
    assert late.status_code == 409, late.text
    error = late.json["error"]
    assert error["code"] == "changed_meanwhile" and error["current"] == {"name": "Grosir"}
    assert error["changed_by"] == cast.admin.name
    kept = admin.put(url, json={"name": "Eceran", "currency": "USD", "version": error["version"]})
    assert (kept.json["name"], kept.json["currency"]) == ("Eceran", "USD")

    stage = seen["stages"][0]
    url = f"{PIPELINES}/stages/{stage['id']}"
    hook = {"on": "enter", "do": "webhook", "with": {"url": "https://contoh.test/", "secret": "s" * 20}}
    admin.put(url, json={"automation_actions": [hook], "version": stage["version"]})
    other = admin.put(url, json={"description": "Baru masuk", "version": stage["version"]})
    assert other.status_code == 200, "the rules were not what this one changed"
    late = admin.put(url, json={"automation_actions": [], "version": stage["version"]})
    assert late.status_code == 409 and list(late.json["error"]["current"]) == ["automation_actions"]
    assert "s" * 20 not in late.text


def test_a_stage_with_cards_needs_a_place_for_them(sales, cast):
    cards = [sales.card() for _ in range(3)]
    url = f"{PIPELINES}/stages/{sales.lead.id}"
    refused = sales.call("delete", url)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "stage_has_cards")
    assert refused.json["error"]["cards"] == 3
    assert sales.call("put", url, json={"kind": "won"}).status_code == 409
    target = sales.qualified
    assert sales.call("delete", f"{url}?move_to_stage_id={target.id}").status_code == 204
    assert sales.order(target) == [card.id for card in cards]
    assert [row.to_stage_id for row in sales.history(cards[0])] == [sales.lead.id, target.id]
    assert sales.history(cards[0])[1].duration_seconds is not None
    with acting_as(cast.organization_id):  # archived, so that its history keeps its name
        assert db.session.get(PipelineStage, sales.lead.id).archived_at is not None
    assert sales.call("get", f"{PIPELINES}/{sales.pipeline.id}").json["stages"][0]["id"] == target.id
    assert sales.move(cards[0], sales.lead).status_code == 404


def test_the_last_open_stage_stays(cast, as_person):
    admin = as_person(cast.admin)
    made = admin.post(PIPELINES, json={"name": "A", "stages": [{"name": "B"}, {"name": "C", "kind": "won"}]})
    answer = admin.delete(f"{PIPELINES}/stages/{made.json['stages'][0]['id']}")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "open_stage_needed")


def test_a_pipeline_with_cards_is_refused_moved_or_cleared(sales, cast):
    first, second = sales.card(), sales.card(sales.qualified)
    url = f"{PIPELINES}/{sales.pipeline.id}"
    assert sales.call("delete", url).json["error"]["code"] == "pipeline_has_cards"
    other = factories.pipeline(cast.organization_id, ladder="support")
    target = factories.stages_of(other)[1]
    assert sales.call("delete", f"{url}?move_to_stage_id={target.id}").status_code == 204
    rows = sales.history(first)
    assert [(row.pipeline_id, row.from_stage_id, row.to_stage_id) for row in rows[1:]] == [
        (sales.pipeline.id, sales.lead.id, None),
        (other.id, None, target.id),
    ]
    assert sales.call("get", url).status_code == 404
    assert sales.call("delete", f"{PIPELINES}/{other.id}?force=true").status_code == 204
    assert sales.now(second).pipeline_id is None
    assert sales.history(second)[-1].to_stage_id is None


def test_views_are_the_users_own(sales, cast):
    url = f"{PIPELINES}/{sales.pipeline.id}/views"
    made = sales.call("post", url, cast.agent, json={"name": "Macet", "query": {"stuck": True, "x": 1}})
    assert made.json["query"] == {"stuck": "True"}
    assert sales.call("post", url, cast.agent, json={"name": "macet", "query": {}}).status_code == 409
    assert sales.call("get", url, cast.admin).json["items"] == []
    gone = f"{PIPELINES}/views/{made.json['id']}"
    assert sales.call("delete", gone, cast.admin).status_code == 404
    assert sales.call("delete", gone, cast.agent).status_code == 204
