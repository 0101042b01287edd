"""account safety: second factors, password resets, mails, login rules, scopes of API tokens

Revision ID: 0020
Revises: 0019
Create Date: 2026-11-26 06:50:00.000000

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.policies import protect

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())
TABLES = ("second_factors", "recovery_codes", "password_resets", "mails")
AUDIT = {
    "ix_audit_log_day": ("created_at", "id"),
    "ix_audit_log_actor": ("actor_id", "created_at", "id"),
    "ix_audit_log_action": ("action", "created_at", "id"),
    "ix_audit_log_object": ("object_type", "object_id", "created_at", "id"),
}
# With defaults in the database: a process of the version before makes organizations without them.
RULES = (
    sa.Column("second_factor_roles", TEXTS, server_default="{}", nullable=False),
    sa.Column("session_hours", sa.Integer(), server_default="720", nullable=False),
    sa.Column("idle_minutes", sa.Integer(), nullable=True),
    sa.Column("password_minimum", sa.Integer(), server_default="10", nullable=False),
    sa.Column("email_domains", TEXTS, server_default="{}", nullable=False),
    sa.Column("networks", TEXTS, server_default="{}", nullable=False),
)
CHECKS = {
    "session_hours": "session_hours between 1 and 720",
    "idle_minutes": "idle_minutes between 5 and 43200",
    "password_minimum": "password_minimum between 10 and 64",
}


def _columns(table: str) -> list:
    return [
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f(f"fk_{table}_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _of_user(table: str, column: str = "user_id", ondelete: str = "CASCADE"):
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        ["users.organization_id", "users.id"],
        name=op.f(f"fk_{table}_organization_id_{column}"),
        ondelete=ondelete,
    )


def upgrade():
    op.create_table(
        "second_factors",
        *_columns("second_factors"),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=True),
        _of_user("second_factors"),
        sa.UniqueConstraint(
            "organization_id", "user_id", name=op.f("uq_second_factors_organization_id_user_id")
        ),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_second_factors_failures")),
    )
    op.create_table(
        "recovery_codes",
        *_columns("recovery_codes"),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        _of_user("recovery_codes"),
        sa.UniqueConstraint(
            "organization_id",
            "user_id",
            "code_hash",
            name=op.f("uq_recovery_codes_organization_id_user_id_code_hash"),
        ),
    )
    op.create_table(
        "password_resets",
        *_columns("password_resets"),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        _of_user("password_resets"),
        _of_user("password_resets", "made_by", "SET NULL (made_by)"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_resets_token_hash")),
    )
    op.create_index(
        "ix_password_resets_user", "password_resets", ["organization_id", "user_id", "created_at"]
    )
    op.create_table(
        "mails",
        *_columns("mails"),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.CheckConstraint("status in ('queued', 'sent', 'failed')", name=op.f("ck_mails_status")),
    )
    op.create_index("ix_mails_due", "mails", ["due_at"], postgresql_where="status = 'queued'")
    op.create_index("ix_mails_old", "mails", ["organization_id", "created_at"])
    for table in TABLES:
        protect(table)
    for column in RULES:
        op.add_column("organizations", column.copy())
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_organizations_{name}"), "organizations", condition)
    op.add_column("api_tokens", sa.Column("scopes", TEXTS, nullable=True))
    op.add_column("api_tokens", sa.Column("expires_at", MOMENT, nullable=True))
    op.add_column("api_tokens", sa.Column("last_used_ip", sa.String(length=45), nullable=True))
    must_enrol = sa.Column("must_enrol", sa.Boolean(), server_default="false", nullable=False)
    op.add_column("user_sessions", must_enrol)
    op.create_index(
        "ix_user_sessions_user",
        "user_sessions",
        ["organization_id", "user_id"],
        postgresql_where="revoked_at is null",
    )
    for name, columns in AUDIT.items():
        op.create_index(name, "audit_log", ["organization_id", *columns])


def downgrade():
    for name in AUDIT:
        op.drop_index(name, "audit_log")
    op.drop_index("ix_user_sessions_user", "user_sessions")
    op.drop_column("user_sessions", "must_enrol")
    for name in ("last_used_ip", "expires_at", "scopes"):
        op.drop_column("api_tokens", name)
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_organizations_{name}"), "organizations")
    for column in RULES:
        op.drop_column("organizations", column.name)
    for table in reversed(TABLES):
        op.drop_table(table)
