"""The board: pages, exact counts and sums, filters, who sees what, and what it costs."""

import json
from datetime import timedelta

from sqlalchemy import text

from cloudchat.extensions import db, now
from cloudchat.models import Conversation
from cloudchat.tenancy import acting_as
from tests import factories


def names(column) -> list[str]:
    return [card["contact"]["name"] for card in column["cards"]]


def test_columns_page_by_cursor_and_count_exactly(sales):
    cards = [sales.card(name=f"Kartu {number}", deal_value=100) for number in range(7)]
    sales.card(sales.qualified)
    first = sales.board(limit=3)
    lead = first["Lead Baru"]
    assert (lead["count"], lead["total"], lead["value"], len(lead["cards"])) == (7, 7, 700, 3)
    assert first["Terkualifikasi"]["without_value"] == 1
    seen, cursor = names(lead), lead["next_cursor"]
    while cursor:
        page = sales.board(stage_id=sales.lead.id, cursor=cursor, limit=3)
        assert list(page) == ["Lead Baru"]
        seen += names(page["Lead Baru"])
        cursor = page["Lead Baru"]["next_cursor"]
    assert seen == [f"Kartu {number}" for number in range(7)]
    for sort, expected in (("newest", cards[-1]), ("longest", cards[0]), ("value", cards[-1])):
        column = sales.board(sort=sort, limit=2)["Lead Baru"]
        assert column["cards"][0]["id"] == expected.id
        more = sales.board(sort=sort, stage_id=sales.lead.id, cursor=column["next_cursor"])
        assert len(names(more["Lead Baru"])) == 5
        wrong = {"sort": "manual", "cursor": column["next_cursor"]}
        url = f"/api/app/pipelines/{sales.pipeline.id}/board"
        assert sales.call("get", url, query_string=wrong).status_code == 422


def test_filters_narrow_and_say_of_how_many(sales, cast):
    label = factories.label(cast.organization_id, "Penting")
    budi = sales.card(name="Budi 100%", assignee_id=cast.agent.id, deal_value=500)
    sales.card(name="Sari", deal_value=9000)
    sales.call("put", f"/api/app/inbox/conversations/{budi.id}/labels", json={"labels": [label.id]})
    finds_budi = (
        {"q": "budi 100%"},
        {"agent": cast.agent.id},
        {"label": label.id},
        {"label": "penting"},
        {"max_value": 1000},
    )
    for query in finds_budi:
        column = sales.board(**query)["Lead Baru"]
        assert (names(column), column["count"], column["total"]) == (["Budi 100%"], 1, 2), query
        assert column["value"] == 500
    assert names(sales.board(agent="unassigned")["Lead Baru"]) == ["Sari"]
    assert names(sales.board(agent="me", person=cast.agent)["Lead Baru"]) == ["Budi 100%"]
    assert names(sales.board(channel="telegram")["Lead Baru"]) == []
    for hostile in ("' OR 1=1--", "%", "\\", "x" * 200):
        assert sales.board(q=hostile)["Lead Baru"]["count"] == (1 if hostile == "%" else 0)
    url = f"/api/app/pipelines/{sales.pipeline.id}/board"
    for wrong in ({"limit": 0}, {"limit": 101}, {"agent": "x"}, {"sort": "id; drop"}, {"since": "x"}):
        assert sales.call("get", url, query_string=wrong).status_code == 422


def test_stuck_cards_are_marked_and_found(sales, cast):
    old, fresh = sales.card(name="Lama"), sales.card(name="Baru")
    with acting_as(cast.organization_id):
        db.session.get(Conversation, old.id).stage_changed_at = now() - timedelta(days=8)
        db.session.commit()
    assert [card["stuck"] for card in sales.board()["Lead Baru"]["cards"]] == [True, False]
    assert names(sales.board(stuck=True)["Lead Baru"]) == ["Lama"]
    sales.call("put", f"/api/app/pipelines/stages/{sales.lead.id}", json={"stuck_after_hours": 500})
    assert names(sales.board(stuck=True)["Lead Baru"]) == []
    assert fresh.id in sales.order(sales.lead)


def test_an_agent_counts_only_what_they_see(sales, cast):
    sales.card(assignee_id=cast.agent.id)
    sales.card(assignee_id=cast.colleague.id)
    sales.card()
    assert sales.board(person=cast.agent)["Lead Baru"]["count"] == 2
    assert sales.board(person=cast.manager)["Lead Baru"]["count"] == 3
    listed = sales.call("get", "/api/app/pipelines", cast.agent).json["items"][0]
    assert listed["counts"] == {"open": 2, "won": 0, "lost": 0}


def test_foreign_filters_find_nothing(sales, cast):
    other = factories.card(factories.pipeline(cast.neighbour_id), assignee_id=None)
    label = factories.label(cast.neighbour_id, "Rahasia")
    sales.card()
    for query in ({"label": label.id}, {"label": "Rahasia"}, {"agent": cast.stranger.id}):
        assert sales.board(**query)["Lead Baru"]["count"] == 0
    url = f"/api/app/pipelines/{sales.pipeline.id}/cards"
    assert sales.call("get", url, query_string={"ids": str(other.id)}).json["items"] == []


def test_single_cards_can_be_asked_for(sales):
    card, other = sales.card(), sales.card(sales.qualified)
    url = f"/api/app/pipelines/{sales.pipeline.id}/cards"
    answer = sales.call("get", url, query_string={"ids": f"{card.id},{other.id},x,99999999999"}).json
    assert {item["id"] for item in answer["items"]} == {card.id, other.id}
    assert answer["totals"][str(sales.lead.id)]["count"] == 1


def test_resolved_cards_stay_unless_the_pipeline_hides_them(sales):
    sales.card(sales.won, status="resolved")
    assert sales.board()["Menang"]["count"] == 1
    sales.call("put", f"/api/app/pipelines/{sales.pipeline.id}", json={"hide_resolved": True})
    assert sales.board()["Menang"]["count"] == 0


def test_the_board_costs_the_same_for_few_and_many(sales, cast, counted):
    """At most eight statements, cards by an index, one LATERAL per stage (P8)."""
    fill(sales, 3000)
    with counted() as seen:
        body = sales.call("get", f"/api/app/pipelines/{sales.pipeline.id}/board?limit=50")
    spoken = [item for item in seen if "set_config" not in item]
    assert len(spoken) <= 8, spoken
    assert len(body.data) <= 200_000
    [cards] = [item for item in spoken if "LATERAL" in item]
    assert len(json.loads(body.data)["stages"][0]["cards"]) == 50
    with acting_as(cast.organization_id):
        plan = "\n".join(
            db.session.scalars(
                text(
                    "explain select id from conversations where organization_id = :o and pipeline_id = :p "
                    "and pipeline_stage_id = :s and pipeline_position >= 'b' "
                    "order by pipeline_position, id limit 51"
                ),
                {"o": cast.organization_id, "p": sales.pipeline.id, "s": sales.lead.id},
            )
        )
    assert "ix_conversations_pipeline" in plan, plan
    assert "Sort" not in plan, plan
    assert cards


def fill(desk, count: int) -> None:
    """Many cards at once, spread over the open stages."""
    organization_id = desk.cast.organization_id
    talk = desk.card(name="Pelanggan massal")
    open_stages = [stage.id for stage in desk.stages.values() if stage.kind == "open"]
    with acting_as(organization_id):
        db.session.execute(
            text(
                """
                insert into conversations (
                    organization_id, contact_id, device_id, external_user_id, status,
                    awaiting_division_selection, needs_human, pipeline_id, pipeline_stage_id,
                    pipeline_position, stage_changed_at, last_message_at, last_message_text,
                    unread_count, last_read_message_id, version, created_at, updated_at
                )
                select :o, :contact, :device, 'massal', 'resolved', false, false, :p,
                       (cast(:stages as int[]))[1 + n % :wide], 'b' || lpad(to_hex(n), 6, '0') || 'V',
                       now(), now(), 'Halo, apakah barang nomor ' || n || ' masih ada? ' || repeat('ya ', 30),
                       0, 0, 1, now(), now()
                from generate_series(1, :count) n
                """
            ),
            {
                "o": organization_id,
                "contact": talk.contact_id,
                "device": talk.device_id,
                "p": desk.pipeline.id,
                "stages": open_stages,
                "wide": len(open_stages),
                "count": count,
            },
        )
        db.session.commit()
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("analyze conversations"))
