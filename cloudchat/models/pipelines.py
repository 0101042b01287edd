"""Pipelines, their stages, the history of cards, and what stage automation has done or will do.

A card is a conversation: the columns that place it on a board stand in `models/conversations.py`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

STAGE_KINDS = ("open", "won", "lost")
RUN_STATES = ("pending", "running", "done", "failed", "skipped", "stopped", "cancelled")


class Pipeline(Timestamps, TenantScoped, db.Model):
    """A ladder of stages that conversations climb. Archived instead of deleted: analytics need it.

    `takes_new`: new conversations come to its first stage by themselves.
    """

    __tablename__ = "pipelines"
    __table_args__ = (
        organization_fk(),
        tenant_fk("created_by", "users", "SET NULL"),
        UniqueConstraint("organization_id", "id"),
        Index("ix_pipelines_list", "organization_id", "position", "id"),
        Index(
            "uq_pipelines_default",
            "organization_id",
            unique=True,
            postgresql_where="is_default and archived_at is null",
        ),
        Index("uq_pipelines_takes_new", "organization_id", unique=True, postgresql_where="takes_new"),
        CheckConstraint("not is_default or archived_at is null", name="default"),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    icon: Mapped[str | None] = mapped_column(String(50))
    color: Mapped[str | None] = mapped_column(String(7))
    currency: Mapped[str] = mapped_column(String(3), default="IDR")
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    hide_resolved: Mapped[bool] = mapped_column(default=False)
    takes_new: Mapped[bool] = mapped_column(default=False, server_default=db.text("false"))
    position: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int | None]
    archived_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return self.name


class PipelineStage(Timestamps, TenantScoped, db.Model):
    """A column of the board. `is_closed_stage` is the plan's column; it always follows `kind`."""

    __tablename__ = "pipeline_stages"
    __table_args__ = (
        organization_fk(),
        tenant_fk("pipeline_id", "pipelines"),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "pipeline_id", "id"),
        Index("ix_pipeline_stages_position", "organization_id", "pipeline_id", "position", "id"),
        CheckConstraint("kind in ('open', 'won', 'lost')", name="kind"),
        CheckConstraint("is_closed_stage = (kind <> 'open')", name="closed"),
        CheckConstraint("wip_limit > 0", name="wip_limit"),
        CheckConstraint("probability between 0 and 100", name="probability"),
        CheckConstraint("stuck_after_hours > 0", name="stuck"),
    )

    id: Mapped[int] = primary_key()
    pipeline_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    icon: Mapped[str | None] = mapped_column(String(50))
    color: Mapped[str | None] = mapped_column(String(7))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(4), default="open")
    is_closed_stage: Mapped[bool] = mapped_column(default=False)
    probability: Mapped[int | None]
    stuck_after_hours: Mapped[int | None]
    wip_limit: Mapped[int | None]
    wip_hard: Mapped[bool] = mapped_column(default=False)
    automation_actions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    archived_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return self.name


class PipelineStageHistory(TenantScoped, db.Model):
    """A card came, moved or left. An entry has no `from_stage_id`, an exit no `to_stage_id`.

    `duration_seconds` is the time in the stage that it left; `assignee_id` whose card it was then.
    `depth` counts how many automatic moves led here since a person's.
    """

    __tablename__ = "pipeline_stage_history"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("pipeline_id", "pipelines"),
        tenant_fk("from_stage_id", "pipeline_stages"),
        tenant_fk("to_stage_id", "pipeline_stages"),
        tenant_fk("changed_by", "users", "SET NULL"),
        UniqueConstraint("organization_id", "id"),
        Index("ix_pipeline_stage_history_card", "organization_id", "conversation_id", "id"),
        Index(
            "ix_pipeline_stage_history_pipeline", "organization_id", "pipeline_id", "conversation_id", "id"
        ),
        Index("ix_pipeline_stage_history_created", "organization_id", "pipeline_id", "created_at"),
        CheckConstraint("actor_type in ('agent', 'automation', 'api', 'bot', 'system')", name="actor"),
        CheckConstraint("duration_seconds >= 0", name="duration"),
        CheckConstraint("from_stage_id is not null or to_stage_id is not null", name="stages"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[int]
    pipeline_id: Mapped[int]
    from_stage_id: Mapped[int | None]
    to_stage_id: Mapped[int | None]
    changed_by: Mapped[int | None]
    actor_type: Mapped[str] = mapped_column(String(10), default="agent")
    assignee_id: Mapped[int | None]
    duration_seconds: Mapped[int | None]
    depth: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


class PipelineRun(TenantScoped, db.Model):
    """One rule for one entry or exit of one card: planned, done, or why not. Each happens once.

    The row is written in the transaction of the move; the job that does it may run twice.
    """

    __tablename__ = "pipeline_runs"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("stage_id", "pipeline_stages"),
        tenant_fk("history_id", "pipeline_stage_history"),
        UniqueConstraint("history_id", "rule_id"),
        Index("ix_pipeline_runs_due", "due_at", postgresql_where="state in ('pending', 'running')"),
        Index("ix_pipeline_runs_card", "organization_id", "conversation_id", "id"),
        Index("ix_pipeline_runs_stage", "organization_id", "stage_id", "rule_id", "id"),
        CheckConstraint(
            "state in ('pending', 'running', 'done', 'failed', 'skipped', 'stopped', 'cancelled')",
            name="state",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[int]
    stage_id: Mapped[int]
    history_id: Mapped[int] = mapped_column(BigInteger)
    rule_id: Mapped[str] = mapped_column(String(32))
    place: Mapped[int] = mapped_column(default=0)
    rule: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="pending")
    due_at: Mapped[datetime] = mapped_column(default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class PipelineView(TenantScoped, db.Model):
    """A board's filter that a user keeps under a name."""

    __tablename__ = "pipeline_views"
    __table_args__ = (
        organization_fk(),
        tenant_fk("pipeline_id", "pipelines"),
        tenant_fk("user_id", "users"),
        Index("uq_pipeline_views_name", "user_id", "pipeline_id", db.text("lower(name)"), unique=True),
    )

    id: Mapped[int] = primary_key()
    pipeline_id: Mapped[int]
    user_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)
