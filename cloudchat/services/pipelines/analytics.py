"""What the history of a board tells, by the definitions of docs/pipeline.md. Reads only.

Rates are 0 to 1, or None where there is nothing to divide by.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Contact, Conversation, ConversationLabel, Device, Label, PipelineStage, User
from cloudchat.services import periods
from cloudchat.services.accounts import Identity
from cloudchat.services.pipelines import analytics_sql, catalog, funnel, stages
from cloudchat.services.pipelines.board import weight
from cloudchat.services.pipelines.cards import stuck_after
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run

MOST_STUCK = 100


@dataclass(frozen=True)
class Asked:
    """The period (days of the organization's zone, both included) and what it is narrowed to."""

    start: date
    end: date
    agent_id: int | None = None
    label_id: int | None = None
    channel: str | None = None
    manual: bool = False
    skip_corrections: bool = False


def report(identity: Identity, pipeline_id: int, asked: Asked) -> dict[str, Any]:
    """All figures of one pipeline."""
    pipeline = catalog.get(pipeline_id)
    ladder = stages.of_pipelines([pipeline.id])
    given = _parameters(identity, pipeline.id, asked)
    cards = _cards_now(pipeline.id, asked)
    rungs, cohort, won_of_cohort = funnel.of(ladder, given, cards)
    closed = run(analytics_sql.CLOSED, **given)
    won = [row for row in closed if row.kind == "won"]
    cycle = funnel.mean([row.seconds for row in won])
    values = _values(ladder, cards)
    won_value = sum(float(row.deal_value or 0) for row in won)
    win_rate = funnel.rate(len(won), len(closed))
    return {
        "from": asked.start.isoformat(),
        "to": asked.end.isoformat(),
        "currency": pipeline.currency,
        "funnel": rungs,
        "cohort": cohort,
        "conversion_rate": funnel.rate(won_of_cohort, cohort),
        "win_rate": win_rate,
        "win_rate_by_value": funnel.rate(won_value, sum(float(row.deal_value or 0) for row in closed)),
        "won": len(won),
        "lost": len(closed) - len(won),
        "won_value": won_value,
        "avg_cycle_seconds": cycle,
        "throughput": _by_day(asked, closed, given),
        "stuck": _stuck(ladder, cards),
        "lost_reasons": _reasons(closed),
        "by_agent": _by_agent(closed),
        "by_label": _by_label(closed),
        **values,
        "sales_velocity": _velocity(len(values_open(ladder, cards)), win_rate, won, cycle),
        "bottleneck": funnel.bottleneck(rungs),
    }


def _parameters(identity: Identity, pipeline_id: int, asked: Asked) -> dict[str, Any]:
    return {
        "pipeline_id": pipeline_id,
        **periods.bounds(asked.start, asked.end, identity.timezone),
        "agent_id": asked.agent_id,
        "label_id": asked.label_id,
        "channel": asked.channel,
        "manual": asked.manual,
        "skip_corrections": asked.skip_corrections,
    }


# --- what stands on the board now --------------------------------------------------------------


def _cards_now(pipeline_id: int, asked: Asked) -> list:
    statement = (
        select(
            Conversation.id,
            Conversation.pipeline_stage_id.label("stage_id"),
            Conversation.stage_changed_at,
            Conversation.deal_value,
            Contact.name,
            User.name.label("agent"),
        )
        .join(Contact, Contact.id == Conversation.contact_id)
        .outerjoin(User, User.id == Conversation.assignee_id)
        .where(Conversation.pipeline_id == pipeline_id)
    )
    if asked.agent_id is not None:
        statement = statement.where(Conversation.assignee_id == asked.agent_id)
    if asked.label_id is not None:
        labelled = select(ConversationLabel.conversation_id).where(
            ConversationLabel.label_id == asked.label_id
        )
        statement = statement.where(Conversation.id.in_(labelled))
    if asked.channel:
        kinds = select(Device.id).where(Device.type == asked.channel)
        statement = statement.where(Conversation.device_id.in_(kinds))
    return list(db.session.execute(statement))


def values_open(ladder: list[PipelineStage], cards: list) -> list:
    """The cards in open stages."""
    ids = {stage.id for stage in ladder if stage.kind == "open"}
    return [card for card in cards if card.stage_id in ids]


def _values(ladder: list[PipelineStage], cards: list) -> dict[str, Any]:
    open_stages = [stage for stage in ladder if stage.kind == "open"]
    weights = {stage.id: weight(stage, open_stages) for stage in open_stages}
    found = values_open(ladder, cards)
    value = sum(float(card.deal_value or 0) for card in found)
    weighted = sum(float(card.deal_value or 0) * weights[card.stage_id] for card in found)
    return {
        "value": value,
        "weighted_value": round(weighted, 2),
        "without_value": sum(card.deal_value is None for card in found),
    }


def _stuck(ladder: list[PipelineStage], cards: list) -> list[dict]:
    """Open cards that are longer in their stage than they should be, the oldest first."""
    limits = {stage.id: stuck_after(stage).total_seconds() for stage in ladder if stage.kind == "open"}
    late = [card for card in cards if card.stage_id in limits and funnel.age(card) > limits[card.stage_id]]
    late.sort(key=funnel.age, reverse=True)
    return [
        {
            "id": card.id,
            "stage_id": card.stage_id,
            "seconds": int(funnel.age(card)),
            "since": iso(card.stage_changed_at),
            "name": card.name,
            "assignee": card.agent,
        }
        for card in late[:MOST_STUCK]
    ]


# --- what was closed ---------------------------------------------------------------------------


def _by_day(asked: Asked, closed: list, given: dict) -> list[dict]:
    days = (asked.start + timedelta(days=number) for number in range((asked.end - asked.start).days + 1))
    counts = Counter((row.day, row.kind) for row in closed)
    arrived = {row.day: row.number for row in run(analytics_sql.ARRIVALS, **given)}
    return [
        {
            "date": day.isoformat(),
            "won": counts[day, "won"],
            "lost": counts[day, "lost"],
            "arrived": arrived.get(day, 0),
        }
        for day in days
    ]


def _reasons(closed: list) -> list[dict]:
    counts = Counter(row.lost_reason or "" for row in closed if row.kind == "lost")
    return [{"reason": reason or None, "count": number} for reason, number in counts.most_common(10)]


def _by_agent(closed: list) -> list[dict]:
    """Won and lost by whose card it was at the closing."""
    ids = {row.assignee_id for row in closed if row.assignee_id}
    names = dict(db.session.execute(select(User.id, User.name).where(User.id.in_(ids))).tuples().all())
    groups: dict[int | None, list] = defaultdict(list)
    for row in closed:
        groups[row.assignee_id].append(row)
    found = [{"agent_id": key, "name": names.get(key), **_outcome(rows)} for key, rows in groups.items()]
    return sorted(found, key=lambda item: (-item["won"], item["lost"]))


def _by_label(closed: list) -> list[dict]:
    by_card = {row.card: row for row in closed}
    links = db.session.execute(
        select(ConversationLabel.conversation_id, Label.id, Label.name)
        .join(Label, Label.id == ConversationLabel.label_id)
        .where(ConversationLabel.conversation_id.in_(by_card))
    )
    groups: dict[tuple[int, str], list] = defaultdict(list)
    for card_id, label_id, name in links:
        groups[label_id, name].append(by_card[card_id])
    found = [{"label_id": key[0], "name": key[1], **_outcome(rows)} for key, rows in groups.items()]
    return sorted(found, key=lambda item: (-item["won"], item["name"]))


def _outcome(rows: list) -> dict[str, Any]:
    won = [row for row in rows if row.kind == "won"]
    return {
        "won": len(won),
        "lost": len(rows) - len(won),
        "win_rate": funnel.rate(len(won), len(rows)),
        "value": sum(float(row.deal_value or 0) for row in won),
    }


def _velocity(open_cards: int, win_rate: float | None, won: list, cycle: float | None) -> float | None:
    """Open cards × win rate × mean won value ÷ mean cycle days: money a day."""
    value = funnel.mean([float(row.deal_value) for row in won if row.deal_value is not None])
    if win_rate is None or value is None or not cycle:
        return None
    return round(open_cards * win_rate * value / (cycle / 86_400), 2)
