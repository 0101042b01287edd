"""ongkir: shipping costs by the organization's own RajaOngkir account

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-26 04:50:00.000000

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)
TABLES = ("ongkir_settings", "ongkir_logs", "ongkir_usage", "ongkir_cache", "ongkir_talks")


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


def _of_conversation(table: str, ondelete: str):
    return sa.ForeignKeyConstraint(
        ["organization_id", "conversation_id"],
        ["conversations.organization_id", "conversations.id"],
        name=op.f(f"fk_{table}_organization_id_conversation_id"),
        ondelete=ondelete,
    )


def upgrade():
    op.create_table(
        "ongkir_settings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("rajaongkir_api_key", sa.Text(), nullable=False),
        sa.Column("key_hint", sa.String(length=4), nullable=False),
        sa.Column("rajaongkir_account_type", sa.String(length=20), nullable=False),
        sa.Column("daily_limit", sa.Integer(), nullable=False),
        sa.Column("default_origin_city_id", sa.Integer(), nullable=True),
        sa.Column("default_origin_city_name", sa.String(length=255), nullable=True),
        sa.Column("default_origin_province", sa.String(length=255), nullable=True),
        sa.Column("origin_id", sa.BigInteger(), nullable=True),
        sa.Column("origin_label", sa.String(length=255), nullable=True),
        sa.Column("enabled_couriers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("last_verified_at", MOMENT, nullable=True),
        sa.Column("api_status", sa.String(length=20), nullable=False),
        sa.Column("api_message", sa.String(length=40), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "api_status in ('unverified', 'active', 'invalid', 'quota_exceeded')",
            name=op.f("ck_ongkir_settings_status"),
        ),
        sa.CheckConstraint(
            "rajaongkir_account_type in ('starter', 'basic', 'pro', 'enterprise')",
            name=op.f("ck_ongkir_settings_account_type"),
        ),
        sa.CheckConstraint("daily_limit between 1 and 1000000", name=op.f("ck_ongkir_settings_daily_limit")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_ongkir_settings_organization_id")),
        *_of_organization("ongkir_settings", "id"),
    )
    op.create_table(
        "ongkir_logs",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("origin", sa.String(length=255), nullable=True),
        sa.Column("destination", sa.String(length=255), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("courier", sa.String(length=120), nullable=True),
        sa.Column("cost", sa.Integer(), nullable=True),
        sa.Column("api_response", JSONB, nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        _of_conversation("ongkir_logs", "SET NULL (conversation_id)"),
        *_of_organization("ongkir_logs", "id"),
    )
    op.create_index("idx_ongkir_logs_org", "ongkir_logs", ["organization_id", "id"])
    op.create_index("idx_ongkir_logs_created", "ongkir_logs", ["organization_id", "created_at"])
    op.create_index("ix_ongkir_logs_conversation", "ongkir_logs", ["organization_id", "conversation_id"])
    op.create_table(
        "ongkir_usage",
        sa.Column("organization_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        *_of_organization("ongkir_usage", "organization_id", "day"),
    )
    op.create_table(
        "ongkir_cache",
        sa.Column("organization_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        *_of_organization("ongkir_cache", "organization_id", "kind", "key"),
    )
    op.create_index("ix_ongkir_cache_expires", "ongkir_cache", ["organization_id", "expires_at"])
    op.create_table(
        "ongkir_talks",
        sa.Column("conversation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slots", JSONB, nullable=False),
        sa.Column("asked", sa.String(length=20), nullable=True),
        sa.Column("quote", JSONB, nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        _of_conversation("ongkir_talks", "CASCADE"),
        *_of_organization("ongkir_talks", "conversation_id"),
    )
    op.create_index("ix_ongkir_talks_due", "ongkir_talks", ["due_at"], postgresql_where="due_at is not null")
    for table in TABLES:
        protect(table)


def downgrade():
    for table in reversed(TABLES):
        op.drop_table(table)
