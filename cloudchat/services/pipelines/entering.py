"""New conversations come to the board that takes them, in the transaction that makes them."""

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Conversation, Pipeline
from cloudchat.services.pipelines import placing, steps
from cloudchat.services.pipelines.cards import SYSTEM
from cloudchat.services.pipelines.placing import Column
from cloudchat.services.statements import run


def enter(newcomers: dict[int, int]) -> None:
    """Put conversations, by id, onto the pipeline that takes them. Part of the caller's transaction,
    which holds their rows; no stage is locked, because whoever moves cards locks stages before cards.

    The pipeline is held against changes of its ladder instead, so its first stage stays.
    """
    for pipeline_id in sorted(set(newcomers.values())):
        if _still_takes(pipeline_id):
            _enter(pipeline_id, sorted(key for key, value in newcomers.items() if value == pipeline_id))


_FIRST_ANSWERS = """
    select c.id, p.id as taken_by from conversations c
    join pipelines p on p.organization_id = c.organization_id and p.takes_new and p.is_active
    where c.organization_id = %(organization_id)s and c.pipeline_id is null and c.status = 'pending'
      and c.id in (select value::int from jsonb_array_elements_text(%(rows)s::jsonb))
      and not exists (
          select from messages m where m.organization_id = c.organization_id
            and m.conversation_id = c.id and m.direction = 'in'
      )
"""


def first_answers(conversation_ids: set[int]) -> dict[int, int]:
    """Of conversations that a broadcast began, those that nobody has answered in yet, with the pipeline
    that takes new ones: the answer makes them new."""
    rows = run(_FIRST_ANSWERS, sorted(conversation_ids)) if conversation_ids else ()
    return {row.id: row.taken_by for row in rows}


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
