"""Somebody of the desk gives a conversation back to the bot; the list shows whom the bot has."""

import pytest

from cloudchat.extensions import db
from cloudchat.models import Chatbot, Conversation, QueueEntry
from cloudchat.services import bot_pairs
from cloudchat.services.queueing import settings as queue_settings
from cloudchat.tenancy import acting_as
from tests.test_bots.test_turns import Customer, bot, customer, device  # noqa: F401 - fixtures


class Desk:
    """What an agent does with the one conversation."""

    def __init__(self, person, customer):  # noqa: F811
        self.person, self.id = person, customer.conversation_id
        self.url = f"/api/app/inbox/conversations/{self.id}"

    def posts(self, end: str, expected: int = 200, **body):
        answer = self.person.post(f"{self.url}/{end}", json=body)
        assert answer.status_code == expected, answer.text
        return answer.json

    def sees_bot(self) -> bool:
        """The mark in the list and the badge in the header say the same."""
        row = self.person.get("/app/inbox/rows", query_string={"ids": self.id, "status": "all"}).text
        head = self.person.get(f"/app/inbox/{self.id}/thread").text
        assert ("#robot" in row) == ("badge-blue" in head and "#robot" in head.split("badge-blue")[1][:300])
        return "#robot" in row


@pytest.fixture
def desk_of(cast, as_person):
    return lambda who: Desk(as_person(cast.agent), who)


def test_back_to_the_bot(cast, customer, desk_of):  # noqa: F811
    assert customer.says("bisa cod kak?")
    desk = desk_of(customer)
    assert desk.sees_bot()
    desk.posts("messages", 201, text="Saya bantu ya Kak")
    desk.posts("assign", agent_id=cast.agent.id)
    assert not desk.sees_bot() and customer.says("bisa cod kak?") == []
    told = desk.posts("bot")
    assert told["assignee"] is None and not told["needs_human"] and desk.sees_bot()
    thread = desk.person.get(f"/app/inbox/{desk.id}/thread").text
    assert cast.agent.name in thread and "bot" in thread
    assert "COD untuk Jawa dan Bali." in customer.says("bisa cod kak?")[0]["text"]
    customer.says("mau bicara dengan agen")
    assert not desk.sees_bot()
    assert desk.posts("bot", 409, expected_version=1)["error"]["code"] == "stale_version"
    desk.posts("status", status="resolved")
    assert desk.posts("bot", 409)["error"]["code"] == "conversation_resolved"


def test_without_a_bot_it_cannot_be_given_back(cast, bot, customer, desk_of):  # noqa: F811
    customer.says("halo")
    desk = desk_of(customer)
    with acting_as(cast.organization_id):
        db.session.get(Chatbot, bot.id).is_active = False
        db.session.commit()
    assert desk.posts("bot", 409)["error"]["code"] == "no_bot"


def test_given_back_it_stands_before_the_menu(cast, make, customer, desk_of, as_person):  # noqa: F811
    """The queue comes first, the customer waits there; given back, the line is left and the bot answers."""
    make.division(cast.organization_id, "Billing", agents=(cast.agent,))
    with acting_as(cast.organization_id):
        queue_settings.save({"is_enabled": True, "routing_order": "queue_first"})
    assert "Billing" in customer.says("halo")[0]["text"]
    customer.says("1")
    desk = desk_of(customer)
    desk.posts("bot")
    with acting_as(cast.organization_id):
        entries = db.session.scalars(db.select(QueueEntry).filter_by(conversation_id=desk.id)).all()
        assert [(entry.status, entry.end_reason) for entry in entries] == [("cancelled", "given_back")]
        assert db.session.get(Conversation, desk.id).division_id is None
    assert "COD untuk Jawa dan Bali." in customer.says("bisa cod kak?")[0]["text"]
    escalated = customer.says("mau bicara dengan agen")
    assert "Billing" in escalated[-1]["text"]  # who is passed on chooses a division again


def test_the_demo_has_a_bot_at_work(make):
    from cloudchat.demo import bot as demo_bot

    organization_id = make.organization()
    device_row = make.device(organization_id, "webchat", config={}, secrets={})
    with acting_as(organization_id):
        for _ in range(2):  # again, as `make run` does
            demo_bot.seed()
        [made] = db.session.scalars(db.select(Chatbot)).all()
        assert bot_pairs.count(made.id) == len(demo_bot.PAIRS) >= 12
        assert made.schedule_enabled and made.greeting
    assert device_row.id
