"""Cards come, move and leave: places, versions, history, closing, limits."""

from datetime import timedelta

import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.extensions import db, now
from cloudchat.models import Conversation
from cloudchat.services import accounts
from cloudchat.services.pipelines import moving
from cloudchat.tenancy import acting_as
from tests import factories


def test_a_conversation_is_added_moved_and_taken_off(sales, cast):
    talk = factories.conversation(cast.organization_id, sales.device)
    card = sales.call(
        "post", f"/api/app/conversations/{talk.id}/pipeline", json={"pipeline_id": sales.pipeline.id}
    ).json
    assert (card["id"], card["stage_id"]) == (talk.id, sales.lead.id)
    with time_machine.travel(now() + timedelta(hours=2), tick=True):
        moved = sales.move(talk, sales.qualified, card["version"])
        assert moved.status_code == 200
        assert moved.json["version"] > card["version"]
        sales.move(talk, sales.won, moved.json["version"])
    assert sales.call("delete", f"/api/app/conversations/{talk.id}/pipeline").status_code == 204
    came, went, won, left = sales.history(talk)
    assert (came.from_stage_id, came.to_stage_id, came.duration_seconds) == (None, sales.lead.id, None)
    assert (went.from_stage_id, went.to_stage_id) == (sales.lead.id, sales.qualified.id)
    assert 7200 <= went.duration_seconds < 7260
    assert (went.actor_type, went.changed_by) == ("api", cast.admin.id)
    assert won.to_stage_id == sales.won.id
    assert (left.from_stage_id, left.to_stage_id) == (sales.won.id, None)
    shown = sales.call("get", f"/api/app/conversations/{talk.id}/pipeline/history").json["items"]
    assert [item["to_stage_name"] for item in shown] == [None, "Menang", "Terkualifikasi", "Lead Baru"]
    assert sales.now(talk).pipeline_id is None


def test_who_saw_an_older_card_is_refused_with_the_present_one(sales, cast):
    card = sales.card()
    seen = sales.now(card).version
    assert sales.move(card, sales.qualified, seen, cast.manager).status_code == 200
    refused = sales.move(card, sales.won, seen)
    assert refused.status_code == 409
    error = refused.json["error"]
    assert (error["code"], error["card"]["stage_id"]) == ("card_moved", sales.qualified.id)
    assert error["card"]["moved_by"] == cast.manager.name
    assert sales.now(card).pipeline_stage_id == sales.qualified.id
    assert len(sales.history(card)) == 2
    assert sales.move(card, sales.won, error["card"]["version"]).status_code == 200
    assert sales.move(card, sales.lead, 10**6).status_code == 409  # a version that never was


def test_a_label_in_between_is_no_conflict(sales, cast):
    """The card's version is the conversation's: only a move since then counts as one."""
    card = sales.card()
    seen = sales.now(card).version
    label = factories.label(cast.organization_id)
    sales.call("put", f"/api/app/inbox/conversations/{card.id}/labels", json={"labels": [label.id]})
    assert sales.now(card).version > seen
    assert sales.move(card, sales.qualified, seen).status_code == 200


def test_the_same_place_is_no_move(sales):
    first, second, third = (sales.card() for _ in range(3))
    version = sales.now(second).version
    for place in ({}, {"after_id": first.id}, {"before_id": third.id, "after_id": first.id}):
        answer = sales.move(second, sales.lead, version, **place)
        assert (answer.status_code, answer.json["version"]) == (200, version)
    assert len(sales.history(second)) == 1


def test_neighbours_say_the_place_and_one_row_is_rewritten(sales, counted):
    cards = [sales.card() for _ in range(4)]
    a, b, c, d = (card.id for card in cards)
    sales.move(cards[3], sales.lead, before_id=a)
    assert sales.order(sales.lead) == [d, a, b, c]
    sales.move(cards[0], sales.lead, after_id=b)
    assert sales.order(sales.lead) == [d, b, a, c]
    sales.move(cards[2], sales.lead, after_id=d, before_id=b)
    assert sales.order(sales.lead) == [d, c, b, a]
    with counted() as seen:
        sales.move(cards[1], sales.qualified)
    assert sum("update conversations" in statement.lower() for statement in seen) == 1
    gone = sales.move(cards[3], sales.qualified, after_id=a, before_id=2**31 - 1)  # neither is there
    assert gone.status_code == 200
    assert sales.order(sales.qualified) == [b, d]
    sales.move(cards[0], sales.qualified, place="top")
    assert sales.order(sales.qualified) == [a, b, d]


def test_a_foreign_neighbour_does_not_count(sales, cast):
    other = factories.card(factories.pipeline(cast.neighbour_id))
    first, second = sales.card(), sales.card()
    assert sales.move(first, sales.lead, after_id=other.id).status_code == 200
    assert sales.order(sales.lead) == [second.id, first.id]


def test_closed_stages_resolve_and_open_ones_reopen(sales, cast):
    card = sales.card(unread_count=3)
    won = sales.move(card, sales.won)
    row = sales.now(card)
    assert (row.status, row.unread_count, won.json["status"]) == ("resolved", 0, "resolved")
    assert row.closed_at is not None
    lost = sales.move(card, sales.stages["Kalah"], lost_reason="Terlalu mahal")
    assert lost.json["lost_reason"] == "Terlalu mahal"
    sales.move(card, sales.lead)
    row = sales.now(card)
    assert (row.status, row.closed_at, row.lost_reason) == ("open", None, None)
    # the customer has a newer open conversation by now: only the card moves
    sales.move(card, sales.won)
    with acting_as(cast.organization_id):
        newer = Conversation(
            contact_id=row.contact_id, device_id=row.device_id, external_user_id=row.external_user_id
        )
        db.session.add(newer)
        db.session.commit()
    assert sales.move(card, sales.lead).json["status"] == "resolved"


def test_a_hard_limit_holds_on_every_path(sales, cast):
    stage = sales.qualified
    limits = {"wip_limit": 1, "wip_hard": True}
    sales.call("put", f"/api/app/pipelines/stages/{stage.id}", json=limits)
    inside, outside = sales.card(stage), sales.card()
    refused = sales.move(outside, stage)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "wip_limit_exceeded")
    body = {"to_stage_id": stage.id, "cards": [{"id": outside.id}]}
    [result] = sales.call("post", "/api/app/pipelines/move", json=body).json["items"]
    assert (result["ok"], result["error"]["code"]) == (False, "wip_limit_exceeded")
    talk = factories.conversation(cast.organization_id, sales.device)
    added = {"pipeline_id": sales.pipeline.id, "stage_id": stage.id}
    assert sales.call("post", f"/api/app/conversations/{talk.id}/pipeline", json=added).status_code == 409
    assert sales.move(inside, stage, place="top").status_code == 200
    sales.call("put", f"/api/app/pipelines/stages/{stage.id}", json={"wip_hard": False})
    assert sales.move(outside, stage).status_code == 200


def test_several_at_once_each_with_its_own_result(sales, cast):
    first, second, third = (sales.card() for _ in range(3))
    stale = sales.now(second).version
    sales.move(second, sales.won)
    cards = [{"id": first.id}, {"id": second.id, "expected_version": stale}, {"id": third.id}]
    body = {"to_stage_id": sales.qualified.id, "cards": cards}
    items = sales.call("post", "/api/app/pipelines/move", json=body).json["items"]
    assert [(item["id"], item["ok"]) for item in items] == [
        (first.id, True),
        (second.id, False),
        (third.id, True),
    ]
    assert sales.order(sales.qualified) == [first.id, third.id]
    foreign = factories.conversation(cast.neighbour_id)
    body["cards"] = [{"id": first.id}, {"id": foreign.id}]
    body["to_stage_id"] = sales.won.id
    assert sales.call("post", "/api/app/pipelines/move", json=body).status_code == 404
    assert sales.now(first).pipeline_stage_id == sales.qualified.id


def test_several_are_taken_back_to_where_they_stood(sales):
    """The last one is first to move: sent from the lowest up, each finds its neighbour above."""
    a, b, c, d = (sales.card() for _ in range(4))
    first = [card.id for card in (a, b, c, d)]
    body = {"to_stage_id": sales.qualified.id, "cards": [{"id": d.id}, {"id": b.id}, {"id": c.id}]}
    sales.call("post", "/api/app/pipelines/move", json=body)
    back = [
        {"id": d.id, "after_id": c.id},
        {"id": c.id, "after_id": b.id, "before_id": d.id},
        {"id": b.id, "after_id": a.id, "before_id": c.id},
    ]
    body = {"to_stage_id": sales.lead.id, "cards": back, "undo": True}
    assert all(item["ok"] for item in sales.call("post", "/api/app/pipelines/move", json=body).json["items"])
    assert sales.order(sales.lead) == first


def test_one_pipeline_at_a_time(sales, cast):
    """Going over to another pipeline is an exit here and an entry there."""
    card = sales.card()
    other = factories.pipeline(cast.organization_id, ladder="support")
    answer = sales.call("post", f"/api/app/conversations/{card.id}/pipeline", json={"pipeline_id": other.id})
    assert answer.json["pipeline_id"] == other.id
    _came, left, entered = sales.history(card)
    assert (left.pipeline_id, left.to_stage_id) == (sales.pipeline.id, None)
    assert (entered.pipeline_id, entered.from_stage_id) == (other.id, None)


def test_an_agent_moves_only_what_they_see(sales, cast):
    theirs = sales.card(assignee_id=cast.agent.id)
    hidden = sales.card(assignee_id=cast.colleague.id)
    assert sales.move(theirs, sales.won, person=cast.agent).status_code == 200
    assert sales.move(hidden, sales.won, person=cast.agent).status_code == 404
    assert (
        sales.call("put", f"/api/app/pipelines/{sales.pipeline.id}", cast.agent, json={}).status_code == 403
    )


def test_merged_contacts_and_deleted_ones(sales, cast):
    kept, other = sales.card(name="Budi"), sales.card(name="Budi S")
    body = {"contact_id": other.contact_id}
    assert sales.call("post", f"/api/app/contacts/{kept.contact_id}/merge", json=body).status_code == 200
    names = [card["contact"]["name"] for card in sales.board()["Lead Baru"]["cards"]]
    assert names == ["Budi", "Budi"]
    assert sales.call("delete", f"/api/app/contacts/{kept.contact_id}").status_code == 204
    assert sales.board()["Lead Baru"]["count"] == 0


def test_wrong_input_is_said_clearly(sales):
    card = sales.card()
    url = f"/api/app/conversations/{card.id}/pipeline"
    for value in (-1, 10**14, "x", float("1e300")):
        assert sales.call("patch", url, json={"deal_value": value}).status_code == 422
    assert sales.call("patch", url, json={"deal_value": 1250000}).json["deal_value"] == 1250000
    assert sales.call("patch", url, json={"deal_value": None}).json["deal_value"] is None
    for body in ({}, {"to_stage_id": "1"}, {"to_stage_id": 2**31}, {"to_stage_id": sales.won.id}):
        assert sales.call("post", url + "/move", json=body).status_code == 422
    long = {"to_stage_id": sales.stages["Kalah"].id, "lost_reason": "x" * 600}
    assert sales.call("post", url + "/move", json={**long, "expected_version": 2}).status_code == 422


def test_any_moves_leave_the_order_that_a_list_would_have(context, as_person):
    """Property: against a plain list, whatever is dropped wherever."""
    cast = factories.cast()
    from tests.test_pipeline.conftest import Desk

    desk = Desk(cast, as_person)
    cards = [desk.card() for _ in range(5)]
    model = [card.id for card in cards]
    with acting_as(cast.organization_id):
        identity = accounts.identify_token(cast.admin.token)

    moves = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), min_size=1, max_size=8)

    @settings(max_examples=12, deadline=None, database=None)
    @given(moves)
    def hold(steps):
        with acting_as(cast.organization_id):
            for which, neighbour, above in steps:
                if which == neighbour:
                    continue
                card_id, anchor = cards[which].id, cards[neighbour].id
                side = {"before_id": anchor} if above else {"after_id": anchor}
                moving.move(identity, card_id, moving.Wanted(desk.lead.id, **side))
                model.remove(card_id)
                model.insert(model.index(anchor) + (0 if above else 1), card_id)
        assert desk.order(desk.lead) == model

    hold()
