"""The pipeline API: putting a conversation on a board, moving it, taking it off."""

from spectree import Response as Answers

from blueprints.pipeline import bp
from blueprints.pipeline.schemas import BulkMove, CardAddition, CardDeal, CardHistoryQuery, CardMove
from cloudchat.services.pipelines import cards, history, moving
from cloudchat.services.pipelines.moving import Chosen, Wanted
from cloudchat.services.visibility import get_visible
from cloudchat.web import api, decode_cursor, encode_cursor, error_body, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_404", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404")
CARD = "/api/app/conversations/<int:conversation_id>/pipeline"


@bp.get(CARD)
@requires("agent")
@api.validate(resp=OK, tags=["pipelines"])
def show_card(conversation_id: int):
    """The card; `pipeline_id` is null where the conversation is on no board."""
    return cards.card(get_visible(me(), conversation_id).id)


@bp.post(CARD)
@requires("agent")
@api.validate(json=CardAddition, resp=DONE, tags=["pipelines"])
def add_card(conversation_id: int, json: CardAddition):
    return moving.add(me(), conversation_id, json.pipeline_id, json.stage_id)


@bp.post(CARD + "/move")
@requires("agent")
@api.validate(json=CardMove, resp=DONE, tags=["pipelines"])
def move_card(conversation_id: int, json: CardMove):
    """Refused with 409 and the present card where somebody has moved it since `expected_version`."""
    given = json.model_dump(exclude={"to_stage_id", "expected_version"})
    wanted = Wanted(json.to_stage_id, version=json.expected_version, **given)
    return moving.move(me(), conversation_id, wanted)


@bp.patch(CARD)
@requires("agent")
@api.validate(json=CardDeal, resp=DONE, tags=["pipelines"])
def change_deal(conversation_id: int, json: CardDeal):
    return moving.set_deal(me(), conversation_id, json.model_dump(exclude_unset=True))


@bp.delete(CARD)
@requires("agent")
@api.validate(resp=GONE, tags=["pipelines"])
def remove_card(conversation_id: int):
    moving.remove(me(), conversation_id)
    return "", 204


@bp.get(CARD + "/history")
@requires("agent")
@api.validate(query=CardHistoryQuery, resp=OK, tags=["pipelines"])
def list_history(conversation_id: int, query: CardHistoryQuery):
    """Where the card has been, the newest first, with what automation did on the way."""
    row = get_visible(me(), conversation_id)
    after = decode_cursor(query.cursor, int)
    items = history.page(row.id, after[0] if after else None, query.limit)
    next_cursor = None
    if len(items) > query.limit:
        items = items[: query.limit]
        next_cursor = encode_cursor(items[-1]["id"])
    return {"items": items, "next_cursor": next_cursor}


@bp.post("/api/app/pipelines/move")
@requires("agent")
@api.validate(json=BulkMove, resp=DONE, tags=["pipelines"])
def move_cards(json: BulkMove):
    """Several cards, the last one first; every id must be the caller's to see, else nothing is done."""
    once = {item.id: item for item in json.cards}.values()
    chosen = [Chosen(item.id, item.expected_version, item.before_id, item.after_id) for item in once]
    results = moving.move_many(me(), json.to_stage_id, chosen, json.lost_reason, json.undo)
    return {"items": [_result(item) for item in results]}


def _result(item: dict) -> dict:
    return item if item["ok"] else {**item, **error_body(item["error"])}
