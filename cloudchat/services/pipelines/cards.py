"""The outward form of a card, and who moves one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from cloudchat.channels.text import cut
from cloudchat.extensions import db, now
from cloudchat.models import Contact, Conversation, ConversationLabel, Device, Label, PipelineStage, User
from cloudchat.services.accounts import Identity
from cloudchat.services.presenting import iso

SNIPPET = 100
STUCK_AFTER = timedelta(days=7)  # where the stage does not say


@dataclass(frozen=True)
class Actor:
    """Who moves a card: a person, a program with a person's token, or automation."""

    type: str
    user_id: int | None = None
    name: str | None = None

    def outward(self) -> dict[str, Any]:
        return {"type": self.type, "id": self.user_id, "name": self.name}


AUTOMATION = Actor("automation")
SYSTEM = Actor("system")


def actor_of(identity: Identity) -> Actor:
    kind = "api" if identity.token_id is not None else "agent"
    return Actor(kind, identity.author_id, identity.name)


def label_names() -> Any:
    """The names of a conversation's labels as one JSON column."""
    names = (
        select(func.jsonb_agg(Label.name))
        .join(ConversationLabel, ConversationLabel.label_id == Label.id)
        .where(ConversationLabel.conversation_id == Conversation.id)
        .correlate(Conversation)
        .scalar_subquery()
    )
    return names.label("labels")


COLUMNS = (
    Conversation.id,
    Conversation.version,
    Conversation.status,
    Conversation.pipeline_id,
    Conversation.pipeline_stage_id,
    Conversation.pipeline_position,
    Conversation.stage_changed_at,
    Conversation.deal_value,
    Conversation.lost_reason,
    Conversation.unread_count,
    Conversation.last_message_text,
    Conversation.last_message_direction,
    Conversation.last_message_at,
    Conversation.contact_id,
    Contact.name.label("contact_name"),
    Conversation.device_id,
    Device.type.label("device_type"),
    Conversation.assignee_id,
    User.name.label("assignee_name"),
)


def with_names(statement):
    """The statement over conversations with the tables that COLUMNS reads."""
    return (
        statement.join(Contact, Contact.id == Conversation.contact_id)
        .join(Device, Device.id == Conversation.device_id)
        .outerjoin(User, User.id == Conversation.assignee_id)
    )


def outward(row, stage: PipelineStage | None) -> dict[str, Any]:
    """A card for API and board, from a row of COLUMNS with labels."""
    assignee = {"id": row.assignee_id, "name": row.assignee_name} if row.assignee_id else None
    return {
        "id": row.id,
        "version": row.version,
        "stage_id": row.pipeline_stage_id,
        "position": row.pipeline_position,
        "contact": {"id": row.contact_id, "name": row.contact_name},
        "device": {"id": row.device_id, "type": row.device_type},
        "assignee": assignee,
        "labels": row.labels or [],
        "status": row.status,
        "unread_count": row.unread_count,
        "last_message": {
            "text": cut(row.last_message_text, SNIPPET),
            "direction": row.last_message_direction,
            "at": iso(row.last_message_at),
        },
        "deal_value": plain(row.deal_value),
        "lost_reason": row.lost_reason,
        "stage_changed_at": iso(row.stage_changed_at),
        "stuck": is_stuck(stage, row.stage_changed_at),
    }


def plain(value: Decimal | None) -> float | int | None:
    """Money as JSON has it: a whole number where it is one."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def stuck_after(stage: PipelineStage) -> timedelta:
    return timedelta(hours=stage.stuck_after_hours) if stage.stuck_after_hours else STUCK_AFTER


def is_stuck(stage: PipelineStage | None, since: datetime | None) -> bool:
    """Has the card been in an open stage for longer than it should?"""
    if stage is None or stage.kind != "open" or since is None:
        return False
    return now() - since > stuck_after(stage)


def card(conversation_id: int) -> dict[str, Any]:
    """One card as it is now, with the pipeline it is on; outside every board `pipeline_id` is null."""
    row = db.session.execute(
        with_names(select(*COLUMNS, label_names()).select_from(Conversation)).where(
            Conversation.id == conversation_id
        )
    ).one()
    stage = db.session.get(PipelineStage, row.pipeline_stage_id) if row.pipeline_stage_id else None
    found = outward(row, stage)
    found["pipeline_id"] = row.pipeline_id
    found["stage_name"] = stage.name if stage else None
    return found
