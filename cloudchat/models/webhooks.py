"""Outgoing webhooks: who is told of what, what has to be sent, and what came of each try."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class Webhook(TenantScoped, Timestamps, db.Model):
    """An address of the organization's own program, and the events that it wants to hear of.

    `failures` counts tries that failed in a row; while it is high only one try at a time is made, not
    before `held_until`. `off_reason` says why we have switched it off: `gone` (410) or `failing`.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        organization_fk(),
        tenant_fk("created_by", "users", "SET NULL"),
        UniqueConstraint("organization_id", "id"),
    )

    id: Mapped[int] = primary_key()
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(100), default="")
    events: Mapped[list[str]] = mapped_column(JSONB)
    secret: Mapped[str]  # sealed
    is_active: Mapped[bool] = mapped_column(default=True)
    off_reason: Mapped[str | None] = mapped_column(String(20))
    created_by: Mapped[int | None]
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]
    last_status: Mapped[int | None]


class WebhookDelivery(TenantScoped, db.Model):
    """One event on its way to one address: a row in the transaction of what happened.

    Either of a webhook, or of a stage's automation (`run_id`), which brings its own address. The
    contact is named so that the words go when the contact goes. A claim moves `next_attempt_at` on, so
    that what a dead worker had in hand is tried again.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        organization_fk(),
        tenant_fk("webhook_id", "webhooks"),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("run_id"),
        Index("ix_webhook_deliveries_due", "next_attempt_at", postgresql_where="state = 'pending'"),
        Index(
            "ix_webhook_deliveries_waiting",
            "organization_id",
            "webhook_id",
            "next_attempt_at",
            postgresql_where="state = 'pending'",
        ),
        Index("ix_webhook_deliveries_log", "organization_id", "webhook_id", "id"),
        Index(
            "ix_webhook_deliveries_contact",
            "organization_id",
            "contact_id",
            postgresql_where="contact_id is not null",
        ),
        Index("ix_webhook_deliveries_age", "organization_id", "created_at"),
        CheckConstraint("state in ('pending', 'done', 'failed')", name="state"),
        CheckConstraint("(webhook_id is null) <> (run_id is null)", name="owner"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    webhook_id: Mapped[int | None]
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]]
    contact_id: Mapped[int | None]
    replay_of: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10), default="pending")
    reason: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class WebhookTry(TenantScoped, db.Model):
    """One call of one delivery, and what was answered."""

    __tablename__ = "webhook_tries"
    __table_args__ = (
        tenant_fk("delivery_id", "webhook_deliveries"),
        Index("ix_webhook_tries_delivery", "organization_id", "delivery_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    milliseconds: Mapped[int]
    answer: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
