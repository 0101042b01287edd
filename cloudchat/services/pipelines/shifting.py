"""All cards of a stage or pipeline at once, when it is taken away: a few statements, however many.

They keep their order. Rules do not run for them: nobody moved these cards one by one.
"""

from sqlalchemy import BigInteger, ColumnElement, cast, func, insert, literal, null, select, update

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, PipelineRun, PipelineStage, PipelineStageHistory
from cloudchat.services.pipelines.cards import Actor
from cloudchat.tenancy import current_organization_id


def shift(which: ColumnElement[bool], target: PipelineStage | None, actor: Actor) -> None:
    """Move the cards to a stage, or off the board where there is none. Part of the caller's transaction."""
    moment = now()
    db.session.execute(  # locked in one order, before anything is written
        select(Conversation.id).where(which).order_by(Conversation.id).with_for_update()
    )
    _cancel_planned(which, moment)
    _write_history(which, target, actor, moment)
    values = {
        "pipeline_id": target.pipeline_id if target else None,
        "pipeline_stage_id": target.id if target else None,
        "stage_changed_at": moment if target else None,
        "closed_at": moment if target is not None and target.kind != "open" else None,
        "version": Conversation.version + 1,
        "pipeline_version": Conversation.version + 1,
    }
    if target is None:
        values["pipeline_position"] = None
    elif target.kind != "open":
        resolved = {"status": "resolved", "resolved_at": func.coalesce(Conversation.resolved_at, moment)}
        values |= {**resolved, "snoozed_until": None, "needs_human": False, "waiting_since": None}
    db.session.execute(
        update(Conversation).where(which).values(**values).execution_options(synchronize_session=False)
    )
    db.session.expire_all()


def _cancel_planned(which: ColumnElement[bool], moment) -> None:
    db.session.execute(
        update(PipelineRun)
        .where(
            PipelineRun.conversation_id.in_(select(Conversation.id).where(which)),
            PipelineRun.state == "pending",
        )
        .values(state="cancelled", finished_at=moment, result={"reason": "left_stage"})
        .execution_options(synchronize_session=False)
    )


def _write_history(which: ColumnElement[bool], target: PipelineStage | None, actor: Actor, moment) -> None:
    """One row for each card; two where it changes the pipeline, an exit and an entry."""
    spent = func.greatest(0, func.extract("epoch", literal(moment) - Conversation.stage_changed_at))
    organization_id = current_organization_id()

    def rows(pipeline, from_stage, to_stage, duration, *criteria):
        chosen = select(
            literal(organization_id),
            Conversation.id,
            pipeline,
            from_stage,
            to_stage,
            literal(actor.user_id) if actor.user_id else null(),
            literal(actor.type),
            Conversation.assignee_id,
            duration,
            literal(0),
            literal(moment),
        ).where(which, *criteria)
        db.session.execute(
            insert(PipelineStageHistory).from_select(
                [
                    "organization_id",
                    "conversation_id",
                    "pipeline_id",
                    "from_stage_id",
                    "to_stage_id",
                    "changed_by",
                    "actor_type",
                    "assignee_id",
                    "duration_seconds",
                    "depth",
                    "created_at",
                ],
                chosen.order_by(Conversation.id),
            )
        )

    duration = cast(func.floor(spent), BigInteger)
    here, there = Conversation.pipeline_id, Conversation.pipeline_stage_id
    if target is None:
        rows(here, there, null(), duration)
        return
    same = here == target.pipeline_id
    rows(here, there, literal(target.id), duration, same)
    rows(here, there, null(), duration, ~same)
    rows(literal(target.pipeline_id), null(), literal(target.id), null(), ~same)
