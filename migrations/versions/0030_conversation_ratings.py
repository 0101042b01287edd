"""Ratings of agents: the organization's switch and question, and a row for each asking."""

import sqlalchemy as sa
from alembic import op

from migrations.policies import protect

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.add_column(
        "organizations", sa.Column("asks_rating", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("organizations", sa.Column("rating_question", sa.Text(), nullable=True))
    op.create_table(
        "conversation_ratings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Integer(), nullable=True),
        sa.Column("division_id", sa.Integer(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("rated_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_conversation_ratings_rating")),
        sa.CheckConstraint(
            "(rating is null) = (rated_at is null)", name=op.f("ck_conversation_ratings_rated")
        ),
        sa.CheckConstraint(
            "(asked_at is null) = (message_id is null)", name=op.f("ck_conversation_ratings_asked")
        ),
        sa.CheckConstraint(
            "asked_at is not null or rating is null", name=op.f("ck_conversation_ratings_order")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_conversation_ratings_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_conversation_ratings_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "agent_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_conversation_ratings_organization_id_agent_id"),
            ondelete="SET NULL (agent_id)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "division_id"],
            ["divisions.organization_id", "divisions.id"],
            name=op.f("fk_conversation_ratings_organization_id_division_id"),
            ondelete="SET NULL (division_id)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_ratings")),
    )
    not_asked = sa.text("asked_at is null")
    op.create_index(
        "uq_conversation_ratings_due",
        "conversation_ratings",
        ["conversation_id"],
        unique=True,
        postgresql_where=not_asked,
    )
    op.create_index(
        "ix_conversation_ratings_due", "conversation_ratings", ["due_at"], postgresql_where=not_asked
    )
    op.create_index(
        "ix_conversation_ratings_talk", "conversation_ratings", ["organization_id", "conversation_id", "id"]
    )
    op.create_index(
        "ix_conversation_ratings_rated",
        "conversation_ratings",
        ["organization_id", "rated_at"],
        postgresql_where=sa.text("rated_at is not null"),
    )
    protect("conversation_ratings")


def downgrade():
    op.drop_table("conversation_ratings")
    op.drop_column("organizations", "rating_question")
    op.drop_column("organizations", "asks_rating")
