"""The queue of each division: who waits, what an organization says to them, what they were asked."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from cloudchat.extensions import Timestamps, db, now, primary_key
from cloudchat.tenancy import TenantScoped, organization_fk, tenant_fk

ENTRY_STATUSES = ("waiting", "assigned", "cancelled")
ROUTING_ORDERS = ("queue_first", "bot_first")
NUMBERS = ARRAY(Integer)


class QueueEntry(Timestamps, TenantScoped, db.Model):
    """A conversation's turn in the queue of a division.

    The place in line is never kept: it is the rank of (`entered_at`, id) among those who wait.
    `queue_number` is the ticket of the division. An entry is live while it waits, or is assigned and
    not finished; a conversation has one such entry at most, so nobody is assigned twice. Written only
    while the conversation's row is locked.
    """

    __tablename__ = "chat_queues"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        tenant_fk("division_id", "divisions"),
        tenant_fk("assigned_agent_id", "users", "SET NULL"),
        CheckConstraint("status in ('waiting', 'assigned', 'cancelled')", name="status"),
        CheckConstraint("(status = 'assigned') = (assigned_at is not null)", name="assigned"),
        CheckConstraint("status <> 'waiting' or finished_at is null", name="waiting"),
        Index(
            "idx_chat_queues_conversation",
            "conversation_id",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            "uq_chat_queues_live",
            "conversation_id",
            unique=True,
            postgresql_where=text("status <> 'cancelled' and finished_at is null"),
        ),
        Index("idx_chat_queues_org_division", "organization_id", "division_id", "status"),
        Index("idx_chat_queues_created", "created_at"),
        Index(
            "ix_chat_queues_line",
            "organization_id",
            "division_id",
            "entered_at",
            "id",
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            "ix_chat_queues_served",
            "organization_id",
            "division_id",
            "assigned_at",
            postgresql_where=text("status = 'assigned'"),
        ),
        Index("ix_chat_queues_entered", "organization_id", "created_at"),
        Index("ix_chat_queues_ticket", "organization_id", "division_id", "queue_number"),
        Index("ix_chat_queues_history", "organization_id", "conversation_id", "id"),
    )

    id: Mapped[int] = primary_key()
    conversation_id: Mapped[int]
    division_id: Mapped[int]
    queue_number: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(20), default="waiting")
    assigned_agent_id: Mapped[int | None]
    assigned_at: Mapped[datetime | None]
    entered_at: Mapped[datetime] = mapped_column(default=now)
    announced_at: Mapped[datetime | None]
    told_position: Mapped[int | None]
    told_at: Mapped[datetime | None]
    told_times: Mapped[int] = mapped_column(default=0)
    estimated_minutes: Mapped[int | None]
    wait_seconds: Mapped[int | None]
    finished_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(20))
    passed_agent_ids: Mapped[list[int]] = mapped_column(NUMBERS, default=list)


class QueueSettings(Timestamps, TenantScoped, db.Model):
    """How an organization's queue behaves and what it says. Made with the defaults when first used."""

    __tablename__ = "queue_settings"
    __table_args__ = (
        organization_fk(),
        UniqueConstraint("organization_id"),
        CheckConstraint("routing_order in ('queue_first', 'bot_first')", name="routing_order"),
        CheckConstraint("silent_agent_minutes between 0 and 1440", name="silent_agent_minutes"),
    )

    id: Mapped[int] = primary_key()
    is_enabled: Mapped[bool] = mapped_column(default=False)
    routing_order: Mapped[str] = mapped_column(String(20), default="queue_first")
    welcome_message: Mapped[str] = mapped_column(
        default="Selamat datang di toko kami, silahkan pilih agen yang anda tuju"
    )
    queue_message_template: Mapped[str] = mapped_column(
        default="Anda akan di layani oleh tim {division}, Tunggu dalam antrian ke {queue_number}. "
        "Tekan # untuk cek antrian"
    )
    check_queue_keyword: Mapped[str] = mapped_column(String(10), default="#")
    check_queue_with_text: Mapped[bool] = mapped_column(default=False)
    queue_position_message: Mapped[str] = mapped_column(
        default="Anda masih dalam antrian ke {queue_number}. mohon menunggu"
    )
    no_agent_available_message: Mapped[str] = mapped_column(
        default="Maaf, saat ini tidak ada agen yang tersedia. Anda akan dilayani secepatnya."
    )
    assigned_message: Mapped[str] = mapped_column(
        default="Anda terhubung dengan {agent} dari tim {division}."
    )
    invalid_choice_message: Mapped[str] = mapped_column(
        default="Maaf, pilihan Anda belum kami kenali. Silakan balas dengan nomor pilihan."
    )
    human_message: Mapped[str] = mapped_column(default="Baik, agen kami akan membantu Anda. Mohon menunggu.")
    menu_button: Mapped[str] = mapped_column(String(20), default="Pilih divisi")
    suggestion_message: Mapped[str] = mapped_column(
        default="Sepertinya Anda memerlukan tim {division}. Balas ya untuk terhubung, atau pilih tim lain."
    )
    offer_last_division: Mapped[bool] = mapped_column(default=False)
    last_division_message: Mapped[str] = mapped_column(
        default="Terakhir Anda dilayani tim {division}. Balas ya untuk tim yang sama, atau pilih tim lain."
    )
    moved_up_enabled: Mapped[bool] = mapped_column(default=False)
    moved_up_message: Mapped[str] = mapped_column(
        default="Antrian Anda maju, sekarang dalam antrian ke {queue_number}."
    )
    leave_keyword: Mapped[str] = mapped_column(String(20), default="keluar")
    leave_message: Mapped[str] = mapped_column(
        default="Anda telah keluar dari antrian tim {division}. Kirim pesan kapan saja untuk memilih lagi."
    )
    cancelled_message: Mapped[str] = mapped_column(
        default="Antrian Anda di tim {division} telah kami akhiri. Agen kami akan menghubungi Anda di sini."
    )
    division_closed_message: Mapped[str] = mapped_column(
        default="Maaf, tim {division} sedang tidak melayani."
    )
    silent_agent_minutes: Mapped[int] = mapped_column(default=0)


class DivisionChoice(TenantScoped, db.Model):
    """The menu that a conversation was sent, and how the answering of it goes.

    `division_ids` is the order in which it was shown: "2" means what the customer saw, whatever was
    reordered since. Without `asked_at` the menu is still owed (the division of the customer closed).
    `settles_at`: the end of a burst of words right after the menu that were no choice.
    """

    __tablename__ = "division_choices"
    __table_args__ = (
        organization_fk(),
        tenant_fk("conversation_id", "conversations"),
        UniqueConstraint("conversation_id"),
        Index("ix_division_choices_owed", "organization_id", "id", postgresql_where=text("asked_at is null")),
        Index("ix_division_choices_settles", "settles_at", postgresql_where=text("settles_at is not null")),
    )

    id: Mapped[int] = primary_key()
    conversation_id: Mapped[int]
    division_ids: Mapped[list[int]] = mapped_column(NUMBERS, default=list)
    suggested_division_id: Mapped[int | None]
    closed_division: Mapped[str | None] = mapped_column(String(255))
    asked_at: Mapped[datetime | None]
    settles_at: Mapped[datetime | None]
    wrong_answers: Mapped[int] = mapped_column(default=0)
    given_up: Mapped[bool] = mapped_column(default=False)
