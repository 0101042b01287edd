"""Organizations: the tenants of this installation."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, primary_key


class Organization(Timestamps, db.Model):
    """One tenant. Its own row-level policy compares `id` with the tenant that is set."""

    __tablename__ = "organizations"

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(255))
    timezone: Mapped[str] = mapped_column(String(50), default="Asia/Jakarta")
    locale: Mapped[str] = mapped_column(String(5), default="id")
    is_active: Mapped[bool] = mapped_column(default=True)
    deletion_due_at: Mapped[datetime | None]
    custom_field_definitions: Mapped[dict[str, Any]] = mapped_column(default=dict)

    def __str__(self) -> str:
        return self.name
