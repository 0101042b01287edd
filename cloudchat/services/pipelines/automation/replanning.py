"""Rules that wait apply to cards that are there already: a changed stage plans them anew."""

from sqlalchemy import delete

from cloudchat.extensions import db
from cloudchat.models import PipelineRun, PipelineStage
from cloudchat.services.statements import run

# For each card of the stage the last row of its history, which is how it came here.
_PLAN = """
    insert into pipeline_runs (
        organization_id, conversation_id, stage_id, history_id, rule_id, place, rule, state,
        due_at, attempts, result, created_at
    )
    select c.organization_id, c.id, %(stage_id)s, h.id, g.rule_id, g.place, g.rule, 'pending',
           greatest(
               c.stage_changed_at,
               case when g.rule ->> 'since' = 'reply' then c.last_inbound_at end
           ) + g.minutes * interval '1 minute', 0, '{}', now()
    from conversations c
    cross join jsonb_to_recordset(%(rows)s::jsonb)
        as g(rule_id text, place int, minutes int, rule jsonb)
    cross join lateral (
        select id, depth from pipeline_stage_history h
        where h.organization_id = c.organization_id and h.conversation_id = c.id
        order by h.id desc limit 1
    ) h
    where c.organization_id = %(organization_id)s and c.pipeline_id = %(pipeline_id)s
      and c.pipeline_stage_id = %(stage_id)s
    on conflict (history_id, rule_id) do nothing
"""


def replan(stage: PipelineStage) -> None:
    """Forget what idle rules had planned and plan it by the present ones; what was done stays done.

    Part of the caller's transaction, which holds the stage.
    """
    db.session.execute(
        delete(PipelineRun)
        .where(
            PipelineRun.stage_id == stage.id,
            PipelineRun.state == "pending",
            PipelineRun.rule["on"].as_string() == "idle",
        )
        .execution_options(synchronize_session=False)
    )
    waiting = [
        {
            "rule_id": rule["id"],
            "place": place,
            "minutes": rule["after_minutes"],
            "rule": {key: value for key, value in rule.items() if key != "enabled"},
        }
        for place, rule in enumerate(stage.automation_actions)
        if rule["on"] == "idle" and rule["enabled"]
    ]
    if waiting:
        run(_PLAN, waiting, stage_id=stage.id, pipeline_id=stage.pipeline_id)
