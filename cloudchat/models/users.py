"""Users, their sessions, API tokens and invitations."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Index, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

ROLES = ("agent", "manager", "admin")  # each may do what those before it may
# What an API token with limits may reach; each holder's role limits it as well
SCOPES = ("messages:read", "messages:write", "contacts", "reports:read", "admin")
AVAILABILITIES = ("online", "busy", "offline")


class User(Timestamps, TenantScoped, db.Model):
    """Somebody who logs in. An e-mail address belongs to one user of the whole installation."""

    __tablename__ = "users"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id", "id"),
        Index("uq_users_email", func.lower(db.literal_column("email")), unique=True),
        CheckConstraint("role in ('agent', 'manager', 'admin')", name="role"),
        CheckConstraint("availability in ('online', 'busy', 'offline')", name="availability"),
        CheckConstraint("capacity between 0 and 1000", name="capacity"),
    )

    id: Mapped[int] = primary_key()
    email: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20), default="agent")
    is_operator: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str | None] = mapped_column(String(5))
    capacity: Mapped[int] = mapped_column(default=5)
    availability: Mapped[str] = mapped_column(String(10), default="offline")
    last_seen_at: Mapped[datetime | None]
    last_assigned_at: Mapped[datetime | None]  # who has been idle the longest gets the next one
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def sees_everything(self) -> bool:
        return self.role in ("manager", "admin")


class UserSession(TenantScoped, db.Model):
    """One signed-in browser. Ending it here ends it everywhere."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        organization_fk(),
        tenant_fk("user_id", "users"),
        Index("ix_user_sessions_user", "organization_id", "user_id", postgresql_where="revoked_at is null"),
    )

    id: Mapped[int] = primary_key()
    user_id: Mapped[int]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    ip: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    revoked_at: Mapped[datetime | None]
    acting_organization_id: Mapped[int | None]
    # Logged in where a second factor is required and none is set up yet: it may do nothing else.
    must_enrol: Mapped[bool] = mapped_column(default=False, server_default="false")


class ApiToken(TenantScoped, db.Model):
    """A key for programs; only its hash is kept. Without `scopes` it may do all that its holder may."""

    __tablename__ = "api_tokens"
    __table_args__ = (organization_fk(), tenant_fk("user_id", "users"))

    id: Mapped[int] = primary_key()
    user_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_used_ip: Mapped[str | None] = mapped_column(String(45))
    revoked_at: Mapped[datetime | None]

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= now()


class Invitation(TenantScoped, db.Model):
    """A link by which somebody joins the organization; good once, until it expires."""

    __tablename__ = "invitations"
    __table_args__ = (organization_fk(), tenant_fk("invited_by", "users", "SET NULL"))

    id: Mapped[int] = primary_key()
    email: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(20), default="agent")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]

    @property
    def state(self) -> str:
        return "expired" if self.expires_at <= now() else "open"
