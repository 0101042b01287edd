"""Filters of contacts that are kept under a name."""

import sqlalchemy as sa
from alembic import op

from migrations.policies import protect

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "contact_filters",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("q", sa.String(length=200), nullable=False),
        sa.Column("label_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("q <> '' or label_id is not null", name=op.f("ck_contact_filters_finds_some")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_contact_filters_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "label_id"],
            ["labels.organization_id", "labels.id"],
            name=op.f("fk_contact_filters_organization_id_label_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_contact_filters_organization_id_created_by"),
            ondelete="SET NULL (created_by)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_filters")),
    )
    op.create_index(
        "uq_contact_filters_name",
        "contact_filters",
        ["organization_id", sa.literal_column("lower(name)")],
        unique=True,
    )
    protect("contact_filters")


def downgrade():
    op.drop_table("contact_filters")
