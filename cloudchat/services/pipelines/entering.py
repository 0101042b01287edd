"""New conversations come to the board that takes them, in the transaction that makes them."""

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Conversation, Pipeline
from cloudchat.services.pipelines import placing, steps
from cloudchat.services.pipelines.cards import SYSTEM
from cloudchat.services.pipelines.placing import Column


def enter(newcomers: dict[int, int]) -> None:
    """Put conversations, by id, onto the pipeline that takes them. Part of the caller's transaction,
    which holds their rows; no stage is locked, because whoever moves cards locks stages before cards.

    The pipeline is held against changes of its ladder instead, so its first stage stays.
    """
    for pipeline_id in sorted(set(newcomers.values())):
        if _still_takes(pipeline_id):
            _enter(pipeline_id, sorted(key for key, value in newcomers.items() if value == pipeline_id))


def _still_takes(pipeline_id: int) -> bool:
    statement = select(Pipeline.id).where(Pipeline.id == pipeline_id, Pipeline.takes_new, Pipeline.is_active)
    return db.session.scalar(statement.with_for_update(read=True)) is not None


def _enter(pipeline_id: int, ids: list[int]) -> None:
    stage = steps.first_stage(pipeline_id)
    keys = placing.keys_of_newcomers(Column(pipeline_id, stage.id), ids)
    rows = db.session.scalars(
        select(Conversation)
        .where(Conversation.id.in_(ids), Conversation.pipeline_id.is_(None))
        .order_by(Conversation.id)
        .execution_options(populate_existing=True)
    )
    for row in list(rows):
        steps.come(row, stage, keys[row.id], SYSTEM)
