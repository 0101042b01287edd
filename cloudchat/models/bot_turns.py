"""What bots did: every turn, the hourly sums, and where each conversation stands with its bot."""

from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class ChatbotInteraction(TenantScoped, db.Model):
    """One turn of a bot. `outcome`: greeting, answer, suggest, fallback, escalate, or the word of
    another step that speaks for the bot. `reason`: why it escalated; who chose the answer ("choice": the
    customer, "assistant": a language model); or "overtaken": newer words or a human came first, and nothing
    was said. `solved_qa_id`: the pair that was made from this question since, where it had no answer."""

    __tablename__ = "chatbot_interactions"
    __table_args__ = (
        organization_fk(),
        tenant_fk("bot_id", "chatbots"),
        tenant_fk("conversation_id", "conversations", "SET NULL"),
        tenant_fk("matched_qa_id", "chatbot_qa", "SET NULL"),
        tenant_fk("solved_qa_id", "chatbot_qa", "SET NULL"),
        Index("ix_chatbot_interactions_bot", "organization_id", "bot_id", "created_at", "id"),
        Index("ix_chatbot_interactions_talk", "organization_id", "conversation_id", "id"),
        Index("ix_chatbot_interactions_qa", "organization_id", "matched_qa_id"),
        Index(
            "ix_chatbot_interactions_solved",
            "organization_id",
            "solved_qa_id",
            postgresql_where="solved_qa_id is not null",
        ),
        CheckConstraint("user_rating between 1 and 5", name="rating"),
        CheckConstraint("confidence_score between 0 and 100", name="score"),
        CheckConstraint("response_time_ms >= 0", name="time"),
    )

    id: Mapped[int] = primary_key()
    bot_id: Mapped[int]
    conversation_id: Mapped[int | None]
    question: Mapped[str]
    answer: Mapped[str | None]
    confidence_score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    matched_qa_id: Mapped[int | None]
    solved_qa_id: Mapped[int | None]
    response_time_ms: Mapped[int | None]
    was_escalated: Mapped[bool] = mapped_column(default=False)
    user_rating: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(String(20), default="answer")
    reason: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ChatbotAnalytics(Timestamps, TenantScoped, db.Model):
    """Sums of a bot's turns by hour of the organization's zone; `hour` is NULL for a whole day."""

    __tablename__ = "chatbot_analytics"
    __table_args__ = (
        organization_fk(),
        tenant_fk("bot_id", "chatbots"),
        UniqueConstraint("bot_id", "date", "hour", postgresql_nulls_not_distinct=True),
        Index("ix_chatbot_analytics_bot", "organization_id", "bot_id", "date"),
        CheckConstraint("hour between 0 and 23", name="hour"),
    )

    id: Mapped[int] = primary_key()
    bot_id: Mapped[int]
    date: Mapped[Date]
    hour: Mapped[int | None]
    total_interactions: Mapped[int] = mapped_column(default=0)
    successful_interactions: Mapped[int] = mapped_column(default=0)
    escalated_interactions: Mapped[int] = mapped_column(default=0)
    avg_response_time_ms: Mapped[int | None]
    avg_confidence_score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    avg_rating: Mapped[Decimal | None] = mapped_column(Numeric(3, 2))


class ChatbotTalk(Timestamps, TenantScoped, db.Model):
    """Where a conversation stands with its bot; written under the conversation's lock.

    `has_it`: the bot speaks. `since_message_id`: what people of the desk wrote before it does not
    silence the bot. `given_back_at`: somebody of the desk gave it back, so that no menu comes before it.
    `offered`: the suggestions that wait for a choice, `{"question", "qa_ids"}`.
    `burst_*`: automatic answers lately, and the last text, to notice another machine.
    """

    __tablename__ = "chatbot_talks"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("bot_id", "chatbots"),
        Index("ix_chatbot_talks_bot", "organization_id", "bot_id"),
        Index("ix_chatbot_talks_due", "rating_due_at", postgresql_where="rating_due_at is not null"),
    )

    conversation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bot_id: Mapped[int]
    has_it: Mapped[bool] = mapped_column(default=True)
    since_message_id: Mapped[int] = mapped_column(BigInteger, default=0)
    given_back_at: Mapped[datetime | None]
    misses: Mapped[int] = mapped_column(default=0)
    offered: Mapped[dict[str, Any] | None]
    burst_count: Mapped[int] = mapped_column(default=0)
    burst_started_at: Mapped[datetime | None]
    last_text: Mapped[str] = mapped_column(String(200), default="")
    repeats: Mapped[int] = mapped_column(default=0)
    last_interaction_id: Mapped[int | None]
    rating_due_at: Mapped[datetime | None]
    rating_asked_at: Mapped[datetime | None]


class ChatbotClosedNotice(TenantScoped, db.Model):
    """The outside-hours message of a conversation in one closed period: the key makes a second one
    impossible."""

    __tablename__ = "chatbot_closed_notices"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("bot_id", "chatbots"),
    )

    conversation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    period_ends_at: Mapped[datetime] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
