"""Customers of a demo organization, made up: who they are, what was said, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from fractional_indexing import generate_n_keys_between

from cloudchat.demo.words import FIRST, LAST, LOST, NOTES, TALKS, THINGS, TOWNS
from cloudchat.extensions import now
from cloudchat.models import (
    Chatbot,
    ChatbotQa,
    Device,
    Pipeline,
    PipelineStage,
)
from cloudchat.services.presenting import preview

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


def customer(shop: Shop, chance: Random, number: int) -> tuple[dict[str, Any], dict[str, Any], Talk]:
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


def _talk(shop: Shop, chance: Random, device: Device, external_id: str, began: datetime, status: str) -> Talk:
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
    step = min(now() - began, timedelta(days=chance.uniform(1, 20))) / len(way)
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
