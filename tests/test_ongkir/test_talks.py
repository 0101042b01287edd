"""A customer asks the bot what shipping costs, over the web chat."""

import time

import pytest
from sqlalchemy import select, update

from cloudchat.clients import rajaongkir
from cloudchat.extensions import db, now
from cloudchat.jobs import ongkir as jobs
from cloudchat.jobs import sweeps
from cloudchat.models import ChatbotInteraction, Conversation, OngkirLog, OngkirTalk
from cloudchat.services.ongkir import accounts, talks
from cloudchat.simulators.rajaongkir import Fault
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_bots.test_turns import Customer


@pytest.fixture
def device(shop, make):
    return make.device(shop.organization_id, "webchat", config={}, secrets={})


@pytest.fixture
def bot(shop, make, device):
    row = make.bot(shop.organization_id, (device,))
    make.pair(row, "Berapa ongkos kirim ke luar Jawa?", "Mulai Rp30.000.")
    return row


class Asker(Customer):
    """A customer whose questions are answered as soon as the job has run."""

    organization_id = 0

    def asks(self, text: str, button_id: str | None = None) -> str:
        """Write, let the job run, and answer all that the bot has said."""
        at_once = self.says(text, button_id)
        jobs.answer(self.organization_id, self.conversation_id)
        return "\n".join(item["text"] for item in self.since(at_once))

    def since(self, at_once: list[dict]) -> list[dict]:
        shown = self.client.get(f"{self.url}/messages", headers=self.headers).json["items"]
        known = max((item["id"] for item in shown if item["direction"] == "in"), default=0)
        return [item for item in shown if item["direction"] == "out" and item["id"] > known]


@pytest.fixture
def customer(app, device, bot, shop):
    made = Asker(app, device)
    made.organization_id = shop.organization_id
    return made


def row_of(shop, customer) -> Conversation:
    with acting_as(shop.organization_id):
        return db.session.get(Conversation, customer.conversation_id, populate_existing=True)


def test_everything_said_at_once(customer, shop):
    text = customer.asks("cek ongkir ke denpasar 1,5 kg jne")
    assert text.startswith("Ongkir Jakarta Selatan ke Denpasar, 1,5 kg:\n1. JNE REG Rp")
    assert "hari)" in text and "JTR" not in text and "SiCepat" not in text
    with acting_as(shop.organization_id):
        log = db.session.scalars(select(OngkirLog)).one()
        assert (log.source, log.conversation_id, log.status) == ("chat", customer.conversation_id, "ok")
        turn = db.session.scalars(select(ChatbotInteraction)).one()
        assert (turn.outcome, turn.answer) == ("ongkir", text)
    assert customer.asks("yang paling murah aja").startswith("Yang paling murah: JNE REG Rp")
    assert customer.asks("kalau ke medan?").startswith("Ongkir Jakarta Selatan ke Medan, 1,5 kg:")


def test_what_is_missing_is_asked_and_remembered(customer, provider):
    assert customer.asks("ongkir ke bandung brp").startswith(
        "Bandung yang mana, Kak?\n\n1. Kota Bandung\n2. Kab"
    )
    assert customer.asks("yang kota kak") == "Berat paketnya berapa, Kak? Contoh: 1 kg atau 500 gram."
    text = customer.asks("2kg jne aja")
    assert text.startswith("Ongkir Jakarta Selatan ke Kota Bandung, 2 kg:") and "SiCepat" not in text
    again = customer.asks("kalau ke surabaya?")
    assert again.startswith("Ongkir Jakarta Selatan ke Surabaya, 2 kg:") and "SiCepat" not in again


def test_an_answer_that_would_be_a_question_by_itself_keeps_what_was_said(customer):
    assert customer.asks("ongkir dari surabaya brp kak").startswith("Mau dikirim ke mana")
    assert customer.asks("jne ke denpasar 2kg").startswith("Ongkir Surabaya ke Denpasar, 2 kg:\n1. JNE")


def test_a_talk_is_ended(customer):
    assert customer.asks("ongkir?").startswith("Mau dikirim ke mana")
    assert customer.asks("ga jadi") == "Baik, Kak. Kabari saja kalau mau cek ongkir lagi."


def test_a_tap_and_a_number_choose(customer):
    customer.asks("ongkir ke jakarta 1kg")
    assert "Jakarta Pusat" in customer.asks("1. Kota Jakarta Pusat", "bot:ongkir:1")
    customer.asks("ongkir ke bandung 1kg")
    assert "Kabupaten Bandung" in customer.asks("2")


def test_couriers_that_are_not_there(customer):
    text = customer.asks("ongkir ke medan 1kg gosend")
    assert text.startswith("Maaf Kak, GoSend belum bisa kami cek di sini.\nOngkir") and "SiCepat" in text


def test_what_the_provider_does_is_told_politely(customer, shop, provider):
    provider.faults = [Fault("daily_limit")]
    assert customer.asks("ongkir ke medan 1kg").startswith("Maaf Kak, cek ongkir sedang tidak tersedia")
    assert row_of(shop, customer).needs_human
    with acting_as(shop.organization_id):
        assert accounts.get().api_status == "quota_exceeded"


def test_a_slow_provider_costs_seconds_and_then_the_fallback(customer, provider, monkeypatch):
    """F17: the bot answers within its limit."""
    monkeypatch.setattr(rajaongkir.transport, "CALL_SECONDS", 0.4)
    provider.faults = [Fault("slow", seconds=5, times=9)]
    began = time.monotonic()
    assert customer.asks("ongkir ke medan 1kg").startswith("Maaf Kak, cek ongkir sedang tidak tersedia")
    assert time.monotonic() - began < 4


def test_an_unknown_place_is_asked_again(customer):
    assert "belum menemukan Zzyzzyx" in customer.asks("ongkir ke zzyzzyx 1kg")
    assert customer.asks("medan").startswith("Ongkir Jakarta Selatan ke Medan, 1 kg:")


def test_once_however_often_the_job_runs_and_not_over_a_human(customer, shop, bot):
    customer.says("ongkir ke medan 1kg")
    for _ in range(2):
        jobs.answer(shop.organization_id, customer.conversation_id)
    assert len(customer.since([])) == 1
    customer.says("ongkir ke palembang 1kg")
    with acting_as(shop.organization_id):
        db.session.execute(
            update(Conversation)
            .where(Conversation.id == customer.conversation_id)
            .values(assignee_id=shop.agent.id)
        )
        db.session.commit()
    jobs.answer(shop.organization_id, customer.conversation_id)
    assert customer.since([]) == []


def test_a_lost_job_is_found_again(customer, shop):
    customer.says("ongkir ke medan 1kg")
    with acting_as(shop.organization_id):
        db.session.execute(
            update(OngkirTalk)
            .where(OngkirTalk.conversation_id == customer.conversation_id)
            .values(due_at=now() - talks.LATE * 2)
        )
        db.session.commit()
    with all_organizations("test"):
        assert (shop.organization_id, customer.conversation_id) in talks.late()
    sweeps.late_ongkir()


def test_switched_off_the_bot_answers_as_before(customer, shop):
    with acting_as(shop.organization_id):
        accounts.save({"is_active": False})
    assert customer.asks("berapa ongkos kirim ke luar jawa?") == "Mulai Rp30.000."
