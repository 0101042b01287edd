"""pipelines: boards, stages, history of cards, automation runs, saved views

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-26 03:31:38.083141

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("pipelines", "pipeline_stages", "pipeline_views", "pipeline_stage_history", "pipeline_runs")


def upgrade():
    op.create_table(
        "pipelines",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("icon", sa.String(length=50), nullable=True),
        sa.Column("color", sa.String(length=7), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("hide_resolved", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("not is_default or archived_at is null", name=op.f("ck_pipelines_default")),
        sa.ForeignKeyConstraint(
            ["organization_id", "created_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_pipelines_organization_id_created_by"),
            ondelete="SET NULL (created_by)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_pipelines_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipelines")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_pipelines_organization_id_id")),
    )
    with op.batch_alter_table("pipelines", schema=None) as batch_op:
        batch_op.create_index("ix_pipelines_list", ["organization_id", "position", "id"], unique=False)
        batch_op.create_index(
            "uq_pipelines_default",
            ["organization_id"],
            unique=True,
            postgresql_where="is_default and archived_at is null",
        )

    op.create_table(
        "pipeline_stages",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("pipeline_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("icon", sa.String(length=50), nullable=True),
        sa.Column("color", sa.String(length=7), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("is_closed_stage", sa.Boolean(), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=True),
        sa.Column("stuck_after_hours", sa.Integer(), nullable=True),
        sa.Column("wip_limit", sa.Integer(), nullable=True),
        sa.Column("wip_hard", sa.Boolean(), nullable=False),
        sa.Column("automation_actions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("is_closed_stage = (kind <> 'open')", name=op.f("ck_pipeline_stages_closed")),
        sa.CheckConstraint("kind in ('open', 'won', 'lost')", name=op.f("ck_pipeline_stages_kind")),
        sa.CheckConstraint("probability between 0 and 100", name=op.f("ck_pipeline_stages_probability")),
        sa.CheckConstraint("stuck_after_hours > 0", name=op.f("ck_pipeline_stages_stuck")),
        sa.CheckConstraint("wip_limit > 0", name=op.f("ck_pipeline_stages_wip_limit")),
        sa.ForeignKeyConstraint(
            ["organization_id", "pipeline_id"],
            ["pipelines.organization_id", "pipelines.id"],
            name=op.f("fk_pipeline_stages_organization_id_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_pipeline_stages_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_stages")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_pipeline_stages_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id",
            "pipeline_id",
            "id",
            name=op.f("uq_pipeline_stages_organization_id_pipeline_id_id"),
        ),
    )
    with op.batch_alter_table("pipeline_stages", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pipeline_stages_position", ["organization_id", "pipeline_id", "position", "id"], unique=False
        )

    op.create_table(
        "pipeline_views",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("pipeline_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "pipeline_id"],
            ["pipelines.organization_id", "pipelines.id"],
            name=op.f("fk_pipeline_views_organization_id_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_pipeline_views_organization_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_pipeline_views_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_views")),
    )
    with op.batch_alter_table("pipeline_views", schema=None) as batch_op:
        batch_op.create_index(
            "uq_pipeline_views_name",
            ["user_id", "pipeline_id", sa.literal_column("lower(name)")],
            unique=True,
        )

    op.create_table(
        "pipeline_stage_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("pipeline_id", sa.Integer(), nullable=False),
        sa.Column("from_stage_id", sa.Integer(), nullable=True),
        sa.Column("to_stage_id", sa.Integer(), nullable=True),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("actor_type", sa.String(length=10), nullable=False),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "actor_type in ('agent', 'automation', 'api', 'bot', 'system')",
            name=op.f("ck_pipeline_stage_history_actor"),
        ),
        sa.CheckConstraint("duration_seconds >= 0", name=op.f("ck_pipeline_stage_history_duration")),
        sa.CheckConstraint(
            "from_stage_id is not null or to_stage_id is not null",
            name=op.f("ck_pipeline_stage_history_stages"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "changed_by"],
            ["users.organization_id", "users.id"],
            name=op.f("fk_pipeline_stage_history_organization_id_changed_by"),
            ondelete="SET NULL (changed_by)",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_pipeline_stage_history_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "from_stage_id"],
            ["pipeline_stages.organization_id", "pipeline_stages.id"],
            name=op.f("fk_pipeline_stage_history_organization_id_from_stage_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "pipeline_id"],
            ["pipelines.organization_id", "pipelines.id"],
            name=op.f("fk_pipeline_stage_history_organization_id_pipeline_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "to_stage_id"],
            ["pipeline_stages.organization_id", "pipeline_stages.id"],
            name=op.f("fk_pipeline_stage_history_organization_id_to_stage_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_pipeline_stage_history_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_stage_history")),
        sa.UniqueConstraint(
            "organization_id", "id", name=op.f("uq_pipeline_stage_history_organization_id_id")
        ),
    )
    with op.batch_alter_table("pipeline_stage_history", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pipeline_stage_history_card", ["organization_id", "conversation_id", "id"], unique=False
        )
        batch_op.create_index(
            "ix_pipeline_stage_history_created",
            ["organization_id", "pipeline_id", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_pipeline_stage_history_pipeline",
            ["organization_id", "pipeline_id", "conversation_id", "id"],
            unique=False,
        )

    op.create_table(
        "pipeline_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("stage_id", sa.Integer(), nullable=False),
        sa.Column("history_id", sa.BigInteger(), nullable=False),
        sa.Column("rule_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("rule", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state in ('pending', 'running', 'done', 'failed', 'skipped', 'stopped', 'cancelled')",
            name=op.f("ck_pipeline_runs_state"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "conversation_id"],
            ["conversations.organization_id", "conversations.id"],
            name=op.f("fk_pipeline_runs_organization_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "history_id"],
            ["pipeline_stage_history.organization_id", "pipeline_stage_history.id"],
            name=op.f("fk_pipeline_runs_organization_id_history_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "stage_id"],
            ["pipeline_stages.organization_id", "pipeline_stages.id"],
            name=op.f("fk_pipeline_runs_organization_id_stage_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_pipeline_runs_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipeline_runs")),
        sa.UniqueConstraint("history_id", "rule_id", name=op.f("uq_pipeline_runs_history_id_rule_id")),
    )
    with op.batch_alter_table("pipeline_runs", schema=None) as batch_op:
        batch_op.create_index(
            "ix_pipeline_runs_card", ["organization_id", "conversation_id", "id"], unique=False
        )
        batch_op.create_index(
            "ix_pipeline_runs_due",
            ["due_at"],
            unique=False,
            postgresql_where="state in ('pending', 'running')",
        )
        batch_op.create_index(
            "ix_pipeline_runs_stage", ["organization_id", "stage_id", "rule_id", "id"], unique=False
        )

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pipeline_position", sa.Text(collation="C"), nullable=True))
        batch_op.add_column(sa.Column("pipeline_version", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("stage_changed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("deal_value", sa.Numeric(precision=15, scale=2), nullable=True))
        batch_op.add_column(sa.Column("lost_reason", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_conversations_pipeline",
            ["organization_id", "pipeline_id", "pipeline_stage_id", "pipeline_position", "id"],
            unique=False,
            postgresql_where="pipeline_stage_id is not null",
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_conversations_organization_id_pipeline_id_pipeline_stage_id"),
            "pipeline_stages",
            ["organization_id", "pipeline_id", "pipeline_stage_id"],
            ["organization_id", "pipeline_id", "id"],
            ondelete="SET NULL (pipeline_id, pipeline_stage_id)",
        )
        batch_op.create_check_constraint(
            op.f("ck_conversations_pipeline"), "(pipeline_id is null) = (pipeline_stage_id is null)"
        )
        batch_op.create_check_constraint(op.f("ck_conversations_deal_value"), "deal_value >= 0")
    for table in TABLES:
        protect(table)


def downgrade():
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_conversations_deal_value"))
        batch_op.drop_constraint(op.f("ck_conversations_pipeline"))
        batch_op.drop_constraint(
            batch_op.f("fk_conversations_organization_id_pipeline_id_pipeline_stage_id"), type_="foreignkey"
        )
        batch_op.drop_index("ix_conversations_pipeline", postgresql_where="pipeline_stage_id is not null")
        batch_op.drop_column("closed_at")
        batch_op.drop_column("lost_reason")
        batch_op.drop_column("deal_value")
        batch_op.drop_column("stage_changed_at")
        batch_op.drop_column("pipeline_version")
        batch_op.drop_column("pipeline_position")

    with op.batch_alter_table("pipeline_runs", schema=None) as batch_op:
        batch_op.drop_index("ix_pipeline_runs_stage")
        batch_op.drop_index("ix_pipeline_runs_due", postgresql_where="state in ('pending', 'running')")
        batch_op.drop_index("ix_pipeline_runs_card")

    op.drop_table("pipeline_runs")
    with op.batch_alter_table("pipeline_stage_history", schema=None) as batch_op:
        batch_op.drop_index("ix_pipeline_stage_history_pipeline")
        batch_op.drop_index("ix_pipeline_stage_history_created")
        batch_op.drop_index("ix_pipeline_stage_history_card")

    op.drop_table("pipeline_stage_history")
    with op.batch_alter_table("pipeline_views", schema=None) as batch_op:
        batch_op.drop_index("uq_pipeline_views_name")

    op.drop_table("pipeline_views")
    with op.batch_alter_table("pipeline_stages", schema=None) as batch_op:
        batch_op.drop_index("ix_pipeline_stages_position")

    op.drop_table("pipeline_stages")
    with op.batch_alter_table("pipelines", schema=None) as batch_op:
        batch_op.drop_index("uq_pipelines_default", postgresql_where="is_default and archived_at is null")
        batch_op.drop_index("ix_pipelines_list")

    op.drop_table("pipelines")
