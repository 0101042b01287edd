"""The turns and conversations behind each figure of a bot's report: as many as the figure says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudchat.services import bot_unmatched
from cloudchat.services.bot_analytics import SUCCESSFUL
from cloudchat.services.bot_reports import Asked
from cloudchat.services.presenting import iso
from cloudchat.services.statements import run

# Which turns count for a figure; rates and means stand on the turns that they are made of
FIGURES = {
    "total_interactions": "true",
    "conversations_handled": "i.conversation_id is not null",
    "successful_interactions": SUCCESSFUL,
    "escalated_interactions": "i.was_escalated",
    "success_rate": SUCCESSFUL,
    "escalation_rate": "i.was_escalated",
    "avg_response_time_ms": "i.response_time_ms is not null",
    "p95_response_time_ms": "i.response_time_ms is not null",
    "avg_confidence_score": "i.confidence_score is not null",
    "avg_rating": "i.user_rating is not null",
    "ratings_count": "i.user_rating is not null",
    "solved_questions": "i.solved_qa_id is not null",
    "questions": "i.matched_qa_id is not null",
    "unmatched": bot_unmatched.UNMATCHED,
}


@dataclass(frozen=True)
class Choice:
    """Turns of a figure, and of one bar, cell, point or line of its chart or list."""

    figure: str = "total_interactions"
    rating: int | None = None
    tenth: int | None = None  # of the score: 0 is 0 to 10
    weekday: int | None = None  # 1 is Monday
    hour: int | None = None
    qa_id: int | None = None
    question: str | None = None  # that stands for a group of unmatched ones
    at: datetime | None = None  # the first moment of a bucket
    bucket: str = "day"


# Which field narrows to what
_PARTS = {
    "rating": "i.user_rating = %(rating)s",
    "tenth": "least(floor(i.confidence_score / 10), 9) = %(tenth)s",
    "weekday": "extract(isodow from i.created_at at time zone %(timezone)s) = %(weekday)s",
    "hour": "extract(hour from i.created_at at time zone %(timezone)s) = %(hour)s",
    "qa_id": "i.matched_qa_id = %(qa_id)s",
    "at": "date_trunc(%(bucket)s, i.created_at, %(timezone)s) = %(at)s",
    "question": f"{bot_unmatched.UNMATCHED} and {bot_unmatched.SAME_TEXT} = any(%(texts)s)",
}

_FROM = """
    from chatbot_interactions i
    left join conversations c on c.organization_id = i.organization_id and c.id = i.conversation_id
    left join contacts k on k.organization_id = i.organization_id and k.id = c.contact_id
    where i.organization_id = %(organization_id)s and i.bot_id = %(bot_id)s
      and i.created_at >= %(start)s and i.created_at < %(finish)s
"""

_COUNT = "select count(*) as turns, count(distinct i.conversation_id) as conversations"

_TURNS = "select i.*, k.name as contact"

_NEWEST = """
    and (%(after_at)s::timestamptz is null
         or (i.created_at, i.id) < (%(after_at)s::timestamptz, %(after_id)s::bigint))
    order by i.created_at desc, i.id desc limit %(limit)s
"""

_TALKS = """
    select i.conversation_id, max(i.created_at) as created_at, max(i.id) as id, count(*) as turns,
           max(k.name) as contact, (array_agg(i.question order by i.id desc))[1] as question
"""

_LATEST = """
    and i.conversation_id is not null
    group by i.conversation_id
    having %(after_at)s::timestamptz is null
        or (max(i.created_at), max(i.id)) < (%(after_at)s::timestamptz, %(after_id)s::bigint)
    order by max(i.created_at) desc, max(i.id) desc limit %(limit)s
"""


def _narrowed(wanted: Asked, choice: Choice) -> tuple[str, dict[str, Any]]:
    """Where the turns of a choice come from, and the statement's values."""
    chosen = [name for name in _PARTS if getattr(choice, name) is not None]
    criteria = [FIGURES[choice.figure], *(_PARTS[name] for name in chosen)]
    values = {**wanted.values(), **{name: getattr(choice, name) for name in chosen}, "bucket": choice.bucket}
    if choice.question is not None:
        values["texts"] = bot_unmatched.texts_like(wanted, choice.question)
    return _FROM + "".join(f" and ({part})" for part in criteria), values


def counted(wanted: Asked, choice: Choice) -> tuple[int, int]:
    """How many turns, in how many conversations."""
    source, values = _narrowed(wanted, choice)
    row = run(_COUNT + source, **values)[0]
    return row.turns, row.conversations


def page(
    wanted: Asked, choice: Choice, after: tuple[datetime, int] | None, limit: int, by_talk: bool = False
) -> list[dict[str, Any]]:
    """The turns, newest first, behind the one of this moment and id; or their conversations, each with
    its last question."""
    source, values = _narrowed(wanted, choice)
    values |= dict(zip(("after_at", "after_id"), after or (None, None), strict=True))
    columns, rest = (_TALKS, _LATEST) if by_talk else (_TURNS, _NEWEST)
    written = _talk if by_talk else _turn
    return [written(row) for row in run(columns + source + rest, limit=limit, **values)]


def _turn(row) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": iso(row.created_at),
        "conversation_id": row.conversation_id,
        "contact": row.contact,
        "question": row.question,
        "answer": row.answer,
        "outcome": row.outcome,
        "was_escalated": row.was_escalated,
        "reason": row.reason,
        "qa_id": row.matched_qa_id,
        "confidence_score": None if row.confidence_score is None else float(row.confidence_score),
        "response_time_ms": row.response_time_ms,
        "rating": row.user_rating,
        "place": [row.created_at.isoformat(), row.id],
    }


def _talk(row) -> dict[str, Any]:
    return {
        "id": row.conversation_id,
        "at": iso(row.created_at),
        "conversation_id": row.conversation_id,
        "contact": row.contact,
        "question": row.question,
        "turns": row.turns,
        "place": [row.created_at.isoformat(), row.id],
    }
