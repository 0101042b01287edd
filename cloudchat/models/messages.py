"""Messages and their attachments."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

# How far an outbound message got. A status never goes to a lower rank; `failed` may follow `sent`.
STATUS_RANK = {"queued": 0, "unknown": 1, "sent": 2, "failed": 3, "delivered": 4, "read": 5}


class Message(TenantScoped, db.Model):
    """One message. `external_id` is the provider's id, unique per device: no message twice."""

    __tablename__ = "messages"
    __table_args__ = (
        tenant_fk("conversation_id", "conversations"),
        Index("uq_messages_thread", "organization_id", "conversation_id", "id", unique=True),
        Index(
            "uq_messages_external",
            "device_id",
            "external_id",
            unique=True,
            postgresql_where="external_id is not null",
        ),
        Index(
            "ix_messages_answers",
            "organization_id",
            "created_at",
            "sender_id",
            "conversation_id",
            "id",
            postgresql_where="sender_type = 'agent'",
        ),
        Index(
            "ix_messages_search",
            db.text("to_tsvector('simple', text)"),
            postgresql_using="gin",
            postgresql_where="text <> ''",
        ),
        CheckConstraint("direction in ('in', 'out')", name="direction"),
        CheckConstraint(
            "status in ('received', 'queued', 'sent', 'delivered', 'read', 'failed', 'unknown')",
            name="status",
        ),
        CheckConstraint("sender_type in ('contact', 'agent', 'bot', 'system')", name="sender"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[int]
    device_id: Mapped[int]
    direction: Mapped[str] = mapped_column(String(3))
    sender_type: Mapped[str] = mapped_column(String(10))
    sender_id: Mapped[int | None]
    type: Mapped[str] = mapped_column(String(20), default="text")
    text: Mapped[str] = mapped_column(default="")
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(String(10))
    error: Mapped[dict[str, Any] | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    occurred_at: Mapped[datetime] = mapped_column(default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)
    status_at: Mapped[datetime] = mapped_column(default=now)


class Attachment(TenantScoped, db.Model):
    """A file of a message. `state`: pending (still at the provider), ready, failed."""

    __tablename__ = "attachments"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        Index("ix_attachments_message", "organization_id", "message_id"),
        Index("ix_attachments_conversation", "organization_id", "conversation_id"),
        Index("ix_attachments_pending", "id", postgresql_where="state = 'pending'"),
        CheckConstraint("state in ('pending', 'ready', 'failed')", name="state"),
    )

    id: Mapped[int] = primary_key()
    conversation_id: Mapped[int]
    message_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10), default="ready")
    file_key: Mapped[str | None] = mapped_column(String(100))
    filename: Mapped[str] = mapped_column(String(255), default="")
    mime: Mapped[str] = mapped_column(String(100), default="application/octet-stream")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    width: Mapped[int | None]
    height: Mapped[int | None]
    source: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
