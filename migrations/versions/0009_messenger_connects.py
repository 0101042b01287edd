"""attempts to connect Facebook pages

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-26 04:00:00.000000

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "messenger_connects",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=True),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("pages", sa.Text(), nullable=True),
        sa.Column("scopes", JSONB, nullable=True),
        sa.Column("failure", JSONB, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_messenger_connects_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messenger_connects")),
    )
    op.create_index("uq_messenger_connects_state", "messenger_connects", ["state_hash"], unique=True)
    op.create_index("ix_messenger_connects_list", "messenger_connects", ["organization_id", "id"])
    protect("messenger_connects")


def downgrade():
    op.drop_table("messenger_connects")
