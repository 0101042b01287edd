"""The steps of a move: parts of the caller's transaction, over a locked card.

The stage's row is locked first (so places and limits hold), then the card's: everybody in this order.
"""

from dataclasses import dataclass

from sqlalchemy import func, select

from cloudchat.errors import Conflict, NotFound
from cloudchat.events import CardMoved, ConversationChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Pipeline, PipelineStage
from cloudchat.services import activity, conversations
from cloudchat.services.pipelines import placing, recording
from cloudchat.services.pipelines.automation import planning
from cloudchat.services.pipelines.cards import Actor, card
from cloudchat.services.pipelines.deals import checked_reason
from cloudchat.services.pipelines.placing import Column
from cloudchat.services.presenting import iso
from cloudchat.services.queueing import returning
from cloudchat.services.visibility import audience_of


@dataclass(frozen=True)
class Wanted:
    """Where a card shall go. Without neighbours to the column's end, or its top where `place` says so.

    `version` is what the caller saw; None compares nothing (automation, adding).
    """

    stage_id: int
    before_id: int | None = None
    after_id: int | None = None
    place: str | None = None
    version: int | None = None
    lost_reason: str | None = None
    depth: int = 0
    undo: bool = False  # takes the caller's own last move back, so rules do not run for it


def first_stage(pipeline_id: int) -> PipelineStage:
    """Where cards come in. Raises NotFound for a pipeline that is not there."""
    found = db.session.scalar(
        select(PipelineStage)
        .join(Pipeline, Pipeline.id == PipelineStage.pipeline_id)
        .where(
            PipelineStage.pipeline_id == pipeline_id,
            PipelineStage.archived_at.is_(None),
            Pipeline.archived_at.is_(None),
        )
        .order_by(PipelineStage.position, PipelineStage.id)
        .limit(1)
    )
    if found is None:
        raise NotFound("pipeline")
    return found


def existing_stage(stage_id: int, lock: bool = False) -> PipelineStage:
    statement = (
        select(PipelineStage)
        .join(Pipeline, Pipeline.id == PipelineStage.pipeline_id)
        .where(
            PipelineStage.id == stage_id,
            PipelineStage.archived_at.is_(None),
            Pipeline.archived_at.is_(None),
        )
    )
    if lock:
        statement = statement.with_for_update(of=PipelineStage, key_share=True)
        statement = statement.execution_options(populate_existing=True)
    found = db.session.scalar(statement)
    if found is None:
        raise NotFound("stage")
    return found


def locked_card(conversation_id: int) -> Conversation:
    row = db.session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update(of=Conversation)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("conversation")
    return row


def place(
    row: Conversation, stage: PipelineStage, wanted: Wanted, actor: Actor, adding: bool = False
) -> bool:
    """Set the locked card into the locked stage; answers whether anything changed. Part of the
    caller's transaction."""
    _check_seen(row, wanted.version)
    stays = row.pipeline_stage_id == stage.id
    if stays and (adding or (wanted.place is None and _stands(row, wanted))):
        return False
    if not stays:
        _check_room(row, stage)
    column = Column(stage.pipeline_id, stage.id)
    key = placing.key_for(column, row.id, wanted.before_id, wanted.after_id, wanted.place or "end")
    if stays and key == row.pipeline_position:
        return False
    before, before_pipeline = row.pipeline_stage_id, row.pipeline_id
    if stays:
        row.pipeline_position = key
        _new_version(row)
    else:
        enter(row, stage, key, wanted, actor)
    other = before_pipeline if before_pipeline != stage.pipeline_id else None
    _tell(row, actor, before, from_pipeline_id=other)
    return True


def _stands(row: Conversation, wanted: Wanted) -> bool:
    return placing.stands_there(row, wanted.before_id, wanted.after_id)


def _check_seen(row: Conversation, seen: int | None) -> None:
    """What the caller saw must not be older than the card's last move. A newer label does no harm."""
    if seen is None or row.pipeline_version <= seen <= row.version:
        return
    present = card(row.id)
    present["moved_by"] = recording.last_mover(row)
    raise Conflict("card_moved", code="card_moved", extra={"card": present})


def _check_room(row: Conversation, stage: PipelineStage) -> None:
    """A hard limit counts all cards of the stage, also those that the caller does not see."""
    if stage.wip_limit is None or not stage.wip_hard:
        return
    held = db.session.scalar(
        select(func.count(Conversation.id)).where(
            Conversation.pipeline_id == stage.pipeline_id, Conversation.pipeline_stage_id == stage.id
        )
    )
    if held >= stage.wip_limit:
        extra = {"limit": stage.wip_limit, "card": card(row.id)}
        raise Conflict("wip_limit_exceeded", code="wip_limit_exceeded", extra=extra)


def enter(row: Conversation, stage: PipelineStage, key: str, wanted: Wanted, actor: Actor) -> None:
    """The card leaves where it was and enters the stage: history, automation, closing.

    History is flushed before the row changes, so that the row is written once.
    """
    moment = now()
    left = db.session.get(PipelineStage, row.pipeline_stage_id) if row.pipeline_stage_id else None
    undone = recording.to_be_undone(row, stage, actor) if wanted.undo else None
    over = left is not None and row.pipeline_id != stage.pipeline_id
    exit_row = recording.history(row, left, None, actor, wanted.depth, moment) if over else None
    entry = recording.history(row, None if over else left, stage, actor, wanted.depth, moment)
    row.pipeline_id, row.pipeline_stage_id, row.pipeline_position = stage.pipeline_id, stage.id, key
    row.stage_changed_at = moment
    row.lost_reason = checked_reason(wanted.lost_reason) if stage.kind == "lost" else None
    row.closed_at = moment if stage.kind != "open" else None
    _new_version(row)
    _set_status(row, stage, left, actor)
    activity.log(row, "pipeline_moved", None, **recording.words(left, stage, actor))
    if undone is not None:
        planning.undone(row, stage, undone)
        return
    if left is not None:
        planning.left(row, left, exit_row or entry)
    planning.entered(row, stage, entry)


def come(row: Conversation, stage: PipelineStage, key: str, actor: Actor) -> None:
    """A new conversation comes to the board. No limit holds it back: a customer would be missing."""
    enter(row, stage, key, Wanted(stage.id), actor)
    _tell(row, actor, None)


def leave(row: Conversation, actor: Actor) -> None:
    left = db.session.get(PipelineStage, row.pipeline_stage_id)
    exit_row = recording.history(row, left, None, actor, 0, now())
    planning.left(row, left, exit_row)
    activity.log(row, "pipeline_moved", None, **recording.words(left, None, actor))
    before, pipeline_id = row.pipeline_stage_id, row.pipeline_id
    row.pipeline_id = row.pipeline_stage_id = row.pipeline_position = None
    row.stage_changed_at = row.closed_at = row.lost_reason = None
    _new_version(row)
    _tell(row, actor, before, pipeline_id=pipeline_id)


def _set_status(row: Conversation, stage: PipelineStage, left: PipelineStage | None, actor: Actor) -> None:
    """A closed stage resolves the conversation. Back in an open one it is reopened, unless the
    contact has another open conversation there by now: then only the card moves."""
    if stage.kind != "open" and row.status != "resolved":
        conversations.close(row)
    elif stage.kind == "open" and left is not None and left.kind != "open" and row.status == "resolved":
        try:
            conversations.reopen(row, "open")
        except Conflict:
            db.session.refresh(row, ["status", "snoozed_until"])
            return
        row.resolved_at = None
        returning.reopen(row)
    else:
        return
    changes = {"status": row.status, "snoozed_until": None, "unread_count": row.unread_count}
    publish(ConversationChanged(audience_of(row), changes, row.version, actor_id=actor.user_id))


def announce(row: Conversation, actor: Actor) -> None:
    """The card's deal changed: a new version, which is no move; part of the caller's transaction."""
    _new_version(row, moved=False)
    _tell(row, actor, row.pipeline_stage_id)


def _new_version(row: Conversation, moved: bool = True) -> None:
    row.version += 1
    row.updated_at = now()
    if moved:
        row.pipeline_version = row.version


def _tell(
    row: Conversation,
    actor: Actor,
    before: int | None,
    *,
    pipeline_id: int | None = None,
    from_pipeline_id: int | None = None,
) -> None:
    """Tell the boards after the commit."""
    db.session.flush()
    publish(
        CardMoved(
            audience_of(row),
            pipeline_id=pipeline_id or row.pipeline_id,
            from_stage_id=before,
            to_stage_id=row.pipeline_stage_id,
            position=row.pipeline_position,
            version=row.version,
            actor=actor.outward(),
            at=iso(row.updated_at),
            from_pipeline_id=from_pipeline_id,
        )
    )
