"""What a move leaves to do: a row for each rule, written in the move's own transaction."""

from datetime import datetime, timedelta

from sqlalchemy import update

from cloudchat.events import PipelineRunsDue, publish
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, PipelineRun, PipelineStage, PipelineStageHistory

MAX_DEPTH = 5  # automatic moves in a row; what comes after is logged and not done
# What cannot be taken back waits as long as a person may undo the move.
UNDO_TIME = timedelta(seconds=10)
LATEST_UNDO = timedelta(seconds=60)  # the ten seconds, and what a slow line adds to them
CANNOT_BE_UNDONE = ("send_message", "webhook")


def entered(row: Conversation, stage: PipelineStage, entry: PipelineStageHistory) -> None:
    """The card came to the stage: its enter rules now or later, its idle ones later."""
    _plan(row, stage, entry, ("enter", "idle"))


def left(row: Conversation, stage: PipelineStage, move: PipelineStageHistory) -> None:
    """The card left: what was planned for later there is cancelled, exit rules are planned."""
    db.session.execute(
        update(PipelineRun)
        .where(
            PipelineRun.conversation_id == row.id,
            PipelineRun.stage_id == stage.id,
            PipelineRun.state == "pending",
            PipelineRun.due_at > now(),
        )
        .values(state="cancelled", finished_at=now(), result={"reason": "left_stage"})
        .execution_options(synchronize_session=False)
    )
    _plan(row, stage, move, ("exit",))


def undone(row: Conversation, stage: PipelineStage, move: PipelineStageHistory) -> None:
    """A person took this move back: what it had planned is cancelled, also where the card came from,
    and what waited in the stage that the card is back in waits on. Nothing is planned anew."""
    ended = update(PipelineRun).execution_options(synchronize_session=False)
    db.session.execute(
        ended.where(PipelineRun.history_id == move.id, PipelineRun.state == "pending").values(
            state="cancelled", finished_at=now(), result={"reason": "undone"}
        )
    )
    db.session.execute(
        ended.where(
            PipelineRun.conversation_id == row.id,
            PipelineRun.stage_id == stage.id,
            PipelineRun.history_id < move.id,
            PipelineRun.state == "cancelled",
            PipelineRun.finished_at >= move.created_at,
        ).values(state="pending", finished_at=None, result={})
    )


def _plan(
    row: Conversation, stage: PipelineStage, move: PipelineStageHistory, triggers: tuple[str, ...]
) -> None:
    stopped = move.depth >= MAX_DEPTH
    for place, rule in enumerate(stage.automation_actions or []):
        if rule["on"] not in triggers or not rule["enabled"]:
            continue
        run = PipelineRun(
            conversation_id=row.id,
            stage_id=stage.id,
            history_id=move.id,
            rule_id=rule["id"],
            place=place,
            rule={key: value for key, value in rule.items() if key != "enabled"},
            due_at=due_at(rule, move.created_at, row, by_person=move.actor_type == "agent"),
        )
        if stopped:
            run.state, run.finished_at = "stopped", move.created_at
            run.result = {"reason": "chain_limit"}
        db.session.add(run)
        if not stopped and run.due_at <= move.created_at:
            publish(PipelineRunsDue(row.organization_id))
    db.session.flush()


def due_at(rule: dict, since: datetime, row: Conversation, by_person: bool = False) -> datetime:
    """When a rule is due for a card that came at `since`."""
    if rule.get("since") == "reply" and row.last_inbound_at is not None:
        since = max(since, row.last_inbound_at)
    wait = timedelta(minutes=rule.get("after_minutes") or 0)
    if by_person and rule["do"] in CANNOT_BE_UNDONE:
        wait = max(wait, UNDO_TIME)
    return since + wait
