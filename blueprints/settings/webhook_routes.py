"""The API of outgoing webhooks. Pages are in webhook_pages.py."""

from typing import Literal

from pydantic import Field
from spectree import Response as Answers

from blueprints.settings import bp
from cloudchat.models import Webhook, WebhookDelivery
from cloudchat.services import edits
from cloudchat.services.presenting import iso
from cloudchat.services.webhooks import endpoints, log
from cloudchat.services.webhooks.kinds import EVENTS
from cloudchat.web import (
    MAX_LIMIT,
    Body,
    Versioned,
    api,
    decode_cursor,
    encode_cursor,
    idempotent,
    me,
    requires,
)

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404")


class NewWebhook(Body):
    """An address and its events. `secret` may be your own (8 to 200 plain characters); else one is made."""

    url: str = Field(max_length=2000)
    events: list[str] = Field(max_length=50)
    description: str = Field("", max_length=100)
    secret: str | None = Field(None, max_length=200)
    is_active: bool = True


class WebhookChange(Versioned):
    """The fields to change; switching on again forgets past failures."""

    url: str | None = Field(None, max_length=2000)
    events: list[str] | None = Field(None, max_length=50)
    description: str | None = Field(None, max_length=100)
    is_active: bool | None = None


class DeliveryQuery(Body):
    """Which deliveries; the newest come first."""

    state: Literal["pending", "done", "failed"] | None = None
    event: str | None = Field(None, max_length=40)
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


def webhook_json(row: Webhook) -> dict:
    """A webhook without its secret."""
    names = ("id", "url", "description", "events", "is_active", "off_reason", "last_status", "failures")
    moments = ("last_success_at", "last_failure_at", "failing_since", "created_at", "updated_at")
    return {
        **{name: getattr(row, name) for name in names},
        **{name: iso(getattr(row, name)) for name in moments},
        "version": edits.version_of(endpoints.editable(row)),
    }


def delivery_json(row: WebhookDelivery) -> dict:
    names = ("id", "event", "event_id", "state", "reason", "attempts", "replay_of")
    return {
        **{name: getattr(row, name) for name in names},
        "created_at": iso(row.created_at),
        "finished_at": iso(row.finished_at),
        "next_attempt_at": iso(row.next_attempt_at) if row.state == "pending" else None,
    }


@bp.get("/api/app/webhooks")
@requires("admin")
@api.validate(resp=OK, tags=["webhooks"])
def list_webhooks():
    """All of them, and the events that there are."""
    items = [webhook_json(row) for row in endpoints.all_webhooks()]
    return {"items": items, "next_cursor": None, "events": list(EVENTS)}


@bp.post("/api/app/webhooks")
@requires("admin")
@api.validate(json=NewWebhook, resp=MADE, tags=["webhooks"])
def create_webhook(json: NewWebhook):
    """The answer holds the secret; it is not shown again."""
    row, secret = endpoints.create(json.model_dump(), me().author_id)
    return {**webhook_json(row), "secret": secret}, 201


@bp.get("/api/app/webhooks/<int:webhook_id>")
@requires("admin")
@api.validate(resp=OK, tags=["webhooks"])
def show_webhook(webhook_id: int):
    return webhook_json(endpoints.get(webhook_id))


@bp.patch("/api/app/webhooks/<int:webhook_id>")
@requires("admin")
@api.validate(json=WebhookChange, resp=OK, tags=["webhooks"])
def change_webhook(webhook_id: int, json: WebhookChange):
    return webhook_json(endpoints.change(webhook_id, json.changes(exclude_none=True), json.expected()))


@bp.delete("/api/app/webhooks/<int:webhook_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["webhooks"])
def delete_webhook(webhook_id: int):
    endpoints.delete(webhook_id)
    return "", 204


@bp.post("/api/app/webhooks/<int:webhook_id>/secret")
@requires("admin")
@api.validate(resp=OK, tags=["webhooks"])
def rotate_webhook_secret(webhook_id: int):
    """A new secret, shown this once; the old one signs nothing any more."""
    return {"secret": endpoints.rotate(webhook_id)}


@bp.post("/api/app/webhooks/<int:webhook_id>/test")
@requires("admin")
@idempotent
@api.validate(resp=MADE, tags=["webhooks"])
def test_webhook(webhook_id: int):
    """Send `webhook.test`; look at the delivery to see what came of it."""
    return delivery_json(endpoints.test(webhook_id)), 201


@bp.get("/api/app/webhooks/<int:webhook_id>/deliveries")
@requires("admin")
@api.validate(query=DeliveryQuery, resp=OK, tags=["webhooks"])
def list_deliveries(webhook_id: int, query: DeliveryQuery):
    """What was sent in the last 14 days."""
    rows, next_cursor = deliveries(webhook_id, query)
    return {"items": [delivery_json(row) for row in rows], "next_cursor": next_cursor}


def deliveries(webhook_id: int, query: DeliveryQuery) -> tuple[list[WebhookDelivery], str | None]:
    before = decode_cursor(query.cursor, int)
    wanted = log.Filter(query.state, query.event)
    rows = log.page(webhook_id, wanted, before[0] if before else None, query.limit)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    return rows, encode_cursor(rows[-1].id) if more else None


@bp.get("/api/app/webhooks/<int:webhook_id>/deliveries/<bigint:delivery_id>")
@requires("admin")
@api.validate(resp=OK, tags=["webhooks"])
def show_delivery(webhook_id: int, delivery_id: int):
    """One delivery with its data and every try."""
    row = log.get(webhook_id, delivery_id)
    tries = [
        {
            "at": iso(item.created_at),
            "status": item.status,
            "reason": item.reason,
            "milliseconds": item.milliseconds,
            "answer": item.answer,
        }
        for item in log.tries(row.id)
    ]
    return {**delivery_json(row), "data": row.data, "tries": tries}


@bp.post("/api/app/webhooks/<int:webhook_id>/deliveries/<bigint:delivery_id>/replay")
@requires("admin")
@idempotent
@api.validate(resp=MADE, tags=["webhooks"])
def replay_delivery(webhook_id: int, delivery_id: int):
    """Send it once more, under the same event id."""
    return delivery_json(log.replay(webhook_id, delivery_id)), 201
