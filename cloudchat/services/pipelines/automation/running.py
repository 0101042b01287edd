"""Doing what is due, each once: a run's row is claimed, and its outcome is kept, with the work itself.

An action that fails leaves the move and the other actions alone. Only webhooks happen outside the
transaction; theirs is at least once, under an id that the receiver can tell a repeat by.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import exists, select, tuple_
from sqlalchemy.orm import aliased

from cloudchat.clients import guarded
from cloudchat.errors import AppError
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Organization, PipelineRun, PipelineStage
from cloudchat.services import activity
from cloudchat.services.pipelines.automation import actions, rules, webhooks
from cloudchat.services.pipelines.automation.planning import due_at
from cloudchat.services.pipelines.steps import locked_card

log = structlog.get_logger(__name__)

MOST_TRIES = 5
LEASE = timedelta(seconds=60)  # a webhook not answered for by then belonged to a worker that died
FIRST_WAIT = 30  # seconds; twice as long after each failure


@dataclass(frozen=True)
class Call:
    """A webhook that was claimed and has to be posted now."""

    run_id: int
    values: dict
    body: bytes


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
        call = _run(run_id)
        if call is not None:
            _post(call)
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


def _run(run_id: int) -> Call | None:
    """Do one claimed run and keep its outcome; a webhook comes back as a call still to make."""
    run = db.session.get(PipelineRun, run_id, populate_existing=True)
    try:
        return _attempt(run)
    except Exception as error:  # a bug or a lost lock: tried again, then given up with a clear word
        log.exception("automation_failed", run_id=run_id)
        db.session.rollback()
        run = db.session.get(PipelineRun, run_id, with_for_update=True, populate_existing=True)
        if run is not None and run.state in ("pending", "running"):
            _failed(run, type(error).__name__, permanent=False)
            db.session.commit()
        return None


def _attempt(run: PipelineRun) -> Call | None:
    rule = run.rule
    if stage_id := _stage_to_lock(run):  # before the card, as everywhere
        db.session.execute(
            select(PipelineStage.id).where(PipelineStage.id == stage_id).with_for_update(key_share=True)
        )
    row = locked_card(run.conversation_id)
    reason = _why_not(run, row)
    if reason == "postponed":
        db.session.commit()
        return None
    if reason is not None:
        state = "cancelled" if reason in ("left_stage", "rule_changed") else "skipped"
        _finish(run, state, {"reason": reason})
        db.session.commit()
        return None
    action = actions.ACTIONS[rule["do"]]
    run.attempts += 1
    if action.run is None:
        run.state, run.due_at = "running", now() + LEASE
        call = Call(run.id, rule["with"], webhooks.body_of(row, run))
        db.session.commit()
        return call
    try:
        with db.session.begin_nested():
            result = action.run(row, rule["with"], run)
        _finish(run, "done", result)
    except AppError as error:
        reasons = [code for codes in error.fields.values() for code in codes] or [error.code]
        _finish(run, "failed", {"reason": reasons[0]})
        if rule["do"] == "send_message":  # whoever has the conversation has to know
            activity.log(row, "pipeline_not_sent", None, reason=reasons[0])
    db.session.commit()
    return None


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


def _failed(run: PipelineRun, reason: str, permanent: bool) -> None:
    if run.attempts == 0:
        run.attempts = 1
    if permanent or run.attempts >= MOST_TRIES:
        _finish(run, "failed", {"reason": reason, "attempts": run.attempts})
        return
    run.state, run.result = "pending", {"reason": reason, "attempts": run.attempts}
    run.due_at = now() + timedelta(seconds=FIRST_WAIT * 2 ** (run.attempts - 1))


def _post(call: Call) -> None:
    outcome: guarded.Failed | None = None
    status = None
    try:
        status = webhooks.send(call.run_id, call.values, call.body)
    except guarded.Refused:
        outcome = guarded.Failed("url_refused", permanent=True)
    except guarded.Failed as failed:
        outcome = failed
    run = db.session.get(PipelineRun, call.run_id, with_for_update=True, populate_existing=True)
    if run is None or run.state != "running":
        db.session.rollback()
        return
    if outcome is None:
        _finish(run, "done", {"status": status, "attempts": run.attempts})
    else:
        _failed(run, outcome.reason, outcome.permanent)
        run.result = {**run.result, "status": outcome.status}
    db.session.commit()
