"""Templates: Meta's, which belong to a WABA, and our own message templates."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from cloudchat.extensions import Timestamps, db, primary_key
from cloudchat.models.devices import Device
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

DRAFT = "DRAFT"  # ours: not at Meta, or no longer known to be
SUBMITTING = "SUBMITTING"  # ours: handed to Meta, whose answer is not known yet
APPROVED = "APPROVED"  # the only status in which a template can be sent
DELETED = "DELETED"  # Meta lists it no more
OPEN_STATUSES = (SUBMITTING, "PENDING", "IN_APPEAL", "PENDING_DELETION")  # news is to be expected


class MetaTemplate(Timestamps, TenantScoped, db.Model):
    """A template of one WABA, known by name and language. `status` is Meta's word, or one of ours.

    `language` is written with `_`. `event_at` is the time of the last webhook that was applied;
    `device_id` the device it was made with, any device of the WABA may send it.
    """

    __tablename__ = "meta_templates"
    __table_args__ = (
        organization_fk(),
        tenant_fk("device_id", "devices", "SET NULL"),
        tenant_fk("created_by", "users", "SET NULL"),
        UniqueConstraint("organization_id", "id"),
        Index(
            "uq_meta_templates_identity",
            "organization_id",
            "waba_id",
            "name",
            "language",
            unique=True,
            postgresql_where="deleted_at is null",
        ),
        Index(
            "ix_meta_templates_list",
            "organization_id",
            "name",
            "id",
            postgresql_where="deleted_at is null",
        ),
        Index("idx_meta_templates_device", "device_id"),
        Index("idx_meta_templates_waba", "waba_id"),
        Index(
            "ix_meta_templates_open",
            "organization_id",
            "waba_id",
            postgresql_where="deleted_at is null and status in "
            "('SUBMITTING', 'PENDING', 'IN_APPEAL', 'PENDING_DELETION')",
        ),
        CheckConstraint("parameter_format in ('POSITIONAL', 'NAMED')", name="parameter_format"),
    )

    id: Mapped[int] = primary_key()
    device_id: Mapped[int | None]
    waba_id: Mapped[str] = mapped_column(String(32))
    meta_id: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(512))
    language: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(30))
    requested_category: Mapped[str | None] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(30))
    quality: Mapped[str | None] = mapped_column(String(20))
    rejected_reason: Mapped[str | None] = mapped_column(String(100))
    rejection_details: Mapped[str | None]
    parameter_format: Mapped[str] = mapped_column(String(12), default="POSITIONAL")
    components: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    created_by: Mapped[int | None]
    event_at: Mapped[datetime | None]
    last_synced_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    device: Mapped[Device | None] = relationship(
        primaryjoin=lambda: foreign(MetaTemplate.device_id) == Device.id, viewonly=True
    )

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"


class MetaTemplateSync(Timestamps, TenantScoped, db.Model):
    """How the last fetching of a WABA's templates went, and how far the present one is.

    `updated_at` is also a sign of life; `error` is `{"code", "message"}`.
    """

    __tablename__ = "meta_template_syncs"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id", "waba_id"),
        Index(
            "ix_meta_template_syncs_due",
            "updated_at",
            postgresql_where="state in ('queued', 'running')",
        ),
        CheckConstraint("state in ('queued', 'running', 'done', 'failed')", name="state"),
    )

    id: Mapped[int] = primary_key()
    waba_id: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(10), default="queued")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    vanished: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None]


class MessageTemplate(Timestamps, TenantScoped, db.Model):
    """A text of our own with `{name}`-like fields, for devices that send what they like."""

    __tablename__ = "message_templates"
    __table_args__ = (
        organization_fk(),
        tenant_fk("created_by", "users", "SET NULL"),
        UniqueConstraint("organization_id", "id"),
        Index("uq_message_templates_name", "organization_id", db.text("lower(name)"), unique=True),
        CheckConstraint(
            "device_type is null or device_type in "
            "('wa_official', 'wa_device', 'telegram', 'messenger', 'webchat')",
            name="device_type",
        ),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(100))
    body: Mapped[str]
    device_type: Mapped[str | None] = mapped_column(String(20))
    created_by: Mapped[int | None]

    def __str__(self) -> str:
        return self.name
