"""The history of cards: a row for each coming, move and leaving, written with it."""

from datetime import datetime

from sqlalchemy import select

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, PipelineStage, PipelineStageHistory, User
from cloudchat.services.pipelines.automation.planning import LATEST_UNDO
from cloudchat.services.pipelines.cards import Actor


def words(left: PipelineStage | None, stage: PipelineStage | None, actor: Actor) -> dict:
    """What the thread's activity line says."""
    return {
        "from": left.name if left else None,
        "to": stage.name if stage else None,
        "who": actor.name,
        "by": actor.type,
    }


def history(
    row: Conversation,
    left: PipelineStage | None,
    stage: PipelineStage | None,
    actor: Actor,
    depth: int,
    moment: datetime,
) -> PipelineStageHistory:
    spent = None
    if left is not None and row.stage_changed_at is not None:
        spent = max(0, int((moment - row.stage_changed_at).total_seconds()))
    made = PipelineStageHistory(
        conversation_id=row.id,
        pipeline_id=stage.pipeline_id if stage else left.pipeline_id,
        from_stage_id=left.id if left else None,
        to_stage_id=stage.id if stage else None,
        changed_by=actor.user_id,
        actor_type=actor.type,
        assignee_id=row.assignee_id,
        duration_seconds=spent,
        depth=depth,
        created_at=moment,
    )
    db.session.add(made)
    db.session.flush()
    return made


def to_be_undone(row: Conversation, back_to: PipelineStage, actor: Actor) -> PipelineStageHistory | None:
    """The card's last move, where this person made it just now and it came from that stage."""
    found = db.session.scalar(
        select(PipelineStageHistory)
        .where(PipelineStageHistory.conversation_id == row.id)
        .order_by(PipelineStageHistory.id.desc())
        .limit(1)
    )
    if found is None or found.from_stage_id != back_to.id or found.to_stage_id != row.pipeline_stage_id:
        return None
    theirs = actor.user_id is not None and found.changed_by == actor.user_id
    return found if theirs and found.created_at >= now() - LATEST_UNDO else None


def last_mover(row: Conversation) -> str | None:
    return db.session.scalar(
        select(User.name)
        .join(PipelineStageHistory, PipelineStageHistory.changed_by == User.id)
        .where(PipelineStageHistory.conversation_id == row.id)
        .order_by(PipelineStageHistory.id.desc())
        .limit(1)
    )
