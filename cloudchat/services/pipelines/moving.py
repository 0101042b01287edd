"""Cards come to a board, move over it and leave it.

A move is one transaction: the stage's row is locked (so places and limits hold), then the card's,
then what the caller saw is compared with what is there. History, the closing of the conversation,
and what automation has to do are written with it; the news goes out after the commit.
"""

from cloudchat.errors import AppError, Conflict, NotFound
from cloudchat.extensions import db
from cloudchat.services.accounts import Identity
from cloudchat.services.pipelines import deals, steps
from cloudchat.services.pipelines.cards import Actor, actor_of, card
from cloudchat.services.pipelines.steps import Wanted
from cloudchat.services.visibility import get_visible

MOST_AT_ONCE = 100


def move(identity: Identity, conversation_id: int, wanted: Wanted) -> dict:
    """Move a card of any board. Raises NotFound; Conflict with the present card where the caller saw
    an older one, or where the stage is full."""
    row = get_visible(identity, conversation_id)
    deals.checked_reason(wanted.lost_reason)
    if row.pipeline_id is None:
        raise Conflict("not_on_pipeline", code="not_on_pipeline")
    return _placed(row.id, wanted, actor_of(identity))


def add(identity: Identity, conversation_id: int, pipeline_id: int, stage_id: int | None) -> dict:
    """Put a conversation on a pipeline, at the top of a stage (the first one where none is named).
    One that is on another pipeline moves over."""
    get_visible(identity, conversation_id)
    stage = steps.first_stage(pipeline_id) if stage_id is None else steps.existing_stage(stage_id)
    if stage.pipeline_id != pipeline_id:
        raise NotFound("stage")
    return _placed(conversation_id, Wanted(stage.id, place="top"), actor_of(identity), adding=True)


def remove(identity: Identity, conversation_id: int) -> None:
    """Take a card off its board; its history stays."""
    row = get_visible(identity, conversation_id, lock=True)
    if row.pipeline_stage_id is None:
        raise NotFound("card")
    steps.leave(row, actor_of(identity))
    db.session.commit()


def move_many(
    identity: Identity,
    stage_id: int,
    wanted: list[tuple[int, int | None]],
    lost_reason: str | None = None,
    undo: bool = False,
) -> list[dict]:
    """Move several cards to the top of a stage: each on its own, with a result of its own.

    Every id must be the caller's to see, else nothing is done.
    """
    steps.existing_stage(stage_id)
    for conversation_id, _version in wanted:
        get_visible(identity, conversation_id)
    results = []
    for conversation_id, version in reversed(wanted):  # so that the first one ends on top
        goal = Wanted(stage_id, place="top", version=version, lost_reason=lost_reason, undo=undo)
        try:
            results.append({"id": conversation_id, "ok": True, "card": move(identity, conversation_id, goal)})
        except AppError as error:
            db.session.rollback()
            results.append({"id": conversation_id, "ok": False, "error": error})
    return results[::-1]


def set_deal(identity: Identity, conversation_id: int, values: dict) -> dict:
    """Change `deal_value` and `lost_reason` of a card."""
    row = get_visible(identity, conversation_id, lock=True)
    if row.pipeline_stage_id is None:
        raise NotFound("card")
    if "deal_value" in values:
        row.deal_value = deals.checked_value(values["deal_value"])
    if "lost_reason" in values:
        row.lost_reason = deals.checked_reason(values["lost_reason"])
    steps.announce(row, actor_of(identity))
    db.session.commit()
    return card(conversation_id)


def _placed(conversation_id: int, wanted: Wanted, actor: Actor, adding: bool = False) -> dict:
    stage = steps.existing_stage(wanted.stage_id, lock=True)
    row = steps.locked_card(conversation_id)
    if steps.place(row, stage, wanted, actor, adding=adding):
        db.session.commit()
    else:
        db.session.rollback()
    return card(conversation_id)
