"""What keeps accounts safe: second factors, ways back in, and the mails that tell of them."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class SecondFactor(TenantScoped, db.Model):
    """A user's authenticator app. Until it is confirmed by a code it is asked of nobody.

    `last_step` is the 30-second step of the code used last: no code is good twice.
    """

    __tablename__ = "second_factors"
    __table_args__ = (
        organization_fk(),
        tenant_fk("user_id", "users"),
        UniqueConstraint("organization_id", "user_id"),
        CheckConstraint("failures >= 0", name="failures"),
    )

    id: Mapped[int] = primary_key()
    user_id: Mapped[int]
    secret: Mapped[str]  # sealed
    created_at: Mapped[datetime] = mapped_column(default=now)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    failures: Mapped[int] = mapped_column(default=0)  # wrong codes since the last right one
    failed_at: Mapped[datetime | None]


class RecoveryCode(TenantScoped, db.Model):
    """A code that lets its owner in once, without the authenticator app; only its hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        organization_fk(),
        tenant_fk("user_id", "users"),
        UniqueConstraint("organization_id", "user_id", "code_hash"),
    )

    id: Mapped[int] = primary_key()
    user_id: Mapped[int]
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]


class PasswordReset(TenantScoped, db.Model):
    """A link by which somebody sets a new password; good once, for an hour."""

    __tablename__ = "password_resets"
    __table_args__ = (
        organization_fk(),
        tenant_fk("user_id", "users"),
        tenant_fk("made_by", "users", "SET NULL"),
        Index("ix_password_resets_user", "organization_id", "user_id", "created_at"),
    )

    id: Mapped[int] = primary_key()
    user_id: Mapped[int]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_by: Mapped[int | None]  # the admin who made it for somebody
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Mail(TenantScoped, db.Model):
    """A mail that is sent, or was. Its text may hold a link that lets somebody in: it is sealed, and
    dropped once the mail is gone."""

    __tablename__ = "mails"
    __table_args__ = (
        organization_fk(),
        CheckConstraint("status in ('queued', 'sent', 'failed')", name="status"),
        Index("ix_mails_due", "due_at", postgresql_where="status = 'queued'"),
        Index("ix_mails_old", "organization_id", "created_at"),
    )

    id: Mapped[int] = primary_key()
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str | None]  # sealed
    status: Mapped[str] = mapped_column(String(10), default="queued")
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=now)
    error: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)
