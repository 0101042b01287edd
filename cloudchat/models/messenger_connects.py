"""Attempts to connect Facebook pages: who began one, what came back, what went wrong."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk


class MessengerConnect(Timestamps, TenantScoped, db.Model):
    """One run of Facebook's login dialog. It belongs to the login (or API token) that began it.

    `state_hash` is what the callback has to know; `pages` is sealed, and wiped once it was used or is old.
    `failure` names codes and ids for support, never a token.
    """

    __tablename__ = "messenger_connects"
    __table_args__ = (
        organization_fk(),
        Index("uq_messenger_connects_state", "state_hash", unique=True),
        Index("ix_messenger_connects_list", "organization_id", "id"),
    )

    id: Mapped[int] = primary_key()
    user_id: Mapped[int]  # an operator who acts here is no user of this organization
    session_id: Mapped[int | None]
    token_id: Mapped[int | None]
    state_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]
    pages: Mapped[str | None]
    scopes: Mapped[dict[str, Any] | None]
    failure: Mapped[dict[str, Any] | None]
    finished_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"#{self.id}"
