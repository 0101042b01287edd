"""A shop with three days of work, in a zone of its own, and its manager's program."""

from datetime import UTC, datetime, timedelta

import pytest

from cloudchat.extensions import db
from cloudchat.models import (
    ChatbotInteraction,
    Conversation,
    ConversationEvent,
    ConversationRating,
    Message,
    QueueEntry,
)
from cloudchat.tenancy import acting_as
from tests import factories

BEGAN = datetime(2026, 10, 5, tzinfo=UTC)
DAYS = {"from": "2026-10-05", "to": "2026-10-08"}


class Desk:
    """What agents do, at minutes since the begin; every row is written as the product writes it."""

    def __init__(self, as_person):
        self.organization_id = factories.organization(timezone="Asia/Makassar")
        self.manager = factories.person(self.organization_id, "manager")
        self.agents = [factories.person(self.organization_id, "agent") for _ in range(2)]
        self.divisions = [factories.division(self.organization_id) for _ in range(2)]
        self.device = factories.device(self.organization_id)
        self.bot = factories.bot(self.organization_id)
        self.as_person = as_person
        self.api = as_person(self.manager)

    def at(self, minutes: float) -> datetime:
        return BEGAN + timedelta(minutes=minutes)

    def talk(self, begins: float, **values) -> Conversation:
        row = factories.conversation(self.organization_id, self.device, status="resolved", **values)
        self.put(row, created_at=self.at(begins), updated_at=self.at(begins))
        return row

    def put(self, row, **values) -> None:
        with acting_as(self.organization_id):
            found = db.session.get(type(row), row.id)
            for name, value in values.items():
                setattr(found, name, value)
            db.session.commit()

    def say(self, talk, sender: str, minutes: float, agent=None) -> Message:
        direction = "in" if sender == "contact" else "out"
        row = factories.message(
            talk, direction=direction, sender_type=sender, sender_id=agent.id if agent else None
        )
        self.put(row, created_at=self.at(minutes))
        return row

    def resolve(self, talk, minutes: float) -> None:
        self.put(talk, status="resolved", resolved_at=self.at(minutes))

    def keep(self, row) -> None:
        with acting_as(self.organization_id):
            db.session.add(row)
            db.session.commit()

    def event(self, talk, kind: str, minutes: float, **data) -> None:
        self.keep(
            ConversationEvent(conversation_id=talk.id, kind=kind, data=data, created_at=self.at(minutes))
        )

    def rate(self, talk, rating: int, minutes: float) -> None:
        values = {"question": "?", "outcome": "answer", "user_rating": rating, "created_at": self.at(minutes)}
        self.keep(ChatbotInteraction(bot_id=self.bot.id, conversation_id=talk.id, **values))

    def rate_agent(self, talk, rating: int, minutes: float) -> None:
        """The customer was asked how the agent did, and said it."""
        moment = self.at(minutes)
        values = {"due_at": moment, "asked_at": moment, "message_id": 1, "rated_at": moment}
        whose = {"agent_id": talk.assignee_id, "division_id": talk.division_id}
        self.keep(ConversationRating(conversation_id=talk.id, rating=rating, **whose, **values))

    def wait(self, talk, division, minutes: float, seconds: int | None = None, **values) -> None:
        """A turn in a queue: served after so many seconds, or (None) not."""
        if seconds is not None:
            taken = self.at(minutes) + timedelta(seconds=seconds)
            values |= {"status": "assigned", "wait_seconds": seconds, "assigned_at": taken}
            values |= {"finished_at": taken, "end_reason": "resolved"}
        else:
            values |= {"status": "cancelled", "finished_at": self.at(minutes), "end_reason": "left"}
        entered = {"entered_at": self.at(minutes), "created_at": self.at(minutes)}
        self.keep(QueueEntry(conversation_id=talk.id, division_id=division.id, **entered, **values))

    def asks(self, what: str, caller=None, **query):
        answer = (caller or self.api).get(f"/api/app/reports/{what}", query_string={**DAYS, **query})
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture
def desk_of_days(context, as_person):
    return Desk(as_person)
