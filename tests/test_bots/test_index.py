"""The index of a bot follows its pairs, and nobody waits for that of many."""

from sqlalchemy import insert

from cloudchat import events
from cloudchat.events import bus
from cloudchat.extensions import db, redis
from cloudchat.jobs import bots as jobs
from cloudchat.models import Chatbot, ChatbotQa
from cloudchat.services import bot_index, bot_pairs, bot_trial
from cloudchat.tenancy import acting_as
from tests.waiting import wait_until


def test_the_index_of_many_pairs_is_made_anew_beside_the_one_before(context, cast, make):
    """A pair that was deleted is gone at once, a new one is found as soon as it is in."""
    bot = make.bot(cast.organization_id)
    with acting_as(cast.organization_id):
        rows = [
            {
                "organization_id": cast.organization_id,
                "bot_id": bot.id,
                "question": f"Berapa harga barang nomor {at}?",
                "answer": f"{at} ribu",
            }
            for at in range(bot_index.AT_ONCE + 1)
        ]
        db.session.execute(insert(ChatbotQa), rows)
        db.session.commit()
    gone = make.pair(bot, "Apakah bisa COD?")

    def best(text: str) -> int:
        with acting_as(cast.organization_id):
            found = bot_index.rank(db.session.get(Chatbot, bot.id, populate_existing=True), text, 1)
            db.session.commit()
            return found[0].id

    assert best("cod bs ga") == gone.id
    with acting_as(cast.organization_id):
        bot_pairs.remove(gone.id)
    new = make.pair(bot, "Kapan toko tutup?")
    assert best("cod bs ga") != gone.id
    assert wait_until(lambda: best("toko tutupnya kpn") == new.id)


def test_sentences_are_read_by_a_worker_and_fetched_by_whoever_ranks(context, cast, make, monkeypatch):
    """Until then, and when Redis was emptied, words alone rank."""
    monkeypatch.setattr(bot_index, "ASK_AGAIN", 0.0)
    bot = make.bot(cast.organization_id)
    late = make.pair(bot, "Berapa lama pesanan sampai?", "Jawa 2-4 hari.")
    make.pair(bot, "Bisa tukar ukuran?", "Paling lambat 7 hari.")

    def ask() -> dict[int, float]:
        with acting_as(cast.organization_id):
            read = db.session.get(Chatbot, bot.id, populate_existing=True)
            found = bot_index.rank(read, "buat kondangan sabtu ini keburu ga ya", 2)
            db.session.commit()
        return {match.id: match.score for match in found}

    by_words = ask()
    assert ask() == by_words
    jobs.read_sentences(cast.organization_id, bot.id)
    by_sentences = ask()
    assert by_sentences != by_words and by_sentences[late.id] == max(by_sentences.values())
    for key in redis.client.scan_iter("cloudchat:sentence:*"):
        redis.client.delete(key)
    assert ask() == by_sentences, "what this process has it keeps"
    with acting_as(cast.organization_id):
        bot_pairs.change(late.id, {"answer": "Jawa 2-4 hari kerja."})
    assert ask() != by_sentences, "and goes back to words where it must begin anew"


def test_whoever_tries_a_bot_out_has_its_sentences_read_as_well(context, cast, make):
    bot = make.bot(cast.organization_id)
    with acting_as(cast.organization_id):
        db.session.add(
            ChatbotQa(
                organization_id=cast.organization_id, bot_id=bot.id, question="Bisa COD?", answer="Bisa."
            )
        )
        db.session.commit()
    events.drain()
    told: list[events.SentencesWanted] = []
    events.subscribe(events.SentencesWanted, told.append)
    try:
        with acting_as(cast.organization_id):
            bot_trial.trial(db.session.get(Chatbot, bot.id, populate_existing=True), "bayarnya nanti")
        events.drain()
    finally:
        bus._subscribers[events.SentencesWanted].pop()
    assert told == [events.SentencesWanted(cast.organization_id, bot.id)]
