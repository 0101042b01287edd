"""Broadcasts, who gets them, and who wants none."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.models.devices import Device
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

BROADCAST_STATUSES = ("draft", "scheduled", "running", "paused", "completed", "cancelled")
RECIPIENT_STATUSES = ("queued", "sent", "delivered", "read", "failed", "unknown", "cancelled")
ENDED = ("completed", "cancelled")


class Broadcast(Timestamps, TenantScoped, db.Model):
    """One text to many people by one device.

    `template_id` names a row of Meta's templates or of our own, by the device's type. `audience` is
    what was asked for; `prepared_at` is set when the list of recipients is complete, `position` how
    far it is until then. `resumed_at` is when it last began to run, `fed_at` when its messages were
    last put into the outbox; `updated_at` is also a sign of life. Counts are never kept here.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (
        organization_fk(),
        tenant_fk("device_id", "devices"),
        tenant_fk("created_by", "users", "SET NULL"),
        UniqueConstraint("organization_id", "id"),
        Index("ix_broadcasts_running", "device_id", "id", postgresql_where="status = 'running'"),
        Index("ix_broadcasts_scheduled", "scheduled_at", postgresql_where="status = 'scheduled'"),
        Index(
            "ix_broadcasts_unprepared",
            "updated_at",
            postgresql_where="prepared_at is null and status in ('draft', 'scheduled', 'running', 'paused')",
        ),
        CheckConstraint(
            "status in ('draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled')", name="status"
        ),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(120))
    device_id: Mapped[int]
    template_id: Mapped[int]
    template_name: Mapped[str] = mapped_column(String(512))
    audience: Mapped[dict[str, Any]] = mapped_column(default=dict)
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(String(10), default="draft")
    pause_reason: Mapped[dict[str, Any] | None]
    scheduled_at: Mapped[datetime | None]
    quiet_start: Mapped[str | None] = mapped_column(String(5))
    quiet_end: Mapped[str | None] = mapped_column(String(5))
    file_key: Mapped[str | None] = mapped_column(String(100))
    position: Mapped[dict[str, Any]] = mapped_column(default=dict)
    prepared_at: Mapped[datetime | None]
    opted_out_count: Mapped[int] = mapped_column(default=0)
    duplicate_count: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime | None]
    resumed_at: Mapped[datetime | None]
    fed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    created_by: Mapped[int | None]

    device: Mapped[Device] = relationship(
        primaryjoin=lambda: foreign(Broadcast.device_id) == Device.id, viewonly=True
    )

    def __str__(self) -> str:
        return self.name


class BroadcastRecipient(TenantScoped, db.Model):
    """Somebody who gets a broadcast, once: `key` is the number (E.164) or the device's name for them.

    `queued` without a message waits for its turn. From then on a trigger carries the message's status
    over in the transaction that changes it, so that counts of recipients are counts of messages.
    """

    __tablename__ = "broadcast_recipients"
    __table_args__ = (
        tenant_fk("broadcast_id", "broadcasts"),
        tenant_fk("contact_id", "contacts"),
        UniqueConstraint("broadcast_id", "key"),
        Index("ix_broadcast_recipients_list", "broadcast_id", "id"),
        Index("ix_broadcast_recipients_status", "broadcast_id", "status", "id"),
        Index("ix_broadcast_recipients_contact", "organization_id", "contact_id"),
        Index(
            "uq_broadcast_recipients_message",
            "message_id",
            unique=True,
            postgresql_where="message_id is not null",
        ),
        Index(
            "ix_broadcast_recipients_waiting",
            "broadcast_id",
            "id",
            postgresql_where="status = 'queued' and message_id is null",
        ),
        Index(
            "ix_broadcast_recipients_unanswered",
            "conversation_id",
            postgresql_where="replied_at is null and conversation_id is not null",
        ),
        Index(
            "ix_broadcast_recipients_failed",
            "broadcast_id",
            "status_at",
            postgresql_where="status = 'failed'",
        ),
        Index(
            "ix_broadcast_recipients_sent", "broadcast_id", "sent_at", postgresql_where="sent_at is not null"
        ),
        Index(
            "ix_broadcast_recipients_replied", "broadcast_id", "id", postgresql_where="replied_at is not null"
        ),
        CheckConstraint(
            "status in ('queued', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled')",
            name="status",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    broadcast_id: Mapped[int]
    key: Mapped[str] = mapped_column(String(255))
    contact_id: Mapped[int | None]
    external_id: Mapped[str] = mapped_column(String(255), default="")
    phone: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(255), default="")
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(String(10), default="queued")
    error: Mapped[dict[str, Any] | None]
    conversation_id: Mapped[int | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    tried: Mapped[int] = mapped_column(default=0)
    status_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]


class BroadcastOptOut(TenantScoped, db.Model):
    """Somebody who wants no broadcasts. The number stays known when the contact is deleted.

    `source`: word (the customer wrote it), agent (somebody of the desk), provider.
    """

    __tablename__ = "broadcast_opt_outs"
    __table_args__ = (
        organization_fk(),
        tenant_fk("contact_id", "contacts", "SET NULL"),
        tenant_fk("created_by", "users", "SET NULL"),
        UniqueConstraint("organization_id", "key"),
        Index("ix_broadcast_opt_outs_contact", "organization_id", "contact_id"),
        CheckConstraint("source in ('word', 'agent', 'provider')", name="source"),
    )

    id: Mapped[int] = primary_key()
    key: Mapped[str] = mapped_column(String(64))
    contact_id: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(10))
    word: Mapped[str | None] = mapped_column(String(60))
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class BroadcastSettings(Timestamps, TenantScoped, db.Model):
    """An organization's own opt-out words and confirmation; without a row the defaults hold."""

    __tablename__ = "broadcast_settings"
    __table_args__ = (organization_fk(), UniqueConstraint("organization_id"))

    id: Mapped[int] = primary_key()
    opt_out_words: Mapped[dict[str, Any]] = mapped_column(default=dict)
    confirmation: Mapped[str]
