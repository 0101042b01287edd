"""The audit log: who changed what."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import db, now
from cloudchat.tenancy import TenantScoped, organization_fk


class AuditEntry(TenantScoped, db.Model):
    """One action of one person. Rows are only added."""

    __tablename__ = "audit_log"
    __table_args__ = (
        organization_fk(),
        Index("ix_audit_log_time", "organization_id", "id"),
        Index("ix_audit_log_day", "organization_id", "created_at", "id"),
        Index("ix_audit_log_actor", "organization_id", "actor_id", "created_at", "id"),
        Index("ix_audit_log_action", "organization_id", "action", "created_at", "id"),
        Index("ix_audit_log_object", "organization_id", "object_type", "object_id", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    actor_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(String(255), default="")
    action: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(60), default="")
    object_id: Mapped[str] = mapped_column(String(60), default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    ip: Mapped[str | None] = mapped_column(String(45))
    created_at: Mapped[datetime] = mapped_column(default=now)
