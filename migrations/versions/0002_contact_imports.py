"""contact imports; contacts listed without regard to case

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-23 15:50:00.000000

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "contact_imports",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("file_key", sa.String(length=100), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("mapping", JSONB, nullable=False),
        sa.Column("preview", JSONB, nullable=False),
        sa.Column("errors", JSONB, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_count", sa.Integer(), nullable=False),
        sa.Column("updated_count", sa.Integer(), nullable=False),
        sa.Column("skipped_count", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=60), nullable=True),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state in ('checking', 'draft', 'queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_contact_imports_state"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_contact_imports_organization_id_created_by"),
            ondelete="SET NULL (created_by)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_contact_imports_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_imports")),
    )
    op.create_index("ix_contact_imports_list", "contact_imports", ["organization_id", "id"])
    op.create_index(
        "ix_contact_imports_working",
        "contact_imports",
        ["updated_at"],
        postgresql_where="state in ('checking', 'queued', 'running')",
    )
    protect("contact_imports")

    op.add_column(
        "contacts",
        sa.Column("sort_name", sa.Text(), sa.Computed("lower(name)", persisted=True), nullable=False),
    )
    op.drop_index("ix_contacts_name_order", "contacts")
    op.create_index(
        "ix_contacts_name_order", "contacts", ["organization_id", "sort_name", "id"], unique=False
    )
    op.create_index(
        "ix_conversations_resolved",
        "conversations",
        ["organization_id", "resolved_at"],
        postgresql_where="resolved_at is not null",
    )


def downgrade():
    op.drop_index("ix_conversations_resolved", "conversations")
    op.drop_index("ix_contacts_name_order", "contacts")
    op.drop_column("contacts", "sort_name")
    op.create_index("ix_contacts_name_order", "contacts", ["organization_id", "name", "id"], unique=False)
    op.drop_table("contact_imports")
