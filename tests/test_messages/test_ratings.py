"""A resolved conversation is rated: asked for once, heard, and nobody's work again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, text

from cloudchat.channels.base import InboundMessage
from cloudchat.events import drain
from cloudchat.extensions import db, now
from cloudchat.jobs import ratings as jobs
from cloudchat.models import (
    ChatbotTalk,
    Contact,
    Conversation,
    ConversationEvent,
    ConversationRating,
    Message,
    WebhookDelivery,
)
from cloudchat.services import (
    contacts,
    conversation_bulk,
    conversations,
    inbound,
    inbox,
    outbound,
    rating_settings,
    ratings,
)
from cloudchat.services.webhooks import recording
from cloudchat.tenancy import acting_as, all_organizations
from tests import factories
from tests.test_bots.test_turns import Customer
from tests.test_messages.numbers import identity
from tests.test_messages.talks import hurry
from tests.test_messages.together import at_once
from tests.test_webhooks.conftest import hook

__all__ = ["hook"]  # a fixture


@dataclass
class Shop:
    """An organization that asks, its web chat, an agent of a division, and what became of it."""

    app: object
    organization_id: int
    agent: factories.Person
    division_id: int
    device: object

    def customer(self) -> Customer:
        """Somebody wrote, the agent has the conversation."""
        made = Customer(self.app, self.device)
        made.says("Halo kak")
        self.change(
            made.conversation_id, assignee_id=self.agent.id, division_id=self.division_id, unread_count=0
        )
        return made

    def change(self, conversation_id: int, **values) -> None:
        with acting_as(self.organization_id):
            row = db.session.get(Conversation, conversation_id, populate_existing=True)
            for name, value in values.items():
                setattr(row, name, value)
            db.session.commit()

    def act(self, action, *args):
        with acting_as(self.organization_id):
            return action(identity(self.agent), *args)

    def resolve(self, customer: Customer) -> None:
        self.act(conversations.set_status, customer.conversation_id, "resolved")

    def ask(self, after: timedelta = ratings.GRACE) -> int:
        """The sweeper comes some time later; answers how many have been asked by then, by whomever: a
        desk that runs beside these tests has a sweeper of its own."""
        later = datetime.now(UTC) + after + timedelta(seconds=1)
        with time_machine.travel(later, tick=True), acting_as(self.organization_id):
            for rating_id in ratings.due():
                ratings.ask(rating_id)
        return sum(row.asked_at is not None for row in self.all(ConversationRating))

    def row(self, conversation_id: int) -> Conversation:
        with acting_as(self.organization_id):
            return db.session.get(Conversation, conversation_id, populate_existing=True)

    def all(self, model) -> list:
        with acting_as(self.organization_id):
            found = select(model).order_by(model.id).execution_options(populate_existing=True)
            return list(db.session.scalars(found))

    def rating(self) -> ConversationRating:
        [found] = self.all(ConversationRating)
        return found

    def questions(self) -> list[Message]:
        return [row for row in self.all(Message) if row.sender_type == "system" and row.type == "buttons"]


@pytest.fixture
def shop(app, cast, make):
    device = make.device(cast.organization_id, "webchat", config={}, secrets={})
    division = make.division(cast.organization_id, "Billing", (cast.agent,))
    with acting_as(cast.organization_id):
        rating_settings.change(True, "")
    return Shop(app, cast.organization_id, cast.agent, division.id, device)


@pytest.fixture
def asked(shop):
    """A customer who was asked, and the id of the question's button for a number."""
    customer = shop.customer()
    shop.resolve(customer)
    assert shop.ask() == 1
    customer.button = lambda number: f"csat:{shop.rating().id}:{number}"
    return customer


# --- asking ----------------------------------------------------------------------------------------


def test_who_was_served_by_an_agent_is_asked_once(shop):
    customer = shop.customer()
    for _ in range(2):
        shop.resolve(customer)
    assert shop.ask(after=timedelta(0)) == 0, "it can be taken back first"
    with all_organizations("a test"):
        assert shop.organization_id not in ratings.organizations_due()
        with time_machine.travel(datetime.now(UTC) + ratings.GRACE, tick=True):
            assert shop.organization_id in ratings.organizations_due()
    rating_id = shop.rating().id
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=True):
        done = at_once(shop.app, *[lambda: jobs.ask(shop.organization_id)] * 3)
        assert done == [None] * 3
    assert shop.ask() == 1
    [question] = shop.questions()
    assert question.text == ratings.PHRASES["id"]["question"]
    assert [one["id"] for one in question.payload["buttons"]] == [
        f"csat:{rating_id}:{n}" for n in range(1, 6)
    ]
    row, kept = shop.row(customer.conversation_id), shop.rating()
    assert (row.status, row.unread_count, row.waiting_since) == ("resolved", 0, None)
    assert (kept.agent_id, kept.division_id, kept.message_id) == (
        shop.agent.id,
        shop.division_id,
        question.id,
    )
    kinds = [event.kind for event in shop.all(ConversationEvent)]
    assert kinds.count("rating_asked") == 1


def test_of_two_conversations_of_a_customer_one_is_asked_about(shop, make):
    """Resolved at the same moment on two devices, asked by two workers; and again within a day."""
    with acting_as(shop.organization_id):
        person = Contact(name="Sari")
        db.session.add(person)
        db.session.commit()
    talks = []
    for _ in range(3):
        device = make.device(shop.organization_id, "webchat", config={}, secrets={})
        talks.append(
            make.conversation(shop.organization_id, device, contact=person, assignee_id=shop.agent.id)
        )
    bulk = conversation_bulk.Change("status", status="resolved")
    shop.act(conversation_bulk.act, [row.id for row in talks[:2]], bulk)
    ids = [row.id for row in shop.all(ConversationRating)]

    def ask(rating_id: int) -> bool:
        with acting_as(shop.organization_id):
            return ratings.ask(rating_id)

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=True):
        assert set(at_once(shop.app, *[lambda one=one: ask(one) for one in ids])) <= {False, True}
    shop.act(conversations.set_status, talks[2].id, "resolved")
    assert shop.ask(after=timedelta(minutes=2)) == 1
    assert len(shop.questions()) == len(shop.all(ConversationRating)) == 1, "what is not asked is dropped"


def not_switched_on(shop, customer):
    with acting_as(shop.organization_id):
        rating_settings.change(False, "")
    shop.resolve(customer)


def only_a_bot_spoke(shop, customer):
    shop.change(customer.conversation_id, assignee_id=None)
    with acting_as(shop.organization_id):
        outbound.add(db.session.get(Conversation, customer.conversation_id), "bot", "Halo!")
        db.session.commit()
    shop.act(conversations.set_status, customer.conversation_id, "resolved")


def the_bot_has_asked(shop, customer):
    with acting_as(shop.organization_id):
        bot = factories.bot(shop.organization_id)
        talk = ChatbotTalk(conversation_id=customer.conversation_id, bot_id=bot.id, rating_asked_at=now())
        db.session.add(talk)
        db.session.commit()
    shop.resolve(customer)


def taken_back(shop, customer):
    shop.resolve(customer)
    shop.act(conversations.set_status, customer.conversation_id, "open")


def the_customer_went_on(shop, customer):
    shop.resolve(customer)
    customer.says("Satu lagi kak")


def the_window_has_closed(shop, customer):
    device = factories.device(shop.organization_id)
    row = factories.conversation(
        shop.organization_id,
        device,
        assignee_id=shop.agent.id,
        last_inbound_at=datetime.now(UTC) - timedelta(hours=30),
    )
    shop.act(conversations.set_status, row.id, "resolved")


@pytest.mark.parametrize(
    "case",
    [
        not_switched_on,
        only_a_bot_spoke,
        the_bot_has_asked,
        taken_back,
        the_customer_went_on,
        the_window_has_closed,
    ],
)
def test_who_is_not_asked(shop, case):
    case(shop, shop.customer())
    assert shop.ask() == 0
    assert shop.all(ConversationRating) == [] and shop.questions() == []


def test_an_answer_from_the_phone_counts_and_hours_later_nobody_is_asked(shop):
    """Nobody was assigned, a person wrote last; and no worker ran for a while."""
    for late, count in ((timedelta(hours=2), 0), (ratings.GRACE, 1)):
        customer = shop.customer()
        with acting_as(shop.organization_id):
            row = db.session.get(Conversation, customer.conversation_id, populate_existing=True)
            outbound.add(row, "agent", "Sudah kami kirim ya")
            row.assignee_id = None
            db.session.commit()
        shop.resolve(customer)
        assert shop.ask(after=late) == count
    assert shop.rating().agent_id is None and shop.rating().division_id == shop.division_id


# --- hearing ---------------------------------------------------------------------------------------


def test_a_tap_is_kept_once_and_opens_nothing(shop, asked, hook, as_person):
    recording.forget(shop.organization_id)
    before = shop.row(asked.conversation_id)
    said = asked.says("4", asked.button(4))
    assert [one["text"] for one in said] == [ratings.PHRASES["id"]["thanks"]]
    assert asked.says("1", asked.button(1)) == [], "a second tap changes nothing"
    kept, row = shop.rating(), shop.row(asked.conversation_id)
    assert (kept.rating, kept.agent_id, kept.division_id) == (4, shop.agent.id, shop.division_id)
    assert kept.rated_at is not None
    assert [one.id for one in shop.all(Conversation)] == [asked.conversation_id]
    assert (row.status, row.unread_count, row.version) == ("resolved", 0, before.version)
    assert row.waiting_since is None and not row.needs_human and row.assignee_id == shop.agent.id
    rated = [event.data for event in shop.all(ConversationEvent) if event.kind == "rated"]
    assert [data["rating"] for data in rated] == [4]
    told = [one.data for one in shop.all(WebhookDelivery) if one.event == "conversation.rated"]
    assert [(one["rating"], one["agent_id"], one["conversation"]["id"]) for one in told] == [
        (4, shop.agent.id, row.id)
    ]
    shop.act(conversations.set_status, row.id, "open")
    page = as_person(shop.agent).get(f"/app/inbox/{row.id}/thread").text
    assert "diminta memberi penilaian" in page and "memberi nilai 4 dari 5" in page


def test_a_number_alone_is_a_rating_and_sent_twice_it_counts_once(shop, asked):
    said = asked.says(" 5 ")
    assert [one["text"] for one in said] == [ratings.PHRASES["id"]["thanks"]]
    asked.count -= 1  # the browser sends the same once more
    asked.says(" 5 ")
    assert shop.rating().rating == 5
    assert len(shop.all(Conversation)) == 1 and len(shop.questions()) == 1
    assert [row.text for row in shop.all(Message) if row.direction == "in"] == ["Halo kak", "5"]
    asked.says("3")
    assert shop.rating().rating == 5 and len(shop.all(Conversation)) == 2, "now it is something new"


@pytest.mark.parametrize("words", ["0", "6", "NaN", "4.5", "lima", "5 ya"])
def test_anything_else_is_an_ordinary_message(shop, asked, words):
    """And a number after it is none to the question any more; a tap still is."""
    old = asked.conversation_id
    asked.says(words)
    assert asked.conversation_id != old
    asked.says("4")
    assert shop.rating().rating is None
    assert shop.row(asked.conversation_id).unread_count == 2
    asked.says("2", asked.button(2))
    assert shop.rating().rating == 2 and asked.conversation_id == old
    for name in ("unread_count", "status"):
        assert getattr(shop.row(old), name) == {"unread_count": 0, "status": "resolved"}[name]


def test_wrong_and_foreign_buttons_rate_nothing(shop, asked):
    stranger = Customer(shop.app, shop.device)
    assert stranger.says("5", asked.button(5)) == []
    for wrong in ("0", "6", "NaN", "10", "-1", "4:4"):
        asked.says("x", f"csat:{shop.rating().id}:{wrong}")
    asked.says("x", f"csat:{2**40}:5")
    assert shop.rating().rating is None
    assert shop.row(stranger.conversation_id).unread_count == 1


def test_after_a_day_a_number_is_an_ordinary_message(shop, asked):
    with acting_as(shop.organization_id):
        db.session.execute(text("update conversation_ratings set asked_at = asked_at - interval '25 hours'"))
        db.session.commit()
    asked.says("5")
    assert shop.rating().rating is None and len(shop.all(Conversation)) == 2


def test_numbers_of_one_batch_are_taken_in_their_order(shop, asked):
    """Words first: then the number belongs to them. Two of them: the first is the rating."""
    person = shop.row(asked.conversation_id).external_user_id

    def come(*texts: str) -> None:
        with acting_as(shop.organization_id):
            inbound.accept(
                [
                    inbound.Incoming(
                        shop.device.id, InboundMessage(f"b{text}", person, "text", now(), text=text)
                    )
                    for text in texts
                ]
            )
            db.session.commit()
        drain()

    come("3", "4")
    come("3")  # the provider repeats it
    assert shop.rating().rating == 3 and len(shop.all(Conversation)) == 2
    newest = shop.all(Conversation)[-1]
    assert newest.unread_count == 1
    shop.change(newest.id, assignee_id=shop.agent.id)
    with acting_as(shop.organization_id):
        db.session.execute(text("delete from conversation_ratings"))
        db.session.commit()
    shop.act(conversations.set_status, newest.id, "resolved")
    assert shop.ask() == 1
    come("tunggu", "5")
    assert shop.rating().rating is None and shop.all(Conversation)[-1].unread_count == 2


def test_whatsapp_gets_a_list_and_a_phone_figures(shop, number, make):
    """The list's row comes back by Meta's webhook, twice; without buttons, words say what to do."""
    with acting_as(shop.organization_id):
        rating_settings.change(True, "Puas dengan layanan kami?")
    number.receive(number.message())
    [row] = number.conversations()
    shop.change(row.id, assignee_id=shop.agent.id)
    phone = make.conversation(
        shop.organization_id, make.device(shop.organization_id, "wa_device"), assignee_id=shop.agent.id
    )
    for one in (row, phone):
        shop.act(conversations.set_status, one.id, "resolved")
    assert shop.ask() == 2
    hurry(number)
    number.deliver()
    [question] = [sent for sent in number.messages("out") if sent.type == "list"]
    assert question.status == "sent" and question.text == "Puas dengan layanan kami?"
    choice = {"id": question.payload["buttons"][4]["id"], "title": "5"}
    tap = number.message("interactive", {"type": "list_reply", "list_reply": choice})
    for _ in range(2):
        number.receive(tap)
    [row] = number.conversations()
    assert (row.status, row.unread_count) == ("resolved", 0)
    assert [one.rating for one in shop.all(ConversationRating) if one.conversation_id == row.id] == [5]
    with acting_as(shop.organization_id):
        [words] = [item["text"] for item in inbox.messages(phone.id)]
    assert words == f"Puas dengan layanan kami?\n\n{ratings.PHRASES['id']['in_figures']}"


def test_a_rating_waits_for_no_answer_and_goes_with_its_contact(shop, asked):
    with acting_as(shop.organization_id):
        outbound.add(db.session.get(Conversation, asked.conversation_id), "agent", "Siap")
        db.session.commit()
    asked.says("1", asked.button(1))
    shop.act(conversations.set_status, asked.conversation_id, "open")
    row = shop.row(asked.conversation_id)
    assert row.waiting_since is None, "a rating asks nothing"
    with acting_as(shop.organization_id):
        contacts.delete(row.contact_id)
    assert shop.all(ConversationRating) == []
