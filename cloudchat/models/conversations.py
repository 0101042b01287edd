"""Conversations, with the notes and activity lines that only the desk sees."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    and_,
    select,
)
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.models.bot_turns import ChatbotTalk
from cloudchat.models.bots import Chatbot, ChatbotDevice
from cloudchat.models.contacts import Contact
from cloudchat.models.devices import Device
from cloudchat.models.divisions import Division
from cloudchat.models.labels import ConversationLabel, Label
from cloudchat.models.messages import Message
from cloudchat.models.pipelines import PipelineStage
from cloudchat.models.queueing import QueueEntry
from cloudchat.models.users import User
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

STATUSES = ("open", "pending", "snoozed", "resolved")
PATIENCE = timedelta(minutes=15)  # a customer who waits longer is shown as waiting


class Conversation(Timestamps, TenantScoped, db.Model):
    """All that one contact and the desk say on one device until it is resolved.

    The `last_*` columns and `unread_count` repeat what messages tell, for the list's sake; they are
    written only under the row's lock, together with the message. `version` grows with each change
    that an agent makes; `pipeline_version` is the one at which the card was last placed or moved.
    `waiting_since` is when the customer wrote the first message that neither an
    agent nor a bot has answered yet; notices of the system (a place in the queue) are no answer.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        organization_fk(),
        tenant_fk("contact_id", "contacts"),
        tenant_fk("device_id", "devices"),
        tenant_fk("assignee_id", "users", "SET NULL"),
        tenant_fk("division_id", "divisions", "SET NULL"),
        ForeignKeyConstraint(
            ["organization_id", "pipeline_id", "pipeline_stage_id"],
            [
                "pipeline_stages.organization_id",
                "pipeline_stages.pipeline_id",
                "pipeline_stages.id",
            ],
            ondelete="SET NULL (pipeline_id, pipeline_stage_id)",
        ),
        UniqueConstraint("organization_id", "id"),
        Index(
            "ix_conversations_pipeline",
            "organization_id",
            "pipeline_id",
            "pipeline_stage_id",
            "pipeline_position",
            "id",
            postgresql_where="pipeline_stage_id is not null",
        ),
        Index(
            "uq_conversations_unresolved",
            "device_id",
            "contact_id",
            unique=True,
            postgresql_where="status <> 'resolved'",
        ),
        Index("ix_conversations_list", "organization_id", "last_message_at", "id"),
        Index("ix_conversations_status", "organization_id", "status", "last_message_at", "id"),
        Index(
            "ix_conversations_assignee",
            "organization_id",
            "assignee_id",
            "status",
            "last_message_at",
            "id",
        ),
        Index(
            "ix_conversations_unread",
            "organization_id",
            "assignee_id",
            postgresql_where="unread_count > 0",
            postgresql_include=["division_id", "unread_count"],
        ),
        Index(
            "ix_conversations_waiting",
            "organization_id",
            "waiting_since",
            postgresql_where="waiting_since is not null",
        ),
        Index("ix_conversations_contact", "organization_id", "contact_id", "id"),
        Index(
            "ix_conversations_resolved",
            "organization_id",
            "resolved_at",
            postgresql_where="resolved_at is not null",
        ),
        Index("ix_conversations_snoozed", "snoozed_until", postgresql_where="status = 'snoozed'"),
        CheckConstraint("status in ('open', 'pending', 'snoozed', 'resolved')", name="status"),
        CheckConstraint("unread_count >= 0", name="unread"),
        CheckConstraint("(pipeline_id is null) = (pipeline_stage_id is null)", name="pipeline"),
        CheckConstraint("deal_value >= 0", name="deal_value"),
    )

    id: Mapped[int] = primary_key()
    contact_id: Mapped[int]
    device_id: Mapped[int]
    external_user_id: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(10), default="open")
    assignee_id: Mapped[int | None]
    division_id: Mapped[int | None]
    awaiting_division_selection: Mapped[bool] = mapped_column(default=False)
    needs_human: Mapped[bool] = mapped_column(default=False)
    pipeline_id: Mapped[int | None]
    pipeline_stage_id: Mapped[int | None]
    pipeline_position: Mapped[str | None] = mapped_column(Text(collation="C"))
    pipeline_version: Mapped[int] = mapped_column(default=0, server_default="0")
    stage_changed_at: Mapped[datetime | None]
    deal_value: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    lost_reason: Mapped[str | None] = mapped_column(String(500))
    closed_at: Mapped[datetime | None]
    last_message_id: Mapped[int | None] = mapped_column(BigInteger)
    last_message_at: Mapped[datetime] = mapped_column(default=now)
    last_message_text: Mapped[str] = mapped_column(String(200), default="")
    last_message_direction: Mapped[str | None] = mapped_column(String(3))
    last_inbound_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    unread_count: Mapped[int] = mapped_column(default=0)
    last_read_message_id: Mapped[int] = mapped_column(BigInteger, default=0)
    snoozed_until: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    contact: Mapped[Contact] = relationship(
        primaryjoin=lambda: foreign(Conversation.contact_id) == Contact.id, viewonly=True
    )
    device: Mapped[Device] = relationship(
        primaryjoin=lambda: foreign(Conversation.device_id) == Device.id, viewonly=True
    )
    assignee: Mapped[User | None] = relationship(
        primaryjoin=lambda: foreign(Conversation.assignee_id) == User.id, viewonly=True
    )
    stage: Mapped[PipelineStage | None] = relationship(
        primaryjoin=lambda: foreign(Conversation.pipeline_stage_id) == PipelineStage.id, viewonly=True
    )
    division: Mapped[Division | None] = relationship(
        primaryjoin=lambda: foreign(Conversation.division_id) == Division.id, viewonly=True
    )
    # Its place in a line, while it has one
    waiting: Mapped[QueueEntry | None] = relationship(
        primaryjoin=lambda: and_(
            Conversation.id == foreign(QueueEntry.conversation_id), QueueEntry.status == "waiting"
        ),
        uselist=False,
        viewonly=True,
    )
    # The bot that is switched on for its device
    bot: Mapped[Chatbot | None] = relationship(
        secondary=ChatbotDevice.__table__,
        primaryjoin=lambda: foreign(ChatbotDevice.device_id) == Conversation.device_id,
        secondaryjoin=lambda: and_(Chatbot.id == foreign(ChatbotDevice.bot_id), Chatbot.is_active),
        uselist=False,
        viewonly=True,
    )
    # What its bot remembers of it, while the bot speaks: nobody of the desk has it or wrote since. The
    # rule, with what brings a bot back, is `services/bot_talks.py: is_silent`.
    bot_at_work: Mapped[ChatbotTalk | None] = relationship(
        primaryjoin=lambda: and_(
            Conversation.id == foreign(ChatbotTalk.conversation_id),
            ChatbotTalk.has_it,
            Conversation.status == "open",
            Conversation.assignee_id.is_(None),
            ~Conversation.needs_human,
            ~select(Message.id)
            .where(
                Message.organization_id == Conversation.organization_id,
                Message.conversation_id == Conversation.id,
                Message.id > ChatbotTalk.since_message_id,
                Message.direction == "out",
                Message.sender_type == "agent",
            )
            .correlate(Conversation, ChatbotTalk)
            .exists(),
        ),
        uselist=False,
        viewonly=True,
    )
    labels: Mapped[list[Label]] = relationship(
        secondary=ConversationLabel.__table__,
        primaryjoin=lambda: Conversation.id == foreign(ConversationLabel.conversation_id),
        secondaryjoin=lambda: Label.id == foreign(ConversationLabel.label_id),
        order_by=Label.name,
        viewonly=True,
    )


class Note(TenantScoped, db.Model):
    """A private note. It stands in the thread behind `after_message_id`."""

    __tablename__ = "notes"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("author_id", "users", "SET NULL"),
        Index("ix_notes_place", "organization_id", "conversation_id", "after_message_id", "id"),
    )

    id: Mapped[int] = primary_key()
    conversation_id: Mapped[int]
    author_id: Mapped[int | None]
    text: Mapped[str]
    mentions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after_message_id: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)

    author: Mapped[User | None] = relationship(
        primaryjoin=lambda: foreign(Note.author_id) == User.id, viewonly=True
    )


class ConversationEvent(TenantScoped, db.Model):
    """An activity line of the thread: assigned, resolved, labelled, why routed so."""

    __tablename__ = "conversation_events"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        Index(
            "ix_conversation_events_place",
            "organization_id",
            "conversation_id",
            "after_message_id",
            "id",
        ),
        Index(
            "ix_conversation_events_handed_on",
            "organization_id",
            "created_at",
            postgresql_where="kind in ('transferred', 'assigned')",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[int | None]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after_message_id: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
