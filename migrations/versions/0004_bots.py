"""bots: pairs, hours, turns, sums

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-26 03:30:00.000000

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "chatbots",
    "chatbot_analytics",
    "chatbot_devices",
    "chatbot_exceptions",
    "chatbot_qa",
    "chatbot_schedules",
    "chatbot_closed_notices",
    "chatbot_interactions",
    "chatbot_phrases",
    "chatbot_talks",
)


def upgrade():
    op.create_table(
        "chatbots",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("schedule_enabled", sa.Boolean(), nullable=False),
        sa.Column("timezone", sa.String(length=50), nullable=False),
        sa.Column("outside_hours_message", sa.Text(), nullable=True),
        sa.Column("greeting", sa.Text(), nullable=True),
        sa.Column("fallback_message", sa.Text(), nullable=False),
        sa.Column("escalation_message", sa.Text(), nullable=False),
        sa.Column("escalation_words", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("answer_threshold", sa.Integer(), nullable=False),
        sa.Column("suggest_threshold", sa.Integer(), nullable=False),
        sa.Column("escalate_below", sa.Integer(), nullable=False),
        sa.Column("misses_before_human", sa.Integer(), nullable=False),
        sa.Column("asks_rating", sa.Boolean(), nullable=False),
        sa.Column("returns", sa.String(length=10), nullable=False),
        sa.Column("qa_version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("returns in ('reopen', 'never')", name=op.f("ck_chatbots_returns")),
        sa.CheckConstraint("answer_threshold between 0 and 100", name=op.f("ck_chatbots_answer_threshold")),
        sa.CheckConstraint("escalate_below between 0 and 100", name=op.f("ck_chatbots_escalate_below")),
        sa.CheckConstraint("misses_before_human between 0 and 20", name=op.f("ck_chatbots_misses")),
        sa.CheckConstraint("suggest_threshold between 0 and 100", name=op.f("ck_chatbots_suggest_threshold")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbots_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chatbots")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_chatbots_organization_id_id")),
    )
    op.create_table(
        "chatbot_analytics",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("total_interactions", sa.Integer(), nullable=False),
        sa.Column("successful_interactions", sa.Integer(), nullable=False),
        sa.Column("escalated_interactions", sa.Integer(), nullable=False),
        sa.Column("avg_response_time_ms", sa.Integer(), nullable=True),
        sa.Column("avg_confidence_score", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("avg_rating", sa.Numeric(precision=3, scale=2), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("hour between 0 and 23", name=op.f("ck_chatbot_analytics_hour")),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_analytics_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_analytics_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chatbot_analytics")),
        sa.UniqueConstraint(
            "bot_id",
            "date",
            "hour",
            name=op.f("uq_chatbot_analytics_bot_id_date_hour"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_chatbot_analytics_bot", "chatbot_analytics", ["organization_id", "bot_id", "date"])

    op.create_table(
        "chatbot_devices",
        sa.Column("device_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_devices_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "device_id"],
            ["devices.organization_id", "devices.id"],
            name=op.f("fk_chatbot_devices_organization_id_device_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_devices_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_chatbot_devices")),
    )
    op.create_index("ix_chatbot_devices_bot", "chatbot_devices", ["organization_id", "bot_id"])

    op.create_table(
        "chatbot_exceptions",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("windows", JSONB, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_exceptions_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_exceptions_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chatbot_exceptions")),
        sa.UniqueConstraint("bot_id", "date", name=op.f("uq_chatbot_exceptions_bot_id_date")),
    )
    op.create_index("ix_chatbot_exceptions_bot", "chatbot_exceptions", ["organization_id", "bot_id", "date"])

    op.create_table(
        "chatbot_qa",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("alternatives", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_qa_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_qa_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chatbot_qa")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_chatbot_qa_organization_id_id")),
    )
    op.create_index("ix_chatbot_qa_bot", "chatbot_qa", ["organization_id", "bot_id", "id"])

    op.create_table(
        "chatbot_schedules",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("day_of_week", sa.Integer(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("end_time", sa.Time(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("day_of_week between 0 and 6", name=op.f("ck_chatbot_schedules_day")),
        sa.CheckConstraint("start_time <> end_time", name=op.f("ck_chatbot_schedules_not_empty")),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_schedules_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_schedules_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chatbot_schedules")),
    )
    op.create_index("ix_chatbot_schedules_bot", "chatbot_schedules", ["organization_id", "bot_id"])

    op.create_table(
        "chatbot_closed_notices",
        sa.Column("conversation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bot_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("period_ends_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_closed_notices_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_chatbot_closed_notices_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_closed_notices_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "conversation_id", "bot_id", "period_ends_at", name=op.f("pk_chatbot_closed_notices")
        ),
    )
    op.create_table(
        "chatbot_interactions",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("confidence_score", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("matched_qa_id", sa.Integer(), nullable=True),
        sa.Column("response_time_ms", sa.Integer(), nullable=True),
        sa.Column("was_escalated", sa.Boolean(), nullable=False),
        sa.Column("user_rating", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("confidence_score between 0 and 100", name=op.f("ck_chatbot_interactions_score")),
        sa.CheckConstraint("response_time_ms >= 0", name=op.f("ck_chatbot_interactions_time")),
        sa.CheckConstraint("user_rating between 1 and 5", name=op.f("ck_chatbot_interactions_rating")),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_interactions_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_chatbot_interactions_organization_id_conversation_id"),
            ondelete="SET NULL (conversation_id)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "matched_qa_id"],
            ["chatbot_qa.organization_id", "chatbot_qa.id"],
            name=op.f("fk_chatbot_interactions_organization_id_matched_qa_id"),
            ondelete="SET NULL (matched_qa_id)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_interactions_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chatbot_interactions")),
    )
    op.create_index(
        "ix_chatbot_interactions_bot",
        "chatbot_interactions",
        ["organization_id", "bot_id", "created_at", "id"],
    )
    op.create_index(
        "ix_chatbot_interactions_qa", "chatbot_interactions", ["organization_id", "matched_qa_id"]
    )
    op.create_index(
        "ix_chatbot_interactions_talk", "chatbot_interactions", ["organization_id", "conversation_id", "id"]
    )

    op.create_table(
        "chatbot_phrases",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("qa_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_phrases_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "qa_id"],
            ["chatbot_qa.organization_id", "chatbot_qa.id"],
            name=op.f("fk_chatbot_phrases_organization_id_qa_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_phrases_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chatbot_phrases")),
        sa.UniqueConstraint("qa_id", "text", name=op.f("uq_chatbot_phrases_qa_id_text")),
    )
    op.create_index("ix_chatbot_phrases_bot", "chatbot_phrases", ["organization_id", "bot_id", "id"])

    op.create_table(
        "chatbot_talks",
        sa.Column("conversation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("has_it", sa.Boolean(), nullable=False),
        sa.Column("since_message_id", sa.BigInteger(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("offered", JSONB, nullable=True),
        sa.Column("burst_count", sa.Integer(), nullable=False),
        sa.Column("burst_started_at", MOMENT, nullable=True),
        sa.Column("last_text", sa.String(length=200), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("last_interaction_id", sa.Integer(), nullable=True),
        sa.Column("rating_due_at", MOMENT, nullable=True),
        sa.Column("rating_asked_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "bot_id"],
            ["chatbots.organization_id", "chatbots.id"],
            name=op.f("fk_chatbot_talks_organization_id_bot_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_chatbot_talks_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chatbot_talks_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_chatbot_talks")),
    )
    op.create_index("ix_chatbot_talks_bot", "chatbot_talks", ["organization_id", "bot_id"])
    op.create_index(
        "ix_chatbot_talks_due",
        "chatbot_talks",
        ["rating_due_at"],
        postgresql_where="rating_due_at is not null",
    )
    for table in TABLES:
        protect(table)


def downgrade():
    for table in reversed(TABLES):
        op.drop_table(table)
