"""Contacts, and how each device knows them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Computed, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class Contact(Timestamps, TenantScoped, db.Model):
    """A customer, with one or more identities on devices."""

    __tablename__ = "contacts"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id", "id"),
        Index("ix_contacts_phone", "organization_id", "phone"),
        Index("ix_contacts_email", "organization_id", "email"),
        Index("ix_contacts_name_order", "organization_id", "sort_name", "id"),
        Index(
            "ix_contacts_search",
            db.text("(name || ' ' || coalesce(phone, '') || ' ' || coalesce(email, '')) gin_trgm_ops"),
            postgresql_using="gin",
        ),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(255))
    phone: Mapped[str | None] = mapped_column(String(32))
    email: Mapped[str | None] = mapped_column(String(255))
    custom_fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # A column and not an index expression: row-level security lets only plain comparisons use an index.
    sort_name: Mapped[str] = mapped_column(Computed("lower(name)", persisted=True))

    def __str__(self) -> str:
        return self.name


class ContactIdentity(TenantScoped, db.Model):
    """The id by which one device's provider knows a contact."""

    __tablename__ = "contact_identities"
    __table_args__ = (
        organization_fk(),
        tenant_fk("device_id", "devices"),
        tenant_fk("contact_id", "contacts"),
        UniqueConstraint("device_id", "external_id"),
        Index("ix_contact_identities_contact", "organization_id", "contact_id"),
    )

    id: Mapped[int] = primary_key()
    device_id: Mapped[int]
    contact_id: Mapped[int]
    external_id: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ContactFilter(Timestamps, TenantScoped, db.Model):
    """A filter of the list of contacts that is kept under a name. Without its label it would find
    others than were meant, so it goes with the label."""

    __tablename__ = "contact_filters"
    __table_args__ = (
        organization_fk(),
        tenant_fk("label_id", "labels"),
        tenant_fk("created_by", "users", "SET NULL"),
        CheckConstraint("q <> '' or label_id is not null", name="finds_some"),
        Index("uq_contact_filters_name", "organization_id", db.text("lower(name)"), unique=True),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(60))
    q: Mapped[str] = mapped_column(String(200), default="")
    label_id: Mapped[int | None]
    created_by: Mapped[int | None]

    def __str__(self) -> str:
        return self.name
