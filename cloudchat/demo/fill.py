"""Believable rows for a demo organization: customers, talks, cards and turns of the last ninety days.

Rows are made in memory, fifty customers at a time, and written with one statement a table; each batch is
one transaction, so that an interrupted run leaves whole customers behind. Counters and last messages are
those that the desk itself would have kept: everything equals a recount.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from cloudchat.demo.invented import Shop, Talk, customer
from cloudchat.events import UnreadChanged, publish
from cloudchat.extensions import db
from cloudchat.models import (
    Chatbot,
    ChatbotInteraction,
    ChatbotQa,
    Contact,
    ContactIdentity,
    ContactLabel,
    Conversation,
    ConversationLabel,
    Device,
    Division,
    Label,
    Message,
    Note,
    Pipeline,
    PipelineStage,
    PipelineStageHistory,
    QueueEntry,
    User,
)
from cloudchat.tenancy import current_organization_id

BATCH = 50


def fill(contacts: int, seed: int = 1) -> Iterator[int]:
    """Make that many customers in the organization that we act for; yields how many each step made."""
    shop = _shop()
    (known,) = db.session.execute(select(func.coalesce(func.max(Contact.id), 0))).one()
    chance = Random(f"{seed} {known}")
    for start in range(0, contacts, BATCH):
        count = min(BATCH, contacts - start)
        _write(shop, [customer(shop, chance, known + start + at) for at in range(count)])
        db.session.commit()
        yield count
    publish(UnreadChanged(current_organization_id()))
    db.session.commit()


def _shop() -> Shop:
    def ids(column, *where) -> list[int]:
        return list(db.session.scalars(select(column).where(*where).order_by(column)))

    pipeline = db.session.scalar(
        select(Pipeline).where(Pipeline.archived_at.is_(None)).order_by(Pipeline.is_default.desc()).limit(1)
    )
    stages = []
    if pipeline is not None:
        own = (PipelineStage.pipeline_id == pipeline.id, PipelineStage.archived_at.is_(None))
        stages = list(db.session.scalars(select(PipelineStage).where(*own).order_by(PipelineStage.position)))
    bot = db.session.scalar(select(Chatbot).order_by(Chatbot.id).limit(1))
    pairs = select(ChatbotQa).where(ChatbotQa.bot_id == (bot.id if bot else 0))
    last = (
        select(Conversation.pipeline_stage_id, func.max(Conversation.pipeline_position))
        .where(Conversation.pipeline_stage_id.is_not(None))
        .group_by(Conversation.pipeline_stage_id)
    )
    return Shop(
        devices=list(db.session.scalars(select(Device).where(Device.deleted_at.is_(None)))),
        agents=ids(User.id, User.role == "agent", User.is_active),
        divisions=ids(Division.id),
        labels=ids(Label.id),
        bot=bot,
        pairs=list(db.session.scalars(pairs)),
        pipeline=pipeline,
        stages=stages,
        keys={stage_id: key for stage_id, key in db.session.execute(last)},
        room=_room(),
    )


def _room() -> dict[int, int]:
    """What each agent may still take: the desk itself never gives anybody more."""
    load = (
        select(func.count(Conversation.id))
        .where(Conversation.assignee_id == User.id, Conversation.status == "open")
        .scalar_subquery()
    )
    found = select(User.id, func.greatest(User.capacity - load, 0)).where(
        User.role == "agent", User.is_active
    )
    return {user_id: room for user_id, room in db.session.execute(found)}


def _write(shop: Shop, customers: list[tuple[dict, dict, Talk]]) -> None:
    """One statement a table; ids come back in the order of the rows."""
    contacts = _insert(Contact, [contact for contact, _, _ in customers])
    _insert(
        ContactIdentity,
        [one | {"contact_id": at} for at, (_, one, _) in zip(contacts, customers, strict=True)],
        back=False,
    )
    talks = [talk for _, _, talk in customers]
    rows = _columns([talk.row | {"contact_id": at} for at, talk in zip(contacts, talks, strict=True)])
    for talk, number in zip(talks, _insert(Conversation, rows), strict=True):
        talk.row["id"] = number
    own = [(talk, one | {"conversation_id": talk.row["id"]}) for talk in talks for one in talk.messages]
    last = {
        talk.row["id"]: at
        for (talk, _), at in zip(own, _insert(Message, [one for _, one in own]), strict=True)
    }
    rows = Conversation.__table__
    own = (rows.c.organization_id == current_organization_id(), rows.c.id == bindparam("number"))
    values = {"last_message_id": bindparam("last"), "last_read_message_id": bindparam("read")}
    change = rows.update().where(*own).values(**values, updated_at=bindparam("changed"))
    db.session.execute(change, [_closing(talk, last[talk.row["id"]]) for talk in talks])
    for model, made in (
        (ConversationLabel, [{"label_id": label} | _of(talk) for talk in talks for label in talk.labels]),
        (Note, [{"text": one.note, "author_id": one.author} | _of(one) for one in talks if one.note]),
        (PipelineStageHistory, [step | _of(talk) for talk in talks for step in talk.history]),
        (QueueEntry, [talk.entry | _of(talk) for talk in talks if talk.entry]),
        (ChatbotInteraction, [talk.turn | _of(talk) for talk in talks if talk.turn]),
        (
            ContactLabel,
            [
                {"contact_id": at, "label_id": talk.labels[0]}
                for at, talk in zip(contacts, talks, strict=True)
                if talk.labels
            ],
        ),
    ):
        if made:
            _insert(model, made, back=False)


def _closing(talk: Talk, last: int) -> dict[str, Any]:
    """What a conversation says of its last message, once that has its id."""
    read = last - 1 if talk.row["unread_count"] else last
    return {"number": talk.row["id"], "last": last, "read": read, "changed": talk.row["updated_at"]}


def _of(talk: Talk) -> dict[str, int]:
    return {"conversation_id": talk.row["id"]}


def _columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every row with the same columns: the rest is left to the defaults of all of them."""
    names = {name for row in rows for name in row}
    plain = {"pipeline_version": 0}
    return [{name: row.get(name, plain.get(name)) for name in names} for row in rows]


def _insert(model, rows: list[dict[str, Any]], back: bool = True) -> list[int]:
    """Write the rows of this organization; answers their ids."""
    rows = [row | {"organization_id": current_organization_id()} for row in rows]
    if not back:
        db.session.execute(insert(model), rows)
        return []
    return list(db.session.scalars(insert(model).returning(model.id, sort_by_parameter_order=True), rows))
