"""Shipping costs ("ongkir"): an organization's key and choices, what was asked, and what is remembered."""

from datetime import date as Date
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

API_STATUSES = ("unverified", "active", "invalid", "quota_exceeded")
ACCOUNT_TYPES = ("starter", "basic", "pro", "enterprise")


class OngkirSettings(Timestamps, TenantScoped, db.Model):
    """The organization's own RajaOngkir account. The key is sealed (`services/secrets.py`); of it only
    `key_hint`, its last characters, is ever shown.

    The default origin is the city that was chosen from the provider's list (an id of the step-by-step
    family), and `origin_id` the same place in the search family, which costs are asked by.
    """

    __tablename__ = "ongkir_settings"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id"),
        CheckConstraint("api_status in ('unverified', 'active', 'invalid', 'quota_exceeded')", name="status"),
        CheckConstraint(
            "rajaongkir_account_type in ('starter', 'basic', 'pro', 'enterprise')", name="account_type"
        ),
        CheckConstraint("daily_limit between 1 and 1000000", name="daily_limit"),
    )

    id: Mapped[int] = primary_key()
    rajaongkir_api_key: Mapped[str] = mapped_column(default="")
    key_hint: Mapped[str] = mapped_column(String(4), default="")
    rajaongkir_account_type: Mapped[str] = mapped_column(String(20), default="starter")
    daily_limit: Mapped[int] = mapped_column(default=100)
    default_origin_city_id: Mapped[int | None]
    default_origin_city_name: Mapped[str | None] = mapped_column(String(255))
    default_origin_province: Mapped[str | None] = mapped_column(String(255))
    origin_id: Mapped[int | None] = mapped_column(BigInteger)
    origin_label: Mapped[str | None] = mapped_column(String(255))
    enabled_couriers: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    is_active: Mapped[bool] = mapped_column(default=False)
    last_verified_at: Mapped[datetime | None]
    api_status: Mapped[str] = mapped_column(String(20), default="unverified")
    api_message: Mapped[str] = mapped_column(String(40), default="")


class OngkirLog(TenantScoped, db.Model):
    """One question and how it ended. `source`: chat, desk or api; `hits`: calls to the provider that
    it cost; `cost`: the cheapest."""

    __tablename__ = "ongkir_logs"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations", "SET NULL"),
        Index("idx_ongkir_logs_org", "organization_id", "id"),
        Index("idx_ongkir_logs_created", "organization_id", "created_at"),
        Index("ix_ongkir_logs_conversation", "organization_id", "conversation_id"),
    )

    id: Mapped[int] = primary_key()
    conversation_id: Mapped[int | None]
    origin: Mapped[str | None] = mapped_column(String(255))
    destination: Mapped[str | None] = mapped_column(String(255))
    weight: Mapped[int | None]
    courier: Mapped[str | None] = mapped_column(String(120))
    cost: Mapped[int | None]
    api_response: Mapped[dict[str, Any] | None]
    status: Mapped[str] = mapped_column(String(20), default="ok")
    source: Mapped[str] = mapped_column(String(10), default="api")
    hits: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


class OngkirUsage(TenantScoped, db.Model):
    """Calls that were made on a day in Jakarta: the provider tells nobody what is left."""

    __tablename__ = "ongkir_usage"
    __table_args__ = (organization_fk(),)

    organization_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[Date] = mapped_column(primary_key=True)
    hits: Mapped[int] = mapped_column(default=0)


class OngkirCache(TenantScoped, db.Model):
    """What the provider has answered. `kind`: provinces, cities, districts, search or cost."""

    __tablename__ = "ongkir_cache"
    __table_args__ = (
        organization_fk(),
        Index("ix_ongkir_cache_expires", "organization_id", "expires_at"),
    )

    organization_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    data: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime]


class OngkirTalk(TenantScoped, db.Model):
    """What a customer has said so far in a conversation, and what we asked back; written under the
    conversation's lock. `due_at`: all is known and the answer is on its way, `tries` how often."""

    __tablename__ = "ongkir_talks"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        Index("ix_ongkir_talks_due", "due_at", postgresql_where="due_at is not null"),
    )

    conversation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slots: Mapped[dict[str, Any]] = mapped_column(default=dict)
    asked: Mapped[str | None] = mapped_column(String(20))
    quote: Mapped[dict[str, Any] | None]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
