"""Cards come to a board, move over it and leave it.

A move is one transaction: the stage's row is locked (so places and limits hold), then the card's,
then what the caller saw is compared with what is there. History, the closing of the conversation,
and what automation has to do are written with it; the news goes out after the commit.
"""

from dataclasses import dataclass, replace

from cloudchat.errors import AppError, Conflict, NotFound
from cloudchat.extensions import db
from cloudchat.services.accounts import Identity
from cloudchat.services.pipelines import deals, steps
from cloudchat.services.pipelines.cards import Actor, actor_of, card
from cloudchat.services.pipelines.steps import Wanted
from cloudchat.services.visibility import get_visible

MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Chosen:
    """One of several cards: what the caller saw of it, and beside which cards it goes (none: the top)."""

    id: int
    version: int | None = None
    before_id: int | None = None
    after_id: int | None = None


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
    chosen: list[Chosen],
    lost_reason: str | None = None,
    undo: bool = False,
) -> list[dict]:
    """Move several cards to a stage, the last one first: each on its own, with a result of its own.

    Every id must be the caller's to see, else nothing is done.
    """
    steps.existing_stage(stage_id)
    for one in chosen:
        get_visible(identity, one.id)
    results = []
    goal = Wanted(stage_id, place="top", lost_reason=lost_reason, undo=undo)
    for one in reversed(chosen):  # so that of those that go to the top the first one ends there
        place = replace(goal, before_id=one.before_id, after_id=one.after_id, version=one.version)
        try:
            results.append({"id": one.id, "ok": True, "card": move(identity, one.id, place)})
        except AppError as error:
            db.session.rollback()
            results.append({"id": one.id, "ok": False, "error": error})
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
