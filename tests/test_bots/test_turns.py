"""A customer writes, the bot answers: over the web chat, as in life."""

from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import (
    ChatbotException,
    ChatbotInteraction,
    ChatbotPhrase,
    ChatbotTalk,
    Conversation,
    Message,
)
from cloudchat.services import accounts, bot_hours, bot_ratings, bot_settings, conversations, outbound
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as

TOMORROW = datetime.now(UTC).date() + timedelta(days=1)
NIGHT = datetime.combine(TOMORROW, time(20), UTC)  # 03:00 in Jakarta


class Customer:
    """A visitor of the web chat of one device."""

    def __init__(self, app, device):
        self.client, self.url, self.count = app.test_client(), f"/api/chat/{device.public_key}", 0
        made = self.client.post(f"{self.url}/sessions", json={"name": "Rina"})
        self.headers = {"Authorization": f"Bearer {made.json['token']}"}

    def says(self, text: str, button_id: str | None = None) -> list[dict]:
        """Write, and answer what the desk said since: text and buttons."""
        self.count += 1
        body = {"text": text, "client_id": f"c{self.count}"}
        if button_id:
            body["payload"] = {"button_id": button_id}
        sent = self.client.post(f"{self.url}/messages", json=body, headers=self.headers)
        assert sent.status_code == 201, sent.text
        self.conversation_id = sent.json["conversation_id"]
        query = {"after": sent.json["id"]}
        shown = self.client.get(f"{self.url}/messages", query_string=query, headers=self.headers)
        return [item for item in shown.json["items"] if item["direction"] == "out"]


@pytest.fixture
def device(cast, make):
    return make.device(cast.organization_id, "webchat", config={}, secrets={})


@pytest.fixture
def bot(cast, make, device):
    row = make.bot(cast.organization_id, (device,), greeting="Halo, ini bot Toko Kenanga.")
    make.pair(row, "Apakah bisa COD?", "COD untuk Jawa dan Bali.", alternatives=["Bayar di tempat"])
    make.pair(row, "Jam buka toko?", "Setiap hari 08.00 sampai 17.00.")
    make.pair(row, "Berapa ongkos kirim ke luar Jawa?", "Mulai Rp30.000.")
    make.pair(row, "Cara tukar ukuran?", "Paling lambat 7 hari.")
    return row


@pytest.fixture
def customer(app, device, bot):
    return Customer(app, device)


def turns(bot) -> list[ChatbotInteraction]:
    with acting_as(bot.organization_id):
        return list(
            db.session.scalars(
                select(ChatbotInteraction)
                .where(ChatbotInteraction.bot_id == bot.id)
                .order_by(ChatbotInteraction.id)
            )
        )


def conversation(bot, customer) -> Conversation:
    with acting_as(bot.organization_id):
        return db.session.get(Conversation, customer.conversation_id, populate_existing=True)


def change(bot, **values) -> None:
    with acting_as(bot.organization_id):
        bot_settings.change(bot.id, values)


def identity(person) -> Identity:
    with acting_as(person.organization_id):
        return accounts.identify_token(person.token)


def test_a_question_is_greeted_and_answered_in_one_message(bot, customer):
    said = customer.says("apakah bisa cod?")
    assert [item["text"] for item in said] == ["Halo, ini bot Toko Kenanga.\n\nCOD untuk Jawa dan Bali."]
    turn = turns(bot)[0]
    assert turn.outcome == "answer" and turn.confidence_score >= 70 and turn.response_time_ms >= 0
    assert turn.conversation_id == customer.conversation_id and turn.was_escalated is False
    row = conversation(bot, customer)
    assert row.unread_count == 1 and not row.needs_human


def test_unsure_it_asks_back_and_learns_from_the_choice(bot, customer):
    change(bot, answer_threshold=100)
    customer.says("halo kak")
    said = customer.says("bisa cod ga")[0]
    buttons = said["payload"]["buttons"]
    assert [button["id"].split(":")[1] for button in buttons] == ["qa", "qa", "qa", "agent"]
    assert customer.says("1")[0]["text"] == "COD untuk Jawa dan Bali."
    assert [turn.outcome for turn in turns(bot)] == ["greeting", "suggest", "answer"]
    assert turns(bot)[-1].reason == "choice"
    with acting_as(bot.organization_id):
        learned = db.session.scalars(select(ChatbotPhrase).where(ChatbotPhrase.bot_id == bot.id)).one()
    assert learned.text == "bisa cod ga"


def test_what_was_chosen_ranks_higher_next_time(bot, customer, cast, as_person):
    change(bot, answer_threshold=100, suggest_threshold=0)
    url = f"/api/app/chatbot/bots/{bot.id}/try"
    text = "barang kekecilan gmn"

    def first():
        best = as_person(cast.admin).post(url, json={"text": text}).json["suggestions"][0]
        return best["question"], best["score"]

    before = first()[1]
    said = customer.says(text)
    tap = next(b for b in said[0]["payload"]["buttons"] if "tukar ukuran" in b["title"])
    assert customer.says(tap["title"], tap["id"])[0]["text"] == "Paling lambat 7 hari."
    assert first()[0] == "Cara tukar ukuran?" and first()[1] > before


@pytest.mark.parametrize("how", ["word", "button", "misses", "low_score"])
def test_ways_to_a_human(bot, customer, how):
    if how == "word":
        said = customer.says("mau bicara dengan agen")
    elif how == "button":
        said = customer.says("Bicara dengan agen", "bot:agent")
    elif how == "misses":
        change(bot, suggest_threshold=70, misses_before_human=2)
        assert "Maaf" in customer.says("resep rendang padang dong")[0]["text"]
        said = customer.says("cuaca di bogor hujan ga")
    else:
        change(bot, escalate_below=60, answer_threshold=100)
        said = customer.says("cuaca di bogor hujan ga")
    assert "agen kami" in said[0]["text"]
    last = turns(bot)[-1]
    assert last.was_escalated and last.reason == how
    assert conversation(bot, customer).needs_human
    assert customer.says("apakah bisa cod?") == []


def test_silent_from_the_moment_that_a_human_answers(bot, customer, cast):
    """Also when the answer came from the phone: both are messages of an agent."""
    customer.says("apakah bisa cod?")
    with acting_as(bot.organization_id):
        outbound.reply(identity(cast.admin), customer.conversation_id, "Halo Kak, saya Ani")
    assert customer.says("jam buka toko?") == []
    assert len(turns(bot)) == 1


@pytest.mark.parametrize("returns", ["reopen", "never"])
def test_it_returns_by_rule_when_the_conversation_is_reopened(bot, customer, cast, returns):
    change(bot, returns=returns)
    customer.says("mau bicara dengan agen")
    me = identity(cast.admin)
    with acting_as(bot.organization_id):
        conversations.set_status(me, customer.conversation_id, "resolved")
        conversations.set_status(me, customer.conversation_id, "open")
    said = customer.says("jam buka toko?")
    assert [item["text"] for item in said] == (
        ["Setiap hari 08.00 sampai 17.00."] if returns == "reopen" else []
    )


def test_outside_its_hours_it_says_so_once_per_closed_period(bot, customer):
    change(bot, schedule_enabled=True, outside_hours_message="Kami tutup.")
    with acting_as(bot.organization_id):
        for day in range(7):
            window = {"day_of_week": day, "start_time": "08:00", "end_time": "17:00"}
            bot_hours.add(bot.id, window)
    with time_machine.travel(NIGHT, tick=True):
        assert [item["text"] for item in customer.says("apakah bisa cod?")] == ["Kami tutup."]
        assert customer.says("halo?") == []
        assert conversation(bot, customer).needs_human
    with time_machine.travel(NIGHT + timedelta(hours=8), tick=True):
        assert "COD untuk" in customer.says("apakah bisa cod?")[0]["text"]
    with time_machine.travel(NIGHT + timedelta(days=1), tick=True):
        assert [item["text"] for item in customer.says("jam buka toko?")] == ["Kami tutup."]


def test_another_machine_gets_five_answers(bot, customer):
    said = [customer.says(f"apakah bisa cod? {number}") for number in range(12)]
    assert sum(map(len, said)) <= 5
    row = conversation(bot, customer)
    assert row.needs_human
    assert turns(bot)[-1].reason == "loop"


def test_thanks_are_the_moment_to_rate(bot, customer):
    customer.says("apakah bisa cod?")
    asked = customer.says("makasih kak")[0]
    assert [button["title"] for button in asked["payload"]["buttons"]] == ["1", "2", "3", "4", "5"]
    assert "COD untuk" in customer.says("apakah bisa cod")[0]["text"]
    for wrong in ("bot:rate:0", "bot:rate:6", "bot:rate:NaN"):
        customer.says("x", wrong)
    assert turns(bot)[0].user_rating is None


def test_a_rating_is_kept_once(bot, customer):
    customer.says("apakah bisa cod?")
    customer.says("terima kasih")
    assert "penilaian" in customer.says("4", "bot:rate:4")[0]["text"]
    customer.says("1", "bot:rate:1")
    assert [turn.user_rating for turn in turns(bot) if turn.outcome == "answer"] == [4]


def test_a_silent_customer_is_asked_once(bot, customer):
    customer.says("apakah bisa cod?")
    later = datetime.now(UTC) + timedelta(minutes=11)
    with acting_as(bot.organization_id), time_machine.travel(later, tick=True):
        assert bot_ratings.talks_to_rate() == [customer.conversation_id]
        for _ in range(2):
            bot_ratings.ask_if_silent(customer.conversation_id)
        assert bot_ratings.talks_to_rate() == []
        asked = select(Message.text).where(
            Message.conversation_id == customer.conversation_id, Message.text.contains("nilai")
        )
        assert len(db.session.scalars(asked).all()) == 1


def test_a_photo_is_left_to_a_human(bot, device, make, cast):
    from cloudchat.channels.base import InboundMessage
    from cloudchat.services import inbound

    with acting_as(cast.organization_id):
        photo = InboundMessage("photo-1", "visitor-1", "image", datetime.now(UTC))
        told = inbound.accept([inbound.Incoming(device.id, photo)])
        db.session.commit()
        row = db.session.get(Conversation, told[0]["conversation_id"])
        assert row.needs_human
        sent = select(Message).where(Message.conversation_id == row.id, Message.direction == "out")
        assert db.session.scalars(sent).all() == []


@pytest.mark.parametrize("order", ["bot_first", "queue_first"])
def test_bot_and_queue_speak_in_the_chosen_order(bot, customer, cast, make, as_person, order):
    make.division(cast.organization_id, "Billing", (cast.agent,))
    put = as_person(cast.admin).put(
        "/api/app/queue/settings", json={"is_enabled": True, "routing_order": order}
    )
    assert put.status_code == 200, put.text
    first = [item["text"] for item in customer.says("apakah bisa cod?")]
    assert len(first) == 1 and ("COD untuk" in first[0]) == (order == "bot_first")
    if order == "bot_first":
        handed_over, menu = customer.says("mau bicara dengan agen")
        assert "agen kami" in handed_over["text"] and "Billing" in menu["text"]


def test_a_bot_that_fails_loses_no_message(bot, customer):
    """Hours that nobody can read (a hand in the database): the message is kept, and waits for a human."""
    change(bot, schedule_enabled=True)
    with acting_as(bot.organization_id):
        today = datetime.now(UTC).date()
        db.session.add(ChatbotException(bot_id=bot.id, date=today, windows={"items": [["?", "?"]]}))
        db.session.commit()
    assert customer.says("apakah bisa cod?") == []
    assert conversation(bot, customer).unread_count == 1 and turns(bot) == []


def test_another_organizations_bot_never_answers(bot, customer, make, cast):
    with acting_as(cast.neighbour_id):
        assert db.session.scalars(select(ChatbotTalk)).all() == []
