"""Retention, exports, and an organization that is to be deleted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import APP, protect

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _organization(table: str):
    return sa.ForeignKeyConstraint(
        ["organization_id"],
        ["organizations.id"],
        name=op.f(f"fk_{table}_organization_id"),
        ondelete="CASCADE",
    )


def upgrade():
    op.add_column("organizations", sa.Column("deletion_due_at", MOMENT, nullable=True))
    op.create_table(
        "retention_settings",
        sa.Column("organization_id", sa.Integer(), autoincrement=False, nullable=False),
        *(
            sa.Column(f"{name}_days", sa.Integer(), nullable=True)
            for name in ("messages", "media", "events", "audit", "exports")
        ),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "least(messages_days, media_days, audit_days) >= 30",
            name=op.f("ck_retention_settings_long_enough"),
        ),
        sa.CheckConstraint(
            "events_days >= 8 and exports_days >= 1", name=op.f("ck_retention_settings_events_repeat")
        ),
        _organization("retention_settings"),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_retention_settings")),
    )
    op.create_table(
        "data_exports",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("file_key", sa.String(length=100), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("counts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed')", name=op.f("ck_data_exports_state")
        ),
        _organization("data_exports"),
        sa.ForeignKeyConstraint(
            ["organization_id", "contact_id"],
            ["contacts.organization_id", "contacts.id"],
            name=op.f("fk_data_exports_organization_id_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_data_exports_organization_id_created_by"),
            ondelete="SET NULL (created_by)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_exports")),
    )
    op.create_index("ix_data_exports_list", "data_exports", ["organization_id", "id"])
    op.create_index(
        "ix_data_exports_working",
        "data_exports",
        ["updated_at"],
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    for table in ("retention_settings", "data_exports"):
        protect(table)
    # Old lines of the audit log may be deleted (retention), young ones never
    op.execute(f"grant delete on audit_log to {APP}")
    op.execute(
        "create policy old_lines_only on audit_log as restrictive for delete "
        f"to {APP} using (created_at < now() - interval '30 days')"
    )


def downgrade():
    op.execute("drop policy old_lines_only on audit_log")
    op.execute(f"revoke delete on audit_log from {APP}")
    op.drop_table("data_exports")
    op.drop_table("retention_settings")
    op.drop_column("organizations", "deletion_due_at")
