"""Questions of which a bot is unsure, while the organization's language model chooses among its pairs.

The bot's turn stops with a row (`wait`), in the transaction that keeps the customer's message; a job asks
the model with nothing held and ends the turn (`bot_settling.py`). Newer words of the customer, or a human,
come first. What nobody has ended in time, a sweeper ends without the model.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from cloudchat import events
from cloudchat.extensions import db, now
from cloudchat.models import AssistantChoice, ChatbotQa, ChatbotTalk, Contact, Conversation
from cloudchat.services.assistant import choosing
from cloudchat.services.bot_decisions import Decision
from cloudchat.services.clock_set_back import AHEAD
from cloudchat.services.matching import Match
from cloudchat.tenancy import current_organization_id

SECONDS = 6.0  # for the model
PATIENCE = timedelta(seconds=7)  # of the customer, from the question on
LEAST = 1.0  # seconds without which the model is not asked
LATE = timedelta(seconds=9)  # after this whoever was at it has died
LONGEST = 86_400.0  # seconds that a turn is said to have taken


def wait(talk: ChatbotTalk, text: str, decision: Decision, is_first: bool) -> bool:
    """Let the model choose, if there is one to ask; a job ends the turn then. Part of the caller's
    transaction, under the conversation's lock."""
    if not choosing.may_choose():
        return False
    withdraw(talk.conversation_id)
    db.session.add(
        AssistantChoice(
            conversation_id=talk.conversation_id,
            bot_id=talk.bot_id,
            question=text,
            candidates={"items": [[match.id, match.score] for match in decision.candidates]},
            is_first=is_first,
            due_at=now(),
        )
    )
    # Whatever else is said or done puts another thing in its place, and the model's choice comes too late
    talk.offered = {"question": "", "qa_ids": [], "scores": {}, "waits": True}
    events.publish(events.ChoiceDue(current_organization_id(), talk.conversation_id))
    return True


def is_waiting(talk: ChatbotTalk) -> bool:
    """Is a choice of the model what the customer waits for?"""
    return bool((talk.offered or {}).get("waits"))


def withdraw(conversation_id: int) -> AssistantChoice | None:
    """Take back the question that waits, if any; answers it. Under the conversation's lock."""
    found = db.session.get(AssistantChoice, conversation_id, populate_existing=True)
    if found is not None:
        db.session.delete(found)
        db.session.flush()
    return found


def begun(found: AssistantChoice) -> float:
    """When it was asked, by the clock that turns are measured with: never ahead, nor ages ago, however the
    clocks that tell it were set."""
    return time.perf_counter() - min(max(0.0, (now() - found.due_at).total_seconds()), LONGEST)


def take_up(conversation_id: int) -> tuple[datetime, int | None] | None:
    """Ask the model for the waiting question: when it was asked, and the pair that was chosen. None where
    nothing waits or somebody is at it. Commits; nothing is held while the model thinks."""
    found = db.session.get(AssistantChoice, conversation_id, populate_existing=True)
    if found is None:
        return None
    due_at, age = found.due_at, abs(now() - found.due_at)  # far ahead: the clock was set back since
    mine = update(AssistantChoice).where(
        AssistantChoice.conversation_id == conversation_id,
        AssistantChoice.due_at == due_at,
        AssistantChoice.asked_at.is_(None),
    )
    is_mine = bool(db.session.execute(mine.values(asked_at=now())).rowcount)
    db.session.commit()
    left = min(SECONDS, (PATIENCE - age).total_seconds())
    if not is_mine:
        return (due_at, None) if age > LATE else None
    return due_at, _ask(found, left) if left >= LEAST else None


def _ask(found: AssistantChoice, seconds: float) -> int | None:
    name = db.session.scalar(
        select(Contact.name)
        .join(Conversation, Conversation.contact_id == Contact.id)
        .where(Conversation.id == found.conversation_id)
    )
    return ask(found.bot_id, found.question, decision_of(found).candidates, seconds, name)


def ask(
    bot_id: int, text: str, candidates: Sequence[Match], seconds: float = SECONDS, name: str | None = None
) -> int | None:
    """The pair that the model chooses among those of the bot that are still there; commits."""
    ids = [match.id for match in candidates]
    rows = select(ChatbotQa.id, ChatbotQa.question).where(
        ChatbotQa.id.in_(ids), ChatbotQa.bot_id == bot_id, ChatbotQa.is_active
    )
    questions = dict(db.session.execute(rows).all())
    ids = [qa_id for qa_id in ids if qa_id in questions]
    place = choosing.choose(text, [questions[qa_id] for qa_id in ids], seconds, name)
    return None if place is None else ids[place]


def decision_of(found: AssistantChoice) -> Decision:
    """What the bot had decided before the model was asked."""
    candidates = tuple(Match(qa_id, score) for qa_id, score in found.candidates["items"])
    return Decision.suggesting(candidates)


def late() -> list[tuple[int, int]]:
    """(organization, conversation) of questions that nobody is at any more, also of those that a clock which
    was set back since has put off; across organizations."""
    moment = now()
    due = select(AssistantChoice.organization_id, AssistantChoice.conversation_id).where(
        or_(AssistantChoice.due_at < moment - LATE, AssistantChoice.due_at > moment + AHEAD)
    )
    return [tuple(found) for found in db.session.execute(due.order_by(AssistantChoice.due_at).limit(500))]
