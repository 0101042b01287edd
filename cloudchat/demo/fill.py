"""Believable rows for a demo organization: customers, talks, cards and turns of the last ninety days.

Rows are made in memory, fifty customers at a time, and written with one statement a table; each batch is
one transaction, so that an interrupted run leaves whole customers behind. Counters and last messages are
those that the desk itself would have kept: everything equals a recount.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from fractional_indexing import generate_n_keys_between
from sqlalchemy import bindparam, func, insert, select

from cloudchat.demo.words import FIRST, LAST, LOST, NOTES, TALKS, THINGS, TOWNS
from cloudchat.events import UnreadChanged, publish
from cloudchat.extensions import db, now
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
from cloudchat.services.presenting import preview
from cloudchat.tenancy import current_organization_id

BATCH = 50
DAYS = 90
OPEN_EVERY = 50  # customers for one whose talk of today is still open


@dataclass
class Shop:
    """What the organization has to make customers with."""

    devices: list[Device]
    agents: list[int]
    divisions: list[int]
    labels: list[int]
    bot: Chatbot | None
    pairs: list[ChatbotQa]
    pipeline: Pipeline | None
    stages: list[PipelineStage]
    keys: dict[int, str | None] = field(default_factory=dict)  # the last place of each column
    room: dict[int, int] = field(default_factory=dict)  # how many more open talks an agent may have


@dataclass
class Talk:
    """A conversation before it is written: its columns, and the rows that hang on it."""

    row: dict[str, Any]
    messages: list[dict[str, Any]]
    labels: list[int] = field(default_factory=list)
    note: str = ""
    author: int | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    entry: dict[str, Any] | None = None
    turn: dict[str, Any] | None = None


def fill(contacts: int, seed: int = 1) -> Iterator[int]:
    """Make that many customers in the organization that we act for; yields how many each step made."""
    shop = _shop()
    (known,) = db.session.execute(select(func.coalesce(func.max(Contact.id), 0))).one()
    chance = Random(f"{seed} {known}")
    for start in range(0, contacts, BATCH):
        count = min(BATCH, contacts - start)
        _write(shop, [_customer(shop, chance, known + start + at) for at in range(count)])
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
    found = select(User.id, func.greatest(User.capacity - load, 0)).where(User.role == "agent", User.is_active)
    return {user_id: room for user_id, room in db.session.execute(found)}


def _customer(shop: Shop, chance: Random, number: int) -> tuple[dict[str, Any], dict[str, Any], Talk]:
    """A contact, how its device knows it, and what was said."""
    device = chance.choice(shop.devices)
    status = _status(chance, number)
    days = 0.6 if status == "open" else DAYS
    began = now() - timedelta(days=days * chance.random() ** 1.3, minutes=chance.randrange(60, 300))
    name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
    phone = f"+62819{number % 10**8:08}"
    contact = {
        "name": name,
        "phone": phone,
        "email": f"{name.lower().replace(' ', '.')}{number}@contoh.test" if chance.random() < 0.3 else None,
        "custom_fields": {},
        "created_at": began,
        "updated_at": began,
    }
    by_phone = device.type in ("wa_official", "wa_device")
    identity = {
        "device_id": device.id,
        "external_id": phone[1:] if by_phone else f"demo-{number}",
        "created_at": began,
    }
    return contact, identity, _talk(shop, chance, device, identity["external_id"], began, status)


def _talk(
    shop: Shop, chance: Random, device: Device, external_id: str, began: datetime, status: str
) -> Talk:
    division = chance.choice(shop.divisions) if shop.divisions and chance.random() < 0.6 else None
    agent = _agent(shop, chance, status)
    messages, clock = _messages(chance, device, agent, began)
    talk = Talk({}, messages)
    if shop.bot is not None and shop.pairs and chance.random() < 0.4:
        talk.turn = _turn(shop, chance, talk, device, began)
    if status == "open" and agent is not None and chance.random() < 0.5:  # the customer wrote last, and waits
        clock += timedelta(minutes=chance.randrange(1, 30))
        messages.append(_message(device, "in", "contact", None, "Kak?", clock))
    talk.row = {
        "device_id": device.id,
        "external_user_id": external_id,
        "status": status,
        "assignee_id": agent if any(one["sender_type"] == "agent" for one in messages) else None,
        "division_id": division,
        "snoozed_until": now() + timedelta(hours=chance.randrange(2, 70)) if status == "snoozed" else None,
        "resolved_at": clock if status == "resolved" else None,
        "created_at": began,
        "updated_at": clock,
        **_last(messages, status),
    }
    if shop.labels and chance.random() < 0.4:
        talk.labels = chance.sample(shop.labels, min(len(shop.labels), chance.choice((1, 1, 2))))
    if agent is not None and chance.random() < 0.1:
        talk.note, talk.author = chance.choice(NOTES), agent
    if shop.stages and chance.random() < 0.4:
        _climb(shop, chance, talk, agent, began)
    if division is not None and talk.row["assignee_id"] is not None:
        talk.entry = _entry(chance, division, agent, talk.row, began)
    return talk


def _messages(chance: Random, device: Device, agent: int | None, began: datetime):
    """The turns of one talk, and when it ended."""
    words = {
        "barang": chance.choice(THINGS),
        "kota": chance.choice(TOWNS),
        "harga": f"{chance.randrange(45, 400)}.000",
        "nomor": str(chance.randrange(10_000, 99_999)),
    }
    found, clock = [], began
    for asked, answered in chance.choice(TALKS):
        found.append(_message(device, "in", "contact", None, asked.format(**words), clock))
        if agent is None:
            break
        clock += timedelta(seconds=int(chance.expovariate(1 / 400)) + 15)
        found.append(_message(device, "out", "agent", agent, answered.format(**words), clock))
        clock += timedelta(seconds=int(chance.expovariate(1 / 200)) + 10)
    return found, min(clock, now())


def _message(device: Device, direction: str, by: str, sender: int | None, text: str, at: datetime) -> dict:
    at = min(at, now())
    return {
        "device_id": device.id,
        "direction": direction,
        "sender_type": by,
        "sender_id": sender,
        "type": "text",
        "text": text,
        "payload": {},
        "status": "received" if direction == "in" else "read",
        "occurred_at": at,
        "created_at": at,
        "status_at": at,
    }


def _status(chance: Random, number: int) -> str:
    """Some are open, whatever chance says; of the others most are done."""
    if number % OPEN_EVERY == 0:
        return "open"
    return chance.choices(("resolved", "pending", "snoozed"), (96, 2, 2))[0]


def _agent(shop: Shop, chance: Random, status: str) -> int | None:
    """Who answers. What is open goes to those who have room for it; the rest waits for somebody."""
    free = [one for one in shop.agents if status != "open" or shop.room.get(one, 0)]
    agent = chance.choice(free) if free else None
    if agent is not None and status == "open":
        shop.room[agent] -= 1
    return agent


def _turn(shop: Shop, chance: Random, talk: Talk, device: Device, began: datetime) -> dict[str, Any]:
    """A question that the bot took before anybody else; its words stand before the others."""
    pair = chance.choice(shop.pairs)
    knew = chance.random() < 0.8
    asked = chance.choice((pair.question, *pair.alternatives)) if knew else "kak bisa custom nama di bajunya?"
    at, took = began - timedelta(minutes=3), chance.randrange(40, 900)
    answer = pair.answer if knew else shop.bot.fallback_message
    said = at + timedelta(milliseconds=took)
    talk.messages[:0] = [
        _message(device, "in", "contact", None, asked, at),
        _message(device, "out", "bot", None, answer, said),
    ]
    return {
        "bot_id": shop.bot.id,
        "question": asked,
        "answer": answer,
        "confidence_score": Decimal(chance.randrange(7600, 9900)) / 100
        if knew
        else Decimal(chance.randrange(500)) / 100,
        "matched_qa_id": pair.id if knew else None,
        "response_time_ms": took,
        "was_escalated": False,
        "user_rating": chance.choice((5, 5, 4, 4, 3, 1)) if chance.random() < 0.3 else None,
        "outcome": "answer" if knew else "fallback",
        "created_at": at,
    }


def _last(messages: list[dict[str, Any]], status: str) -> dict[str, Any]:
    """What the list repeats of the messages."""
    last, inbound = messages[-1], [one for one in messages if one["direction"] == "in"]
    waits = last["direction"] == "in" and status != "resolved"
    return {
        "last_message_at": last["created_at"],
        "last_message_text": preview(last["text"], "text"),
        "last_message_direction": last["direction"],
        "last_inbound_at": inbound[-1]["created_at"] if inbound else None,
        "waiting_since": last["created_at"] if waits else None,
        "unread_count": 1 if waits else 0,
    }


def _climb(shop: Shop, chance: Random, talk: Talk, agent: int | None, began: datetime) -> None:
    """A card and its way: from the first stage towards the last, or out of it."""
    open_ones = [stage for stage in shop.stages if stage.kind == "open"]
    way = open_ones[: chance.randrange(1, len(open_ones) + 1)]
    ends = [stage for stage in shop.stages if stage.kind != "open"]
    if ends and talk.row["status"] == "resolved" and chance.random() < 0.7:
        way.append(chance.choice(ends))
    step = (talk.row["updated_at"] - began) / len(way)
    before: PipelineStage | None = None
    for at, stage in enumerate(way):
        talk.history.append(
            {
                "pipeline_id": shop.pipeline.id,
                "from_stage_id": before.id if before else None,
                "to_stage_id": stage.id,
                "changed_by": agent,
                "assignee_id": agent,
                "duration_seconds": int(step.total_seconds()) if before else None,
                "created_at": began + step * at,
            }
        )
        before = stage
    [key] = generate_n_keys_between(shop.keys.get(before.id), None, 1)
    shop.keys[before.id] = key
    talk.row |= {
        "pipeline_id": shop.pipeline.id,
        "pipeline_stage_id": before.id,
        "pipeline_position": key,
        "pipeline_version": len(way),
        "stage_changed_at": began + step * (len(way) - 1),
        "deal_value": Decimal(chance.randrange(5, 500) * 10_000),
        "closed_at": began + step * (len(way) - 1) if before.kind != "open" else None,
        "lost_reason": chance.choice(LOST) if before.kind == "lost" else None,
    }


def _entry(
    chance: Random, division: int, agent: int | None, row: dict[str, Any], began: datetime
) -> dict[str, Any]:
    """How the customer waited for the agent."""
    waited = int(chance.expovariate(1 / 240)) + 5
    assigned = min(began + timedelta(seconds=waited), now())
    return {
        "division_id": division,
        "status": "assigned",
        "assigned_agent_id": agent,
        "assigned_at": assigned,
        "entered_at": began,
        "created_at": began,
        "estimated_minutes": chance.choice((3, 5, 8)),
        "wait_seconds": int((assigned - began).total_seconds()),
        "finished_at": row["updated_at"] if row["status"] != "open" else None,
        "end_reason": "resolved" if row["status"] == "resolved" else None,
    }


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
