"""Bots, the devices that they answer on, and the questions that they know."""

from sqlalchemy import ARRAY, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

FALLBACK = "Maaf, saya belum menemukan jawabannya. Boleh ditulis dengan kata lain?"
ESCALATION = "Baik, percakapan ini saya teruskan ke agen kami. Mohon ditunggu."
OUTSIDE_HOURS = (
    "Terima kasih atas pesan Anda. Saat ini di luar jam kerja, agen kami akan membalas secepatnya."
)
ESCALATION_WORDS = ("agen", "admin", "cs", "operator", "manusia", "orang")
RETURNS = ("reopen", "never")  # when the bot takes up again after a human had the conversation


class Chatbot(Timestamps, TenantScoped, db.Model):
    """A bot. Scores are 0 to 100: at `answer_threshold` it answers, from `suggest_threshold` on it
    asks back, below that it does not know; after `misses_before_human` such in a row a human is
    called (0: never), and at once where even the best pair scores below `escalate_below`.

    `qa_version` grows with every change that the matching has to see: each process compares it
    with the version of the index that it keeps.
    """

    __tablename__ = "chatbots"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id", "id"),
        CheckConstraint("answer_threshold between 0 and 100", name="answer_threshold"),
        CheckConstraint("suggest_threshold between 0 and 100", name="suggest_threshold"),
        CheckConstraint("escalate_below between 0 and 100", name="escalate_below"),
        CheckConstraint("misses_before_human between 0 and 20", name="misses"),
        CheckConstraint("returns in ('reopen', 'never')", name="returns"),
    )

    id: Mapped[int] = primary_key()
    name: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    schedule_enabled: Mapped[bool] = mapped_column(default=False)
    timezone: Mapped[str] = mapped_column(String(50), default="Asia/Jakarta")
    outside_hours_message: Mapped[str | None]
    greeting: Mapped[str | None]
    fallback_message: Mapped[str] = mapped_column(default=FALLBACK)
    escalation_message: Mapped[str] = mapped_column(default=ESCALATION)
    escalation_words: Mapped[list[str]] = mapped_column(ARRAY(Text), default=lambda: list(ESCALATION_WORDS))
    answer_threshold: Mapped[int] = mapped_column(default=75)
    suggest_threshold: Mapped[int] = mapped_column(default=10)
    escalate_below: Mapped[int] = mapped_column(default=0)
    misses_before_human: Mapped[int] = mapped_column(default=3)
    asks_rating: Mapped[bool] = mapped_column(default=True)
    returns: Mapped[str] = mapped_column(String(10), default="reopen")
    qa_version: Mapped[int] = mapped_column(default=1)

    def __str__(self) -> str:
        return self.name


class ChatbotDevice(TenantScoped, db.Model):
    """A device that a bot answers on: at most one bot per device, so that never two answer."""

    __tablename__ = "chatbot_devices"
    __table_args__ = (
        organization_fk(),
        tenant_fk("device_id", "devices"),
        tenant_fk("bot_id", "chatbots"),
        Index("ix_chatbot_devices_bot", "organization_id", "bot_id"),
    )

    device_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bot_id: Mapped[int]


class ChatbotQa(Timestamps, TenantScoped, db.Model):
    """A question with its answer; `alternatives` are other ways to ask it."""

    __tablename__ = "chatbot_qa"
    __table_args__ = (
        organization_fk(),
        tenant_fk("bot_id", "chatbots"),
        UniqueConstraint("organization_id", "id"),
        Index("ix_chatbot_qa_bot", "organization_id", "bot_id", "id"),
    )

    id: Mapped[int] = primary_key()
    bot_id: Mapped[int]
    question: Mapped[str]
    alternatives: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    answer: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)

    def __str__(self) -> str:
        return self.question[:80]


class ChatbotPhrase(Timestamps, TenantScoped, db.Model):
    """What a customer wrote before choosing this question from the bot's suggestions, and how often:
    the ranking of this bot learns from it."""

    __tablename__ = "chatbot_phrases"
    __table_args__ = (
        organization_fk(),
        tenant_fk("bot_id", "chatbots"),
        tenant_fk("qa_id", "chatbot_qa"),
        UniqueConstraint("qa_id", "text"),
        Index("ix_chatbot_phrases_bot", "organization_id", "bot_id", "id"),
    )

    id: Mapped[int] = primary_key()
    bot_id: Mapped[int]
    qa_id: Mapped[int]
    text: Mapped[str] = mapped_column(String(300))
    count: Mapped[int] = mapped_column(default=1)
