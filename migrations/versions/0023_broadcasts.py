"""Broadcasts, their recipients, opt-outs; a trigger carries a message's status to its recipient."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = ("broadcast_settings", "broadcast_opt_outs", "broadcasts", "broadcast_recipients")

# Statuses change in many statements (calls that end, receipts, a person's word); one place sees all.
FOLLOW = """
    create function broadcast_follow_message() returns trigger language plpgsql as $$
    begin
        update broadcast_recipients r set
            status = new.status,
            error = new.error,
            status_at = now(),
            sent_at = case
                when new.status in ('sent', 'delivered', 'read') then coalesce(r.sent_at, now())
                else r.sent_at
            end
        where r.organization_id = new.organization_id and r.message_id = new.id;
        return null;
    end $$
"""
TRIGGER = """
    create trigger broadcast_follow_message after update of status on messages for each row
    when (old.status is distinct from new.status and new.payload ? 'broadcast_id')
    execute function broadcast_follow_message()
"""


def upgrade():
    op.create_table(
        "broadcast_settings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("opt_out_words", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_broadcast_settings_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_settings")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_broadcast_settings_organization_id")),
    )
    op.create_table(
        "broadcast_opt_outs",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("word", sa.String(length=60), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "source in ('word', 'agent', 'provider')", name=op.f("ck_broadcast_opt_outs_source")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "contact_id"],
            ["contacts.organization_id", "contacts.id"],
            name=op.f("fk_broadcast_opt_outs_organization_id_contact_id"),
            ondelete="SET NULL (contact_id)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_broadcast_opt_outs_organization_id_created_by"),
            ondelete="SET NULL (created_by)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_broadcast_opt_outs_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_opt_outs")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_broadcast_opt_outs_organization_id_key")),
    )
    op.create_index(
        "ix_broadcast_opt_outs_contact", "broadcast_opt_outs", ["organization_id", "contact_id"], unique=False
    )

    op.create_table(
        "broadcasts",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("template_name", sa.String(length=512), nullable=False),
        sa.Column("audience", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("variables", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("pause_reason", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("scheduled_at", MOMENT, nullable=True),
        sa.Column("quiet_start", sa.String(length=5), nullable=True),
        sa.Column("quiet_end", sa.String(length=5), nullable=True),
        sa.Column("file_key", sa.String(length=100), nullable=True),
        sa.Column("position", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("prepared_at", MOMENT, nullable=True),
        sa.Column("opted_out_count", sa.Integer(), nullable=False),
        sa.Column("duplicate_count", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("resumed_at", MOMENT, nullable=True),
        sa.Column("fed_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status in ('draft', 'scheduled', 'running', 'paused', 'completed', 'cancelled')",
            name=op.f("ck_broadcasts_status"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_broadcasts_organization_id_created_by"),
            ondelete="SET NULL (created_by)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "device_id"],
            ["devices.organization_id", "devices.id"],
            name=op.f("fk_broadcasts_organization_id_device_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_broadcasts_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_broadcasts_organization_id_id")),
    )
    op.create_index(
        "ix_broadcasts_running",
        "broadcasts",
        ["device_id", "id"],
        unique=False,
        postgresql_where="status = 'running'",
    )
    op.create_index(
        "ix_broadcasts_scheduled",
        "broadcasts",
        ["scheduled_at"],
        unique=False,
        postgresql_where="status = 'scheduled'",
    )
    op.create_index(
        "ix_broadcasts_unprepared",
        "broadcasts",
        ["updated_at"],
        unique=False,
        postgresql_where="prepared_at is null and status in ('draft', 'scheduled', 'running', 'paused')",
    )

    op.create_table(
        "broadcast_recipients",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("broadcast_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("variables", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("error", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("conversation_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("status_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("replied_at", MOMENT, nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status in ('queued', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled')",
            name=op.f("ck_broadcast_recipients_status"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "broadcast_id"],
            ["broadcasts.organization_id", "broadcasts.id"],
            name=op.f("fk_broadcast_recipients_organization_id_broadcast_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "contact_id"],
            ["contacts.organization_id", "contacts.id"],
            name=op.f("fk_broadcast_recipients_organization_id_contact_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_recipients")),
        sa.UniqueConstraint("broadcast_id", "key", name=op.f("uq_broadcast_recipients_broadcast_id_key")),
    )
    op.create_index(
        "ix_broadcast_recipients_contact",
        "broadcast_recipients",
        ["organization_id", "contact_id"],
        unique=False,
    )
    op.create_index(
        "ix_broadcast_recipients_failed",
        "broadcast_recipients",
        ["broadcast_id", "status_at"],
        unique=False,
        postgresql_where="status = 'failed'",
    )
    op.create_index(
        "ix_broadcast_recipients_list", "broadcast_recipients", ["broadcast_id", "id"], unique=False
    )
    op.create_index(
        "ix_broadcast_recipients_status",
        "broadcast_recipients",
        ["broadcast_id", "status", "id"],
        unique=False,
    )
    op.create_index(
        "ix_broadcast_recipients_replied",
        "broadcast_recipients",
        ["broadcast_id", "id"],
        unique=False,
        postgresql_where="replied_at is not null",
    )
    op.create_index(
        "ix_broadcast_recipients_sent",
        "broadcast_recipients",
        ["broadcast_id", "sent_at"],
        unique=False,
        postgresql_where="sent_at is not null",
    )
    op.create_index(
        "ix_broadcast_recipients_unanswered",
        "broadcast_recipients",
        ["conversation_id"],
        unique=False,
        postgresql_where="replied_at is null and conversation_id is not null",
    )
    op.create_index(
        "ix_broadcast_recipients_waiting",
        "broadcast_recipients",
        ["broadcast_id", "id"],
        unique=False,
        postgresql_where="status = 'queued' and message_id is null",
    )
    op.create_index(
        "uq_broadcast_recipients_message",
        "broadcast_recipients",
        ["message_id"],
        unique=True,
        postgresql_where="message_id is not null",
    )
    for table in TABLES:
        protect(table)
    op.execute(FOLLOW)
    op.execute(TRIGGER)


def downgrade():
    op.execute("drop trigger broadcast_follow_message on messages")
    op.execute("drop function broadcast_follow_message()")
    for table in reversed(TABLES):
        op.drop_table(table)
