"""The division queue: who waits, its settings, the menus that were sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NUMBERS = postgresql.ARRAY(sa.Integer())
TABLES = ("queue_settings", "chat_queues", "division_choices")
# What divisions of before get.
DIVISION_COLUMNS = (
    ("keyword_triggers", postgresql.ARRAY(sa.String(50)), "{}"),
    ("avg_handling_time_minutes", sa.Integer(), "10"),
    ("show_wait_time", sa.Boolean(), "false"),
    ("auto_detect_keywords", sa.Boolean(), "false"),
)


def upgrade():
    op.create_table(
        "queue_settings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("routing_order", sa.String(length=20), nullable=False),
        sa.Column("welcome_message", sa.Text(), nullable=False),
        sa.Column("queue_message_template", sa.Text(), nullable=False),
        sa.Column("check_queue_keyword", sa.String(length=10), nullable=False),
        sa.Column("check_queue_with_text", sa.Boolean(), nullable=False),
        sa.Column("queue_position_message", sa.Text(), nullable=False),
        sa.Column("no_agent_available_message", sa.Text(), nullable=False),
        sa.Column("assigned_message", sa.Text(), nullable=False),
        sa.Column("invalid_choice_message", sa.Text(), nullable=False),
        sa.Column("human_message", sa.Text(), nullable=False),
        sa.Column("menu_button", sa.String(length=20), nullable=False),
        sa.Column("suggestion_message", sa.Text(), nullable=False),
        sa.Column("offer_last_division", sa.Boolean(), nullable=False),
        sa.Column("last_division_message", sa.Text(), nullable=False),
        sa.Column("moved_up_enabled", sa.Boolean(), nullable=False),
        sa.Column("moved_up_message", sa.Text(), nullable=False),
        sa.Column("leave_keyword", sa.String(length=20), nullable=False),
        sa.Column("leave_message", sa.Text(), nullable=False),
        sa.Column("division_closed_message", sa.Text(), nullable=False),
        sa.Column("silent_agent_minutes", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "routing_order in ('queue_first', 'bot_first')", name=op.f("ck_queue_settings_routing_order")
        ),
        sa.CheckConstraint(
            "silent_agent_minutes between 0 and 1440", name=op.f("ck_queue_settings_silent_agent_minutes")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_queue_settings_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_settings")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_queue_settings_organization_id")),
    )
    op.create_table(
        "chat_queues",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("division_id", sa.Integer(), nullable=False),
        sa.Column("queue_number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("assigned_agent_id", sa.Integer(), nullable=True),
        sa.Column("assigned_at", MOMENT, nullable=True),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("announced_at", MOMENT, nullable=True),
        sa.Column("told_position", sa.Integer(), nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("told_times", sa.Integer(), nullable=False),
        sa.Column("estimated_minutes", sa.Integer(), nullable=True),
        sa.Column("wait_seconds", sa.Integer(), nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("end_reason", sa.String(length=20), nullable=True),
        sa.Column("passed_agent_ids", NUMBERS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'assigned') = (assigned_at is not null)", name=op.f("ck_chat_queues_assigned")
        ),
        sa.CheckConstraint("status <> 'waiting' or finished_at is null", name=op.f("ck_chat_queues_waiting")),
        sa.CheckConstraint(
            "status in ('waiting', 'assigned', 'cancelled')", name=op.f("ck_chat_queues_status")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "assigned_agent_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_chat_queues_organization_id_assigned_agent_id"),
            ondelete="SET NULL (assigned_agent_id)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_chat_queues_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "division_id"],
            ["divisions.organization_id", "divisions.id"],
            name=op.f("fk_chat_queues_organization_id_division_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_chat_queues_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_queues")),
    )
    op.create_index(
        "idx_chat_queues_conversation",
        "chat_queues",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("idx_chat_queues_created", "chat_queues", ["created_at"], unique=False)
    op.create_index(
        "idx_chat_queues_org_division",
        "chat_queues",
        ["organization_id", "division_id", "status"],
        unique=False,
    )
    op.create_index(
        "ix_chat_queues_history", "chat_queues", ["organization_id", "conversation_id", "id"], unique=False
    )
    op.create_index(
        "ix_chat_queues_line",
        "chat_queues",
        ["organization_id", "division_id", "entered_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "ix_chat_queues_served",
        "chat_queues",
        ["organization_id", "division_id", "assigned_at"],
        unique=False,
        postgresql_where=sa.text("status = 'assigned'"),
    )
    op.create_index(
        "ix_chat_queues_ticket",
        "chat_queues",
        ["organization_id", "division_id", "queue_number"],
        unique=False,
    )
    op.create_index(
        "uq_chat_queues_live",
        "chat_queues",
        ["conversation_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'cancelled' and finished_at is null"),
    )
    op.create_table(
        "division_choices",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("division_ids", NUMBERS, nullable=False),
        sa.Column("suggested_division_id", sa.Integer(), nullable=True),
        sa.Column("closed_division", sa.String(length=255), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("wrong_answers", sa.Integer(), nullable=False),
        sa.Column("given_up", sa.Boolean(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_division_choices_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_division_choices_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_division_choices")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_division_choices_conversation_id")),
    )
    op.create_index(
        "ix_division_choices_owed",
        "division_choices",
        ["organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("asked_at is null"),
    )
    op.create_index("idx_divisions_org", "divisions", ["organization_id", "position", "id"], unique=False)
    op.add_column("users", sa.Column("last_assigned_at", MOMENT, nullable=True))
    for name, kind, default in DIVISION_COLUMNS:
        op.add_column("divisions", sa.Column(name, kind, nullable=False, server_default=default))
        op.alter_column("divisions", name, server_default=None)
    op.create_check_constraint(
        op.f("ck_divisions_avg_handling_time"), "divisions", "avg_handling_time_minutes between 1 and 1440"
    )
    for table in TABLES:
        protect(table)


def downgrade():
    op.drop_column("users", "last_assigned_at")
    op.drop_index("idx_divisions_org", "divisions")
    for name, _, _ in reversed(DIVISION_COLUMNS):
        op.drop_column("divisions", name)
    for table in reversed(TABLES):
        op.drop_table(table)
