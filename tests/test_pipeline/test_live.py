"""With the running desk: what sockets hear of a move, who does not, and rules done by the worker."""

import httpx
import pytest
import socketio

from cloudchat.models import Conversation


@pytest.fixture
def listen(desk):
    """`listen(person)`: that person's socket; `heard` fills with what it is told of cards."""
    opened = []

    def connect(person):
        client = socketio.Client(reconnection=False)
        client.heard = []
        client.on("pipeline:stage-changed", client.heard.append)
        client.connect(desk, transports=["websocket"], auth={"token": person.token}, wait_timeout=15)
        opened.append(client)
        return client

    yield connect
    for client in opened:
        client.disconnect()


def test_a_move_is_heard_by_who_may_see_it(desk, sales, cast, listen, eventually):
    manager, colleague, stranger = map(listen, (cast.manager, cast.colleague, cast.stranger))
    card = sales.card(assignee_id=cast.agent.id)
    seen = sales.now(card).version
    sales.rules(
        sales.qualified, {"on": "enter", "do": "move", "with": {"stage_id": sales.stages["Penawaran"].id}}
    )
    answer = httpx.post(
        f"{desk}/api/app/conversations/{card.id}/pipeline/move",
        json={"to_stage_id": sales.qualified.id, "expected_version": seen},
        headers=cast.agent.headers,
    )

    def told():
        return [payload for payload in manager.heard if payload["version"] > seen]

    eventually(lambda: len(told()) == 2, 20)  # the person's move, then the worker's
    first, second = told()
    assert first == {
        "conversationId": card.id,
        "pipelineId": sales.pipeline.id,
        "fromPipelineId": None,
        "fromStageId": sales.lead.id,
        "toStageId": sales.qualified.id,
        "position": answer.json()["position"],
        "version": answer.json()["version"],
        "actor": {"type": "api", "id": cast.agent.id, "name": cast.agent.name},
        "at": first["at"],
    }
    assert (second["actor"]["type"], second["toStageId"]) == ("automation", sales.stages["Penawaran"].id)
    assert second["version"] > first["version"]
    row: Conversation = sales.now(card)
    assert row.pipeline_stage_id == second["toStageId"]
    assert colleague.heard == stranger.heard == []
