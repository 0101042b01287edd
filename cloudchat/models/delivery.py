"""What came in from providers and what has to go out: the two tables that make work survive."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import db, now
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

MAX_ATTEMPTS = 5


class WebhookEvent(TenantScoped, db.Model):
    """A provider's event, stored before the call is answered; unique, so a repeat changes nothing."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("device_id", "provider_id"),
        Index(
            "ix_webhook_events_due",
            "next_attempt_at",
            postgresql_where="processed_at is null and dead_at is null",
        ),
        Index("ix_webhook_events_age", "received_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    device_id: Mapped[int]
    provider_id: Mapped[str] = mapped_column(String(300))
    kind: Mapped[str] = mapped_column(String(20))
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(default=now)
    next_attempt_at: Mapped[datetime] = mapped_column(default=now)
    processed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    dead_at: Mapped[datetime | None]


class OutboxEntry(TenantScoped, db.Model):
    """A message that has to be sent. The row goes when the outcome is known.

    `sending` with an old `claimed_at` means that the sender died: nobody knows whether the provider
    took the message, so its outcome is unknown and it is not sent again by itself.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        tenant_fk("device_id", "devices"),
        tenant_fk("conversation_id", "conversations"),
        UniqueConstraint("message_id"),
        Index("ix_outbox_due", "device_id", "state", "next_attempt_at", "id"),
        Index("ix_outbox_conversation", "conversation_id", "id"),
        CheckConstraint("state in ('pending', 'sending')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    device_id: Mapped[int]
    conversation_id: Mapped[int]
    message_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=now)
    claimed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class DevicePace(TenantScoped, db.Model):
    """A token bucket per device, and until when its provider wants to be left alone."""

    __tablename__ = "device_paces"
    __table_args__ = (tenant_fk("device_id", "devices"),)

    device_id: Mapped[int] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(default=0.0)
    filled_at: Mapped[datetime] = mapped_column(default=now)
    blocked_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)


class IdempotencyKey(TenantScoped, db.Model):
    """An answered POST, so that the same key gets the same answer."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id", "scope", "key"),
        Index("ix_idempotency_keys_age", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scope: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
