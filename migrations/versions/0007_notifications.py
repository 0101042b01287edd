"""notifications: what people are told, how they want it, and the browsers that get pushes

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-26 03:40:00.000000

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import APP, protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)
TABLES = ("notifications", "notification_settings", "push_subscriptions")


def _of_user(table: str) -> list:
    """The keys that every one of these tables has."""
    return [
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f(f"fk_{table}_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f(f"fk_{table}_organization_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def upgrade():
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("push_due", sa.Boolean(), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_notifications_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        *_of_user("notifications"),
    )
    op.create_index(
        "ix_notifications_list", "notifications", ["organization_id", "user_id", "happened_at", "id"]
    )
    op.create_index(
        "uq_notifications_unread",
        "notifications",
        ["organization_id", "user_id", "topic"],
        unique=True,
        postgresql_where="read_at is null",
    )
    op.create_index("ix_notifications_conversation", "notifications", ["organization_id", "conversation_id"])
    op.create_index("ix_notifications_old", "notifications", ["organization_id", "happened_at"])
    op.create_index("ix_notifications_push", "notifications", ["happened_at"], postgresql_where="push_due")

    op.create_table(
        "notification_settings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("choices", JSONB, nullable=False),
        sa.Column("snoozed_until", MOMENT, nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.UniqueConstraint(
            "organization_id", "user_id", name=op.f("uq_notification_settings_organization_id_user_id")
        ),
        *_of_user("notification_settings"),
    )

    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("endpoint_hash", sa.String(length=64), nullable=False),
        sa.Column("p256dh", sa.String(length=120), nullable=False),
        sa.Column("auth", sa.String(length=40), nullable=False),
        sa.Column("user_agent", sa.String(length=255), nullable=True),
        sa.Column("last_sent_at", MOMENT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.UniqueConstraint(
            "organization_id",
            "endpoint_hash",
            name=op.f("uq_push_subscriptions_organization_id_endpoint_hash"),
        ),
        *_of_user("push_subscriptions"),
    )
    op.create_index("ix_push_subscriptions_user", "push_subscriptions", ["organization_id", "user_id"])
    for table in TABLES:
        protect(table)

    op.create_table(
        "installation_secrets",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation_secrets")),
    )
    op.execute(f"grant select, insert on installation_secrets to {APP}")


def downgrade():
    op.drop_table("installation_secrets")
    for table in reversed(TABLES):
        op.drop_table(table)
