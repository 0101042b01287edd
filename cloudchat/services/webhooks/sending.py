"""Sending what is due: claim, call, keep what came of it. Each event arrives at least once.

A claim is committed before its call and is void after a minute, so that what a dead worker had in hand
is sent again, under the same event id. Calls run beside each other; the database is spoken to by the
calling thread alone. The webhooks of stages' automation take the same way (`run_id`).
"""

import hashlib
import hmac
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select, update

from cloudchat.clients import guarded
from cloudchat.extensions import db, now
from cloudchat.models import Organization, PipelineRun, Webhook, WebhookDelivery, WebhookTry
from cloudchat.services import secrets
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run
from cloudchat.services.webhooks import endpoints

log = structlog.get_logger(__name__)

SIGNATURE = "X-CloudChat-Signature"
WAITS = (10, 60, 300, 1800, 7200, 21_600, 54_000)  # seconds after each failure; about a day in all
MOST_TRIES = len(WAITS) + 1
JITTER = 0.2
LEASE = timedelta(seconds=60)
AT_ONCE = 10  # calls under way
OF_ONE = 20  # deliveries of one webhook that are claimed together
TROUBLED = 5  # failures in a row; from then on one delivery at a time tries whether it is over
LONGEST_HOLD = 600.0  # seconds between such tries
OFF_AFTER = timedelta(days=3)  # of nothing but failures
KEPT_ANSWER = 2048  # bytes
GONE = 410


@dataclass(frozen=True)
class Call:
    """A delivery that was claimed and has to be posted now."""

    delivery_id: int
    url: str
    secret: str
    body: bytes
    headers: dict[str, str]


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


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def organizations_due() -> list[int]:
    """Whose webhooks have something to send. Reads across organizations."""
    statement = (
        select(WebhookDelivery.organization_id)
        .join(Organization, Organization.id == WebhookDelivery.organization_id)
        .where(
            WebhookDelivery.state == "pending",
            WebhookDelivery.next_attempt_at <= now(),
            Organization.is_active,
        )
    )
    return list(db.session.scalars(statement.distinct()))


def deliver(budget: float = 30.0) -> bool:
    """Send what is due in this organization; answers whether there may be more."""
    stop_at = time.monotonic() + budget
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
        while calls := claim():
            for first in range(0, len(calls), AT_ONCE):
                settle(list(pool.map(post, calls[first : first + AT_ONCE])))
            if time.monotonic() > stop_at:
                return True
    return False


# --- claiming ----------------------------------------------------------------------------------

_DUE = """
    select d.id
    from (
        select id, case when failures < %(troubled)s then %(of_one)s else 1 end as room
        from webhooks
        where organization_id = %(organization_id)s and is_active
          and (held_until is null or held_until <= %(moment)s)
        union all select null, %(of_one)s
    ) w
    cross join lateral (
        select id from webhook_deliveries
        where organization_id = %(organization_id)s and webhook_id is not distinct from w.id
          and state = 'pending' and next_attempt_at <= %(moment)s
        order by next_attempt_at, id
        limit w.room
    ) d
    order by d.id
    limit %(of_one)s
"""
_CLAIM = """
    with chosen as (
        select id from webhook_deliveries
        where organization_id = %(organization_id)s and state = 'pending' and next_attempt_at <= %(moment)s
          and id in (select value::bigint from jsonb_array_elements_text(%(rows)s::jsonb))
        order by id
        for update skip locked
    )
    update webhook_deliveries d
    set next_attempt_at = %(moment)s + %(lease)s, attempts = attempts + 1
    from chosen c
    where d.organization_id = %(organization_id)s and d.id = c.id
    returning d.id
"""


def claim() -> list[Call]:
    """Take up to twenty due deliveries, and commit that they are taken."""
    moment = now()
    due = [row.id for row in run(_DUE, of_one=OF_ONE, troubled=TROUBLED, moment=moment)]
    taken = sorted(row.id for row in run(_CLAIM, due, lease=LEASE, moment=moment)) if due else []
    rows = db.session.execute(
        select(WebhookDelivery, Webhook, PipelineRun)
        .outerjoin(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .outerjoin(PipelineRun, PipelineRun.id == WebhookDelivery.run_id)
        .where(WebhookDelivery.id.in_(taken))
        .order_by(WebhookDelivery.id)
        .execution_options(populate_existing=True)
    ).all()
    calls = []
    for delivery, webhook, pipeline_run in rows:
        if webhook is not None:
            calls.append(_call(delivery, webhook.url, webhook.secret))
        elif pipeline_run is not None:
            given = pipeline_run.rule["with"]
            calls.append(_call(delivery, given["url"], given["secret"]))
        else:  # the card is gone, and with it what there was to tell
            db.session.delete(delivery)
    db.session.commit()
    return calls


def _call(delivery: WebhookDelivery, url: str, sealed: str) -> Call:
    """The time of this try stands in the body, and so under the signature."""
    told = {"sent_at": iso(now()), "attempt": delivery.attempts}
    if delivery.run_id is not None:
        body = {**delivery.data, **told}
    else:
        happened = iso(delivery.created_at)
        body = {"id": delivery.event_id, "event": delivery.event, "created_at": happened, **told}
        body |= {"organization_id": delivery.organization_id, "data": delivery.data}
    raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    secret = secrets.decrypt(sealed)["secret"]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "CloudChat",
        "X-CloudChat-Event": delivery.event,
        "X-CloudChat-Event-Id": delivery.event_id,
        "X-CloudChat-Delivery": str(delivery.run_id or delivery.id),
        SIGNATURE: signature(secret, raw),
    }
    return Call(delivery.id, url, secret, raw, headers)


# --- calling -----------------------------------------------------------------------------------


def post(call: Call) -> Outcome:
    """Make one call. Touches no database; raises nothing."""
    started = time.monotonic()

    def outcome(status: int | None, reason: str | None, answer: str = "") -> Outcome:
        taken = int((time.monotonic() - started) * 1000)
        # What is answered may repeat what was sent; a secret in it would lie open in the log
        return Outcome(call.delivery_id, status, reason, taken, answer.replace(call.secret, "•••"))

    try:
        answer = guarded.call(call.url, call.body, call.headers, keep=KEPT_ANSWER)
    except guarded.Refused:
        return outcome(None, "url_refused")
    except guarded.Failed as failed:
        return outcome(None, failed.reason)
    except Exception:  # a defect of ours must not leave the outcome open
        log.exception("webhook_failed", delivery_id=call.delivery_id)
        return outcome(None, "internal")
    if 200 <= answer.status < 300:
        return outcome(answer.status, None, answer.text)
    reason = (
        "gone" if answer.status == GONE else "redirect" if answer.status in range(300, 400) else "bad_status"
    )
    return outcome(answer.status, reason, answer.text)


# --- keeping -----------------------------------------------------------------------------------


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
