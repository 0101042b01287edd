"""Imports of contacts from files: what was uploaded, how its columns are read, how far it is."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from cloudchat.extensions import Timestamps, db, primary_key
from cloudchat.models.users import User
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

IMPORT_STATES = ("checking", "draft", "queued", "running", "done", "failed", "cancelled")
WORKING = ("checking", "queued", "running")  # a job has to go on with these


class ContactImport(Timestamps, TenantScoped, db.Model):
    """One uploaded file. `position` counts the rows that are dealt with for good: a batch and its
    new position are one transaction, so whoever goes on after a crash starts exactly there.

    `mapping` is `{"has_header", "columns": [{"header", "target"}]}`; `preview` what the check found;
    `errors` `{"items": [[line, code, column, value], …]}`. `updated_at` is also a sign of life.
    """

    __tablename__ = "contact_imports"
    __table_args__ = (
        organization_fk(),
        tenant_fk("created_by", "users", "SET NULL"),
        Index("ix_contact_imports_list", "organization_id", "id"),
        Index(
            "ix_contact_imports_working",
            "updated_at",
            postgresql_where="state in ('checking', 'queued', 'running')",
        ),
        CheckConstraint(
            "state in ('checking', 'draft', 'queued', 'running', 'done', 'failed', 'cancelled')",
            name="state",
        ),
    )

    id: Mapped[int] = primary_key()
    created_by: Mapped[int | None]
    filename: Mapped[str] = mapped_column(String(255))
    file_key: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(10), default="checking")
    mapping: Mapped[dict[str, Any]]
    preview: Mapped[dict[str, Any]] = mapped_column(default=dict)
    errors: Mapped[dict[str, Any]] = mapped_column(default=dict)
    total: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
    created_count: Mapped[int] = mapped_column(default=0)
    updated_count: Mapped[int] = mapped_column(default=0)
    skipped_count: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(60))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    author: Mapped[User | None] = relationship(
        primaryjoin=lambda: foreign(ContactImport.created_by) == User.id, viewonly=True
    )

    def __str__(self) -> str:
        return self.filename

    @property
    def is_working(self) -> bool:
        return self.state in WORKING
