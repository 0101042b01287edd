"""Devices: connected channel accounts."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk

DEVICE_TYPES = ("wa_official", "wa_device", "telegram", "messenger", "webchat")
DEVICE_STATUSES = ("connected", "needs_reauth", "disconnected")


class Device(Timestamps, TenantScoped, db.Model):
    """One account on one channel. `secrets` is encrypted; `external_account` routes webhooks.

    `verified_waba` is the WABA that Meta has confirmed for this number; the one in `config` is what
    somebody typed.
    """

    __tablename__ = "devices"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id", "id"),
        Index(
            "uq_devices_account",
            "type",
            "external_account",
            unique=True,
            postgresql_where="deleted_at is null",
        ),
        CheckConstraint(
            "type in ('wa_official', 'wa_device', 'telegram', 'messenger', 'webchat')", name="type"
        ),
        Index(
            "ix_devices_verified_waba",
            "verified_waba",
            postgresql_where="verified_waba is not null and deleted_at is null",
        ),
        CheckConstraint("status in ('connected', 'needs_reauth', 'disconnected')", name="status"),
    )

    id: Mapped[int] = primary_key()
    type: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(255))
    public_key: Mapped[str] = mapped_column(String(40), unique=True)
    external_account: Mapped[str] = mapped_column(String(255))
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets: Mapped[str | None]
    verified_waba: Mapped[str | None] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(20), default="connected")
    last_error: Mapped[dict[str, Any] | None]
    last_in_at: Mapped[datetime | None]
    last_out_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    deleted_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return self.name
