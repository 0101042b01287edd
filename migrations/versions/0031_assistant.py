"""The organization's own language model behind the bot: settings, calls by day, questions that wait for it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)
TABLES = ("assistant_settings", "assistant_usage", "assistant_choices")
STATUSES = "'unverified', 'ok', 'refused', 'unknown_model', 'limited', 'unreachable', 'unexpected'"


def _of_organization(table: str, *key: str) -> list:
    return [
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f(f"fk_{table}_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
    ]


def _of_row(column: str, table: str):
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{table}.organization_id", f"{table}.id"],
        name=op.f(f"fk_assistant_choices_organization_id_{column}"),
        ondelete="CASCADE",
    )


def upgrade():
    op.create_table(
        "assistant_settings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("key_hint", sa.String(length=4), nullable=False),
        sa.Column("chooses", sa.Boolean(), nullable=False),
        sa.Column("drafts", sa.Boolean(), nullable=False),
        sa.Column("daily_limit", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("checked_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"status in ({STATUSES})", name=op.f("ck_assistant_settings_status")),
        sa.CheckConstraint(
            "daily_limit between 1 and 1000000", name=op.f("ck_assistant_settings_daily_limit")
        ),
        sa.UniqueConstraint("organization_id", name=op.f("uq_assistant_settings_organization_id")),
        *_of_organization("assistant_settings", "id"),
    )
    op.create_table(
        "assistant_usage",
        sa.Column("organization_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        *_of_organization("assistant_usage", "organization_id", "day"),
    )
    op.create_table(
        "assistant_choices",
        sa.Column("conversation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bot_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("candidates", JSONB, nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        _of_row("conversation_id", "conversations"),
        _of_row("bot_id", "chatbots"),
        *_of_organization("assistant_choices", "conversation_id"),
    )
    op.create_index("ix_assistant_choices_due", "assistant_choices", ["due_at"])
    op.create_index("ix_assistant_choices_bot", "assistant_choices", ["organization_id", "bot_id"])
    for table in TABLES:
        protect(table)


def downgrade():
    for table in reversed(TABLES):
        op.drop_table(table)
