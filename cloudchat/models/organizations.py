"""Organizations: the tenants of this installation."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, primary_key


class Organization(Timestamps, db.Model):
    """One tenant. Its own row-level policy compares `id` with the tenant that is set."""

    __tablename__ = "organizations"
    __table_args__ = (
        CheckConstraint("session_hours between 1 and 720", name="session_hours"),
        CheckConstraint("idle_minutes between 5 and 43200", name="idle_minutes"),
        CheckConstraint("password_minimum between 10 and 64", name="password_minimum"),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(255))
    timezone: Mapped[str] = mapped_column(String(50), default="Asia/Jakarta")
    locale: Mapped[str] = mapped_column(String(5), default="id")
    is_active: Mapped[bool] = mapped_column(default=True)
    deletion_due_at: Mapped[datetime | None]
    custom_field_definitions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Who may log in, and for how long (services/login_rules.py)
    second_factor_roles: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    session_hours: Mapped[int] = mapped_column(default=720, server_default="720")
    idle_minutes: Mapped[int | None]
    password_minimum: Mapped[int] = mapped_column(default=10, server_default="10")
    email_domains: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    # Asking customers how the agent did (services/ratings.py); no question of their own: ours
    asks_rating: Mapped[bool] = mapped_column(default=False, server_default=false())
    rating_question: Mapped[str | None]

    def __str__(self) -> str:
        return self.name
