"""Keeping what came of calls: the delivery, the log of tries, and how the address is doing."""

import random
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from cloudchat.extensions import db, now
from cloudchat.models import PipelineRun, Webhook, WebhookDelivery, WebhookTry
from cloudchat.services.webhooks import endpoints

WAITS = (10, 60, 300, 1800, 7200, 21_600, 54_000)  # seconds after each failure; about a day in all
MOST_TRIES = len(WAITS) + 1
JITTER = 0.2
TROUBLED = 5  # failures in a row; from then on one delivery at a time tries whether it is over
LONGEST_HOLD = 600.0  # seconds between such tries
OFF_AFTER = timedelta(days=3)  # of nothing but failures
GONE = 410


@dataclass(frozen=True)
class Outcome:
    """What came of a call; `status` is None where nothing was answered."""

    delivery_id: int
    status: int | None
    reason: str | None
    milliseconds: int
    answer: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_final(self) -> bool:
        """Whether trying again cannot help."""
        return self.reason in ("url_refused", "redirect", "gone")


def settle(outcomes: list[Outcome]) -> None:
    """Keep what came of calls of this organization, in one transaction."""
    by_id = {outcome.delivery_id: outcome for outcome in outcomes}
    rows = db.session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.id.in_(by_id), WebhookDelivery.state == "pending")
        .order_by(WebhookDelivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    webhooks = _locked_webhooks({row.webhook_id for row in rows if row.webhook_id is not None})
    for row in rows:
        outcome = by_id[row.id]
        db.session.add(
            WebhookTry(
                delivery_id=row.id,
                status=outcome.status,
                reason=outcome.reason,
                milliseconds=outcome.milliseconds,
                answer=outcome.answer,
            )
        )
        _settle_delivery(row, outcome)
        if row.run_id is not None:
            _tell_run(row, outcome)
        elif row.webhook_id in webhooks:
            _count(webhooks[row.webhook_id], outcome)
    db.session.commit()


def _locked_webhooks(ids: set[int]) -> dict[int, Webhook]:
    rows = db.session.scalars(
        select(Webhook)
        .where(Webhook.id.in_(ids))
        .order_by(Webhook.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def _settle_delivery(row: WebhookDelivery, outcome: Outcome) -> None:
    row.reason = outcome.reason
    if outcome.is_success:
        row.state, row.finished_at = "done", now()
    elif outcome.is_final or row.attempts >= MOST_TRIES:
        row.state, row.finished_at = "failed", now()
    else:
        wait = WAITS[row.attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)
        row.next_attempt_at = now() + timedelta(seconds=wait)


def _tell_run(row: WebhookDelivery, outcome: Outcome) -> None:
    """The card's log shows what became of the automation's webhook."""
    result = {"status": outcome.status, "attempts": row.attempts, "delivery_id": row.id}
    if outcome.reason:
        result["reason"] = "bad_status" if outcome.reason in ("redirect", "gone") else outcome.reason
    values: dict = {"attempts": row.attempts, "result": result}
    if row.state != "pending":
        values |= {"state": row.state, "finished_at": row.finished_at}
    db.session.execute(
        update(PipelineRun)
        .where(PipelineRun.id == row.run_id)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _count(webhook: Webhook, outcome: Outcome) -> None:
    """How the address is doing; one that has failed for days, or says that it is gone, is switched off."""
    moment = now()
    webhook.last_status = outcome.status
    if outcome.is_success:
        webhook.failures, webhook.last_success_at = 0, moment
        webhook.failing_since = webhook.held_until = None
        return
    webhook.failures += 1
    webhook.last_failure_at = moment
    webhook.failing_since = webhook.failing_since or moment
    if webhook.failures >= TROUBLED:
        hold = min(10.0 * 2 ** min(webhook.failures - TROUBLED, 10), LONGEST_HOLD)
        webhook.held_until = moment + timedelta(seconds=hold)
    if not webhook.is_active:
        return
    if outcome.reason == "gone":
        endpoints.switch_off(webhook, "gone")
    elif webhook.failing_since < moment - OFF_AFTER:
        endpoints.switch_off(webhook, "failing")
