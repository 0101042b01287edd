"""Templates: Meta's with their fetching, and our own message templates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = ("meta_templates", "meta_template_syncs", "message_templates")


def upgrade():
    op.create_table(
        "meta_template_syncs",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("waba_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("succeeded_at", MOMENT, nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("vanished", sa.Integer(), nullable=False),
        sa.Column("error", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'done', 'failed')", name=op.f("ck_meta_template_syncs_state")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_meta_template_syncs_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meta_template_syncs")),
        sa.UniqueConstraint(
            "organization_id", "waba_id", name=op.f("uq_meta_template_syncs_organization_id_waba_id")
        ),
    )
    op.create_index(
        "ix_meta_template_syncs_due",
        "meta_template_syncs",
        ["updated_at"],
        unique=False,
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.create_table(
        "message_templates",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("device_type", sa.String(length=20), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "device_type is null or device_type in ('wa_official', 'wa_device', 'telegram', 'messenger', 'webchat')",
            name=op.f("ck_message_templates_device_type"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_message_templates_organization_id_created_by"),
            ondelete="SET NULL (created_by)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_message_templates_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_templates")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_message_templates_organization_id_id")),
    )
    op.create_index(
        "uq_message_templates_name",
        "message_templates",
        ["organization_id", sa.literal_column("lower(name)")],
        unique=True,
    )
    op.create_table(
        "meta_templates",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("waba_id", sa.String(length=32), nullable=False),
        sa.Column("meta_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("requested_category", sa.String(length=30), nullable=True),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("quality", sa.String(length=20), nullable=True),
        sa.Column("rejected_reason", sa.String(length=100), nullable=True),
        sa.Column("rejection_details", sa.Text(), nullable=True),
        sa.Column("parameter_format", sa.String(length=12), nullable=False),
        sa.Column("components", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("event_at", MOMENT, nullable=True),
        sa.Column("last_synced_at", MOMENT, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "parameter_format in ('POSITIONAL', 'NAMED')", name=op.f("ck_meta_templates_parameter_format")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_meta_templates_organization_id_created_by"),
            ondelete="SET NULL (created_by)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "device_id"],
            ["devices.organization_id", "devices.id"],
            name=op.f("fk_meta_templates_organization_id_device_id"),
            ondelete="SET NULL (device_id)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_meta_templates_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meta_templates")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_meta_templates_organization_id_id")),
    )
    op.create_index("idx_meta_templates_device", "meta_templates", ["device_id"], unique=False)
    op.create_index("idx_meta_templates_waba", "meta_templates", ["waba_id"], unique=False)
    op.create_index(
        "ix_meta_templates_list",
        "meta_templates",
        ["organization_id", "name", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index(
        "ix_meta_templates_open",
        "meta_templates",
        ["organization_id", "waba_id"],
        unique=False,
        postgresql_where=sa.text(
            "deleted_at is null and status in ('SUBMITTING', 'PENDING', 'IN_APPEAL', 'PENDING_DELETION')"
        ),
    )
    op.create_index(
        "uq_meta_templates_identity",
        "meta_templates",
        ["organization_id", "waba_id", "name", "language"],
        unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )
    for table in TABLES:
        protect(table)


def downgrade():
    for table in reversed(TABLES):
        op.drop_table(table)
