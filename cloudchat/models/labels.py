"""Labels for conversations and contacts, and canned replies."""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class Label(Timestamps, TenantScoped, db.Model):
    """A coloured word to sort by."""

    __tablename__ = "labels"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id", "id"),
        Index("uq_labels_name", "organization_id", func.lower(db.literal_column("name")), unique=True),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(60))
    color: Mapped[str] = mapped_column(String(7), default="#64748b")

    def __str__(self) -> str:
        return self.name


class ConversationLabel(TenantScoped, db.Model):
    """A label on a conversation."""

    __tablename__ = "conversation_labels"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("label_id", "labels"),
        Index("ix_conversation_labels_label", "organization_id", "label_id", "conversation_id"),
    )

    conversation_id: Mapped[int] = mapped_column(primary_key=True)
    label_id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class ContactLabel(TenantScoped, db.Model):
    """A label on a contact."""

    __tablename__ = "contact_labels"
    __table_args__ = (
        organization_fk(),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("label_id", "labels"),
        Index("ix_contact_labels_label", "organization_id", "label_id", "contact_id"),
    )

    contact_id: Mapped[int] = mapped_column(primary_key=True)
    label_id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class CannedReply(Timestamps, TenantScoped, db.Model):
    """A ready answer, offered in the composer after `/`."""

    __tablename__ = "canned_replies"
    __table_args__ = (
        organization_fk(),
        tenant_fk("created_by", "users", "SET NULL"),
        UniqueConstraint("organization_id", "shortcut"),
    )

    id: Mapped[int] = primary_key()
    shortcut: Mapped[str] = mapped_column(String(40))
    text: Mapped[str]
    created_by: Mapped[int | None]

    def __str__(self) -> str:
        return f"/{self.shortcut}"
