"""The organization's own language model behind the bot: its account, its calls, who waits for it."""

from datetime import date as Date
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

ADDRESS = "https://api.openai.com/v1"
MODEL = "gpt-4o-mini"
DAILY_LIMIT = 500


class AssistantSettings(Timestamps, TenantScoped, db.Model):
    """Where the model is asked and what for. The key is sealed (`services/secrets.py`); of it only
    `key_hint`, its last characters, is ever shown. `status`: what the provider last said about the key."""

    __tablename__ = "assistant_settings"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id"),
        CheckConstraint(
            "status in ('unverified', 'ok', 'refused', 'unknown_model', 'limited', 'unreachable',"
            " 'unexpected')",
            name="status",
        ),
        CheckConstraint("daily_limit between 1 and 1000000", name="daily_limit"),
    )

    id: Mapped[int] = primary_key()
    address: Mapped[str] = mapped_column(String(500), default=ADDRESS)
    model: Mapped[str] = mapped_column(String(100), default=MODEL)
    api_key: Mapped[str] = mapped_column(default="")
    key_hint: Mapped[str] = mapped_column(String(4), default="")
    chooses: Mapped[bool] = mapped_column(default=False)
    drafts: Mapped[bool] = mapped_column(default=False)
    daily_limit: Mapped[int] = mapped_column(default=DAILY_LIMIT)
    status: Mapped[str] = mapped_column(String(20), default="unverified")
    checked_at: Mapped[datetime | None]


class AssistantUsage(TenantScoped, db.Model):
    """Calls that were made on a day of the organization's zone."""

    __tablename__ = "assistant_usage"
    __table_args__ = (organization_fk(),)

    organization_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[Date] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(default=0)


class AssistantChoice(TenantScoped, db.Model):
    """A question of a customer for which the model is to choose a pair; written under the conversation's
    lock, gone once the bot has spoken. `candidates` is `{"items": [[pair, score], …]}`, best first;
    `asked_at`: somebody asks the model now, or has died over it."""

    __tablename__ = "assistant_choices"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("bot_id", "chatbots"),
        Index("ix_assistant_choices_due", "due_at"),
        Index("ix_assistant_choices_bot", "organization_id", "bot_id"),
    )

    conversation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bot_id: Mapped[int]
    question: Mapped[str]
    candidates: Mapped[dict[str, Any]]
    is_first: Mapped[bool] = mapped_column(default=False)
    due_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
