"""Outgoing webhooks: addresses, deliveries, tries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

JSONB = postgresql.JSONB(none_as_null=True, astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)
TABLES = ("webhooks", "webhook_deliveries", "webhook_tries")


def _to(table: str, columns: list[str], target: str, names: list[str], ondelete: str = "CASCADE"):
    return sa.ForeignKeyConstraint(
        columns,
        [f"{target}.{name}" for name in names],
        name=op.f(f"fk_{table}_{'_'.join(columns)}"),
        ondelete=ondelete,
    )


def upgrade():
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("description", sa.String(length=100), nullable=False),
        sa.Column("events", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("off_reason", sa.String(length=20), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("held_until", MOMENT, nullable=True),
        sa.Column("last_success_at", MOMENT, nullable=True),
        sa.Column("last_failure_at", MOMENT, nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        _to("webhooks", ["organization_id"], "organizations", ["id"]),
        _to(
            "webhooks",
            ["organization_id", "created_by"],
            "users",
            ["organization_id", "id"],
            "SET NULL (created_by)",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_webhooks_organization_id_id")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("replay_of", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state in ('pending', 'done', 'failed')", name=op.f("ck_webhook_deliveries_state")
        ),
        sa.CheckConstraint(
            "(webhook_id is null) <> (run_id is null)", name=op.f("ck_webhook_deliveries_owner")
        ),
        _to("webhook_deliveries", ["organization_id"], "organizations", ["id"]),
        _to(
            "webhook_deliveries",
            ["organization_id", "webhook_id"],
            "webhooks",
            ["organization_id", "id"],
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_webhook_deliveries_organization_id_id")),
        sa.UniqueConstraint("run_id", name=op.f("uq_webhook_deliveries_run_id")),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["next_attempt_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["organization_id", "webhook_id", "next_attempt_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_webhook_deliveries_log", "webhook_deliveries", ["organization_id", "webhook_id", "id"]
    )
    op.create_index(
        "ix_webhook_deliveries_contact",
        "webhook_deliveries",
        ["organization_id", "contact_id"],
        postgresql_where=sa.text("contact_id is not null"),
    )
    op.create_index("ix_webhook_deliveries_age", "webhook_deliveries", ["organization_id", "created_at"])
    op.create_table(
        "webhook_tries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        _to(
            "webhook_tries",
            ["organization_id", "delivery_id"],
            "webhook_deliveries",
            ["organization_id", "id"],
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_tries")),
    )
    op.create_index("ix_webhook_tries_delivery", "webhook_tries", ["organization_id", "delivery_id", "id"])
    for table in TABLES:
        protect(table)


def downgrade():
    for table in reversed(TABLES):
        op.drop_table(table)
