"""When a bot is awake: its week, and the dates that differ."""

from datetime import date as Date
from datetime import time as Time
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from cloudchat.extensions import Timestamps, db, primary_key
from cloudchat.models.bots import Chatbot
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk


class ChatbotSchedule(Timestamps, TenantScoped, db.Model):
    """A window of the week in the bot's zone. An end before the start is on the next day; the end of
    the day itself ("24:00") is the last microsecond, since Python has no such time."""

    __tablename__ = "chatbot_schedules"
    __table_args__ = (
        organization_fk(),
        tenant_fk("bot_id", "chatbots"),
        Index("ix_chatbot_schedules_bot", "organization_id", "bot_id"),
        CheckConstraint("day_of_week between 0 and 6", name="day"),
        CheckConstraint("start_time <> end_time", name="not_empty"),
    )

    id: Mapped[int] = primary_key()
    bot_id: Mapped[int]
    day_of_week: Mapped[int]  # 0 = Sunday
    start_time: Mapped[Time]
    end_time: Mapped[Time]
    is_active: Mapped[bool] = mapped_column(default=True)

    bot: Mapped[Chatbot] = relationship(
        primaryjoin=lambda: foreign(ChatbotSchedule.bot_id) == Chatbot.id, viewonly=True
    )


class ChatbotException(Timestamps, TenantScoped, db.Model):
    """A date with hours of its own: `windows` is `{"items": [["09:00", "12:00"], …]}`; without any
    the bot rests all day."""

    __tablename__ = "chatbot_exceptions"
    __table_args__ = (
        organization_fk(),
        tenant_fk("bot_id", "chatbots"),
        UniqueConstraint("bot_id", "date"),
        Index("ix_chatbot_exceptions_bot", "organization_id", "bot_id", "date"),
    )

    id: Mapped[int] = primary_key()
    bot_id: Mapped[int]
    date: Mapped[Date]
    name: Mapped[str] = mapped_column(String(120), default="")
    windows: Mapped[dict[str, Any]] = mapped_column(default=dict)
