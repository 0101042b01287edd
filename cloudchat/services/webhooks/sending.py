"""Sending what is due: claim, call, keep what came of it. Each event arrives at least once.

A claim is committed before its call and is void after a minute, so that what a dead worker had in hand
is sent again, under the same event id. Calls run beside each other; the database is spoken to by the
calling thread alone. The webhooks of stages' automation take the same way (`run_id`).
"""

import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select

from cloudchat.clients import guarded
from cloudchat.extensions import db, now
from cloudchat.models import Organization, PipelineRun, Webhook, WebhookDelivery
from cloudchat.services import secrets
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run
from cloudchat.services.webhooks.outcomes import GONE, TROUBLED, Outcome, settle

log = structlog.get_logger(__name__)

SIGNATURE = "X-CloudChat-Signature"
LEASE = timedelta(seconds=60)
AT_ONCE = 10  # calls under way
OF_ONE = 20  # deliveries of one webhook that are claimed together
KEPT_ANSWER = 2048  # bytes


@dataclass(frozen=True)
class Call:
    """A delivery that was claimed and has to be posted now."""

    delivery_id: int
    url: str
    secret: str
    body: bytes
    headers: dict[str, str]


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
