"""Divisions and the agents who serve them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class Division(Timestamps, TenantScoped, db.Model):
    """A team that customers choose, for example Billing.

    While it closes (`closing_at`) its queue is emptied a piece at a time: to `closing_move_to`, or with
    a word to each. `closing_total` had waited when that began; `closing_deletes`: then it is deleted.
    """

    __tablename__ = "divisions"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id", "id"),
        tenant_fk("closing_move_to", "divisions", "SET NULL"),
        Index("idx_divisions_org", "organization_id", "position", "id"),
        CheckConstraint("avg_handling_time_minutes between 1 and 1440", name="avg_handling_time"),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    keyword_triggers: Mapped[list[str]] = mapped_column(ARRAY(String(50)), default=list)
    is_active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    avg_handling_time_minutes: Mapped[int] = mapped_column(default=10)
    show_wait_time: Mapped[bool] = mapped_column(default=False)
    auto_detect_keywords: Mapped[bool] = mapped_column(default=False)
    closing_at: Mapped[datetime | None]
    closing_total: Mapped[int | None]
    closing_move_to: Mapped[int | None]
    closing_deletes: Mapped[bool] = mapped_column(default=False, server_default="false")

    def __str__(self) -> str:
        return self.name


class DivisionAgent(TenantScoped, db.Model):
    """An agent's membership of a division."""

    __tablename__ = "division_agents"
    __table_args__ = (
        organization_fk(),
        tenant_fk("division_id", "divisions"),
        tenant_fk("user_id", "users"),
        UniqueConstraint("division_id", "user_id"),
        Index("ix_division_agents_user", "organization_id", "user_id"),
    )

    id: Mapped[int] = primary_key()
    division_id: Mapped[int]
    user_id: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
