"""What people are told of: their notifications, how they want them, and the browsers that get pushes."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class Notification(TenantScoped, db.Model):
    """One line of a user's bell. What happens again under the same `topic` before it was read adds to
    `count` and moves the line up: a burst is one line.

    It names things and repeats nothing of them, so that a merged contact or a deleted message is told
    as it is now. `listed`: shown in the bell; others exist only because a push is due.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        organization_fk(),
        tenant_fk("user_id", "users"),
        tenant_fk("conversation_id", "conversations"),
        Index("ix_notifications_list", "organization_id", "user_id", "happened_at", "id"),
        Index(
            "uq_notifications_unread",
            "organization_id",
            "user_id",
            "topic",
            unique=True,
            postgresql_where="read_at is null",
        ),
        Index("ix_notifications_conversation", "organization_id", "conversation_id"),
        Index("ix_notifications_old", "organization_id", "happened_at"),
        Index("ix_notifications_push", "happened_at", postgresql_where="push_due"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    topic: Mapped[str] = mapped_column(String(80))
    conversation_id: Mapped[int | None]
    actor_id: Mapped[int | None]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    count: Mapped[int] = mapped_column(default=1)
    listed: Mapped[bool] = mapped_column(default=True)
    push_due: Mapped[bool] = mapped_column(default=False)
    happened_at: Mapped[datetime] = mapped_column(default=now)
    read_at: Mapped[datetime | None]


class NotificationSettings(TenantScoped, db.Model):
    """How one user wants to be told. `choices` holds only what was chosen: the rest are our defaults."""

    __tablename__ = "notification_settings"
    __table_args__ = (
        organization_fk(),
        tenant_fk("user_id", "users"),
        UniqueConstraint("organization_id", "user_id"),
    )

    id: Mapped[int] = primary_key()
    user_id: Mapped[int]
    choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    snoozed_until: Mapped[datetime | None]


class PushSubscription(Timestamps, TenantScoped, db.Model):
    """A browser that gets pushes. It belongs to a session: logging out there ends it."""

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        organization_fk(),
        tenant_fk("user_id", "users"),
        Index("ix_push_subscriptions_user", "organization_id", "user_id"),
        UniqueConstraint("organization_id", "endpoint_hash"),
    )

    id: Mapped[int] = primary_key()
    user_id: Mapped[int]
    session_id: Mapped[int]
    endpoint: Mapped[str]
    endpoint_hash: Mapped[str] = mapped_column(String(64))
    p256dh: Mapped[str] = mapped_column(String(120))
    auth: Mapped[str] = mapped_column(String(40))
    user_agent: Mapped[str | None] = mapped_column(String(255))
    last_sent_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)


class InstallationSecret(db.Model):
    """A secret of the whole installation, sealed; made when it is first needed."""

    __tablename__ = "installation_secrets"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    sealed: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
