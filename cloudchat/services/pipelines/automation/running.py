"""Doing what is due, each once: a run's row is claimed, and its outcome is kept, with the work itself.

An action that fails leaves the move and the other actions alone. A webhook becomes a delivery
(`services/webhooks`), which tells the run what came of it.
"""

from datetime import timedelta

import structlog
from sqlalchemy import exists, select, tuple_
from sqlalchemy.orm import aliased

from cloudchat.errors import AppError
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Organization, PipelineRun, PipelineStage
from cloudchat.services import activity
from cloudchat.services.pipelines.automation import actions, rules
from cloudchat.services.pipelines.automation.planning import due_at
from cloudchat.services.pipelines.steps import locked_card

log = structlog.get_logger(__name__)

MOST_TRIES = 5
HANDED_ON = timedelta(days=7)  # a delivery is over long before this
FIRST_WAIT = 30  # seconds; twice as long after each failure


def organizations_with_due() -> list[int]:
    """Whose automation has something to do. Reads across organizations."""
    statement = select(PipelineRun.organization_id).where(
        PipelineRun.state.in_(("pending", "running")), PipelineRun.due_at <= now()
    )
    return list(db.session.scalars(statement.distinct()))


def run_due(limit: int = 200) -> int:
    """Do up to so many due runs of the organization; answers how many there were."""
    done = 0
    while done < limit and (run_id := _next()) is not None:
        _run(run_id)
        done += 1
    return done


def _next() -> int | None:
    """The first due run that no other of its move stands before, locked by this transaction."""
    earlier = aliased(PipelineRun)
    statement = (
        select(PipelineRun.id)
        .where(
            PipelineRun.state.in_(("pending", "running")),
            PipelineRun.due_at <= now(),
            ~exists().where(
                earlier.history_id == PipelineRun.history_id,
                tuple_(earlier.due_at, earlier.place) < tuple_(PipelineRun.due_at, PipelineRun.place),
                earlier.state == "pending",
                earlier.attempts == 0,
            ),
        )
        .order_by(PipelineRun.due_at, PipelineRun.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = db.session.scalar(statement)
    if found is None:
        db.session.rollback()
    return found


def _run(run_id: int) -> None:
    """Do one claimed run and keep its outcome."""
    run = db.session.get(PipelineRun, run_id, populate_existing=True)
    try:
        _attempt(run)
    except Exception as error:  # a bug or a lost lock: tried again, then given up with a clear word
        log.exception("automation_failed", run_id=run_id)
        db.session.rollback()
        run = db.session.get(PipelineRun, run_id, with_for_update=True, populate_existing=True)
        if run is not None and run.state in ("pending", "running"):
            _failed(run, type(error).__name__)
            db.session.commit()


def _attempt(run: PipelineRun) -> None:
    rule = run.rule
    if stage_id := _stage_to_lock(run):  # before the card, as everywhere
        db.session.execute(
            select(PipelineStage.id).where(PipelineStage.id == stage_id).with_for_update(key_share=True)
        )
    row = locked_card(run.conversation_id)
    reason = _why_not(run, row)
    if reason == "postponed":
        db.session.commit()
        return
    if reason is not None:
        state = "cancelled" if reason in ("left_stage", "rule_changed") else "skipped"
        _finish(run, state, {"reason": reason})
        db.session.commit()
        return
    action = actions.ACTIONS[rule["do"]]
    run.attempts += 1
    try:
        with db.session.begin_nested():
            result = action.run(row, rule["with"], run)
        if result is None:
            run.state, run.due_at = "running", now() + HANDED_ON
        else:
            _finish(run, "done", result)
    except AppError as error:
        reasons = [code for codes in error.fields.values() for code in codes] or [error.code]
        _finish(run, "failed", {"reason": reasons[0]})
        if rule["do"] == "send_message":  # whoever has the conversation has to know
            activity.log(row, "pipeline_not_sent", None, reason=reasons[0])
    db.session.commit()


def _stage_to_lock(run: PipelineRun) -> int | None:
    """Where the card goes, or where the turn is taken; other actions need no stage to hold still."""
    if run.rule["do"] == "move":
        return run.rule["with"]["stage_id"]
    return run.stage_id if run.rule["with"].get("round_robin") else None


def _why_not(run: PipelineRun, row: Conversation) -> str | None:
    """Why the rule does not act on the card now; `postponed` where a newer message moved its time."""
    rule = run.rule
    stage = db.session.get(PipelineStage, run.stage_id)
    current = next((item for item in stage.automation_actions or [] if item["id"] == run.rule_id), None)
    waited = rule["on"] == "idle" or rule.get("after_minutes")
    if waited and (current is None or not current["enabled"]):
        return "rule_changed"
    if row.pipeline_stage_id != stage.id and (waited or rule["do"] in ("move", "set_value")):
        return "left_stage"
    if rule.get("since") == "reply" and row.stage_changed_at is not None:
        later = due_at(rule, row.stage_changed_at, row)
        if later > now():
            run.due_at = later
            return "postponed"
    timezone = db.session.scalar(select(Organization.timezone).where(Organization.id == row.organization_id))
    return rules.unmet(rule, row, now(), timezone)


def _finish(run: PipelineRun, state: str, result: dict) -> None:
    run.state, run.result, run.finished_at = state, result, now()


def _failed(run: PipelineRun, reason: str) -> None:
    if run.attempts == 0:
        run.attempts = 1
    if run.attempts >= MOST_TRIES:
        _finish(run, "failed", {"reason": reason, "attempts": run.attempts})
        return
    run.state, run.result = "pending", {"reason": reason, "attempts": run.attempts}
    run.due_at = now() + timedelta(seconds=FIRST_WAIT * 2 ** (run.attempts - 1))
