"""Ratings that customers are asked for when an agent's conversation was resolved."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class ConversationRating(TenantScoped, db.Model):
    """One asking: due, then asked (`message_id` is the question), then perhaps rated. `agent_id` and
    `division_id` had the conversation when it was resolved. One that is due is one of a kind."""

    __tablename__ = "conversation_ratings"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("agent_id", "users", "SET NULL"),
        tenant_fk("division_id", "divisions", "SET NULL"),
        Index(
            "uq_conversation_ratings_due",
            "conversation_id",
            unique=True,
            postgresql_where="asked_at is null",
        ),
        Index("ix_conversation_ratings_due", "due_at", postgresql_where="asked_at is null"),
        Index("ix_conversation_ratings_talk", "organization_id", "conversation_id", "id"),
        Index(
            "ix_conversation_ratings_rated",
            "organization_id",
            "rated_at",
            postgresql_where="rated_at is not null",
        ),
        CheckConstraint("rating between 1 and 5", name="rating"),
        CheckConstraint("(rating is null) = (rated_at is null)", name="rated"),
        CheckConstraint("(asked_at is null) = (message_id is null)", name="asked"),
        CheckConstraint("asked_at is not null or rating is null", name="order"),
    )

    id: Mapped[int] = primary_key()
    conversation_id: Mapped[int]
    agent_id: Mapped[int | None]
    division_id: Mapped[int | None]
    due_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    rating: Mapped[int | None]
    rated_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
