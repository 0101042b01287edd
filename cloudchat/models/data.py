"""What becomes of an organization's data: how long it is kept, what was taken out."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class RetentionSettings(Timestamps, TenantScoped, db.Model):
    """After how many days what is deleted; NULL keeps it for ever, which is how it begins."""

    __tablename__ = "retention_settings"
    __table_args__ = (
        organization_fk(),
        CheckConstraint("least(messages_days, media_days, audit_days) >= 30", name="long_enough"),
        CheckConstraint("events_days >= 8 and exports_days >= 1", name="events_repeat"),
    )

    organization_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    messages_days: Mapped[int | None]
    media_days: Mapped[int | None]
    events_days: Mapped[int | None]
    audit_days: Mapped[int | None]
    exports_days: Mapped[int | None]


class DataExport(Timestamps, TenantScoped, db.Model):
    """One ZIP of everything about a contact, or about the whole organization (no contact).

    `done` of `total` rows and files are in it; `updated_at` is also a sign of life, and `attempts` how
    often a worker began.
    """

    __tablename__ = "data_exports"
    __table_args__ = (
        organization_fk(),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("created_by", "users", "SET NULL"),
        Index("ix_data_exports_list", "organization_id", "id"),
        Index("ix_data_exports_working", "updated_at", postgresql_where="state in ('queued', 'running')"),
        CheckConstraint("state in ('queued', 'running', 'done', 'failed')", name="state"),
    )

    id: Mapped[int] = primary_key()
    contact_id: Mapped[int | None]
    created_by: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10), default="queued")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    file_key: Mapped[str | None] = mapped_column(String(100))
    size: Mapped[int | None] = mapped_column(BigInteger)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    finished_at: Mapped[datetime | None]
