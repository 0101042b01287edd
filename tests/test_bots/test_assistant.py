"""A language model behind the bot: it chooses a pair where the bot is unsure; all else stays as it is."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from cloudchat.extensions import db, now
from cloudchat.jobs import bots as jobs
from cloudchat.jobs import queue, sweeps
from cloudchat.models import (
    AssistantChoice,
    AssistantSettings,
    AssistantUsage,
    AuditEntry,
    ChatbotTalk,
    Conversation,
    Notification,
)
from cloudchat.services import bot_choices, bot_settings, conversations, outbound
from cloudchat.services.assistant import accounts, breaker, choosing
from cloudchat.simulators.language_model import Fault
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_bots.test_turns import (  # noqa: F401
    Customer,
    bot,
    change,
    conversation,
    device,
    identity,
    turns,
)

URL = "/api/app/assistant"
KEY = "kunci-model-rahasia-wxyz"
ASKS_BACK = "Maksud Kakak yang mana?"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Customers of a busy machine wait longer: what is tried here is no matter of seconds."""
    monkeypatch.setattr(bot_choices, "SECONDS", 30.0)
    monkeypatch.setattr(bot_choices, "PATIENCE", timedelta(minutes=1))
    monkeypatch.setattr(breaker, "HELD", 60)


@pytest.fixture
def helped(model, bot, cast):  # noqa: F811
    """The bot, never sure by itself, with a model that chooses and drafts."""
    change(bot, answer_threshold=100, suggest_threshold=0)
    with acting_as(cast.organization_id):
        accounts.save({"address": model.address, "api_key": KEY, "chooses": True, "drafts": True})
    return bot


class Asker(Customer):
    """A customer who waits until the bot has spoken, whether the job runs here or in the desk's worker."""

    def __init__(self, app, device, bot, eventually):  # noqa: F811
        super().__init__(app, device)
        self.bot, self.eventually = bot, eventually

    def asks(self, text: str) -> list[str]:
        self.says(text)
        jobs.choose(self.bot.organization_id, self.conversation_id)
        self.eventually(lambda: not self.waits(), 25, "the bot has not spoken")
        return self.heard()

    def waits(self) -> AssistantChoice | None:
        with acting_as(self.bot.organization_id):
            return db.session.get(AssistantChoice, self.conversation_id, populate_existing=True)

    def heard(self) -> list[str]:
        """All that was said since the last words of the customer."""
        shown = self.client.get(f"{self.url}/messages", headers=self.headers).json["items"]
        last = max(item["id"] for item in shown if item["direction"] == "in")
        return [item["text"] for item in shown if item["direction"] == "out" and item["id"] > last]


@pytest.fixture
def customer(app, device, helped, eventually):  # noqa: F811
    return Asker(app, device, helped, eventually)


def questions_of(call: dict) -> str:
    return call["messages"][-1]["content"]


def test_its_choice_is_the_pairs_own_answer(customer, helped, model):
    asked = "halo, Rina di 0812-3456-7890 tanya jam buka dong"
    assert customer.asks(asked) == ["Halo, ini bot Toko Kenanga.\n\nSetiap hari 08.00 sampai 17.00."]
    turn = turns(helped)[-1]
    assert (turn.outcome, turn.reason, turn.question) == ("answer", "assistant", asked)
    assert turn.matched_qa_id and turn.response_time_ms >= 0 and turn.confidence_score is not None
    sent = questions_of(model.calls[-1])
    assert "jam buka" in sent.lower() and "Apakah bisa COD?" in sent
    assert "3456" not in sent and "Rina" not in sent and "08.00" not in sent and "COD untuk Jawa" not in sent
    # Nothing waits any more: run again, it says nothing
    jobs.choose(helped.organization_id, customer.conversation_id)
    assert len(customer.heard()) == 1 and len(model.calls) == 1


@pytest.mark.parametrize(
    "trouble", ["none", "garbage", "too large", "words", "html", "empty", "close", "hold", "429", "500"]
)
def test_without_a_choice_the_bot_asks_back_as_ever(customer, helped, model, monkeypatch, trouble):
    if trouble == "hold":
        monkeypatch.setattr(bot_choices, "SECONDS", 1.0)
    says = {"none": "0", "garbage": '{"choice": "1; drop"}', "too large": "99"}
    model.says = says.get(trouble, "Jam buka kami 24 jam!" if trouble == "words" else "")
    if trouble.isdigit():
        model.faults.append(Fault("status", status=int(trouble)))
    elif trouble not in says and trouble != "words":
        model.faults.append(Fault(trouble))
    said = customer.asks("jam buka dong")
    assert len(said) == 1 and ASKS_BACK in said[0] and "24 jam" not in said[0]
    turn = turns(helped)[-1]
    assert (turn.outcome, turn.reason) == ("suggest", None)
    model.says, model.faults = "", []
    customer.says("1")
    assert turns(helped)[-1].reason == "choice"


def test_who_is_down_or_has_no_calls_left_is_not_waited_for(customer, helped, model, cast):
    home = cast.organization_id
    with acting_as(home):
        accounts.save({"daily_limit": 1})
    assert "08.00" in customer.asks("jam buka dong")[0]
    assert ASKS_BACK in customer.says("jam buka ya")[0]["text"], "the day is used up: no job, no wait"
    with acting_as(home):
        assert accounts.calls_today() == 1 and not accounts.take_call(accounts.get())
        accounts.save({"daily_limit": 100})
        for _ in range(breaker.BREAK_AFTER):
            breaker.failed()
    assert ASKS_BACK in customer.says("jam buka toko")[0]["text"], "it was down a moment ago"
    with acting_as(home):
        accounts.save({"chooses": False})
    assert ASKS_BACK in customer.says("jam buka")[0]["text"] and len(model.calls) == 1


def test_a_refused_key_is_told_to_admins_and_asked_no_more(customer, helped, model, cast):
    home = cast.organization_id
    with acting_as(home):
        accounts.save({"api_key": "salah-kunci-lama"})
    assert ASKS_BACK in customer.asks("jam bukanya kak")[0]
    assert ASKS_BACK in customer.says("jam bukanya ya")[0]["text"] and len(model.calls) == 1
    with acting_as(home):
        assert accounts.get().status == "refused"
        told = db.session.scalars(select(Notification).where(Notification.kind == "assistant_refused")).all()
        assert {row.user_id for row in told} == {cast.admin.id}


def test_it_waits_in_the_queue_that_no_export_holds(customer, helped):
    customer.says("jam buka dong")
    mine = [helped.organization_id, customer.conversation_id]
    queued = {job.func_name for job in queue("messages").jobs if job.args == mine}
    assert queued == {"cloudchat.jobs.bots.choose"}  # once for each app that tests have made here


@contextmanager
def thinking(customer, model, question: str):
    """While the model thinks about a question, whoever asked it: this process or the desk's worker."""
    model.faults, before = [Fault("hold")], len(model.calls)
    customer.says(question)
    job = threading.Thread(target=jobs.choose, args=(customer.bot.organization_id, customer.conversation_id))
    job.start()
    customer.eventually(lambda: len(model.calls) > before, 20, "the model was not asked")
    yield
    model.release()
    job.join(20)
    customer.eventually(lambda: not customer.waits(), 25, "the turn has not ended")


def test_newer_words_win(customer, helped, model):
    with thinking(customer, model, "jam buka dong"):
        customer.says("makasih kak")
        assert customer.waits(), "politeness asks nothing: the question still stands"
        customer.says("bicara dengan agen")
        assert customer.waits() is None
    said = customer.heard()
    assert said[-1].startswith("Halo, ini bot"), "nobody had greeted yet"
    assert not any("08.00" in one for one in said)
    assert ("suggest", "overtaken") in [(turn.outcome, turn.reason) for turn in turns(helped)]


@pytest.mark.parametrize("how", ["answered", "assigned", "resolved", "switched off"])
def test_a_human_wins(customer, helped, model, cast, how):
    with thinking(customer, model, "jam buka dong"), acting_as(cast.organization_id):
        who = identity(cast.agent)
        if how == "answered":
            outbound.reply(who, customer.conversation_id, "Sebentar ya")
        elif how == "assigned":
            conversations.assign(who, customer.conversation_id, cast.agent.id)
        elif how == "resolved":
            conversations.set_status(who, customer.conversation_id, "resolved")
        else:
            bot_settings.change(helped.id, {"is_active": False})
    assert customer.heard() == (["Sebentar ya"] if how == "answered" else [])
    assert turns(helped)[-1].reason == "overtaken"


def test_nothing_is_held_while_it_thinks(customer, helped, model, eventually):
    """The conversation can be locked, and nobody has a transaction open."""
    idle = text(
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and state = 'idle in transaction'"
    )

    def held() -> int:
        with db.engine.connect() as connection:
            return connection.scalar(idle)

    with thinking(customer, model, "jam buka dong"):
        with acting_as(helped.organization_id):
            row = select(Conversation).where(Conversation.id == customer.conversation_id)
            assert db.session.scalar(row.with_for_update(of=Conversation, nowait=True))
            db.session.rollback()
        eventually(lambda: held() == 0, 5, "a transaction is open while the model thinks")
        assert customer.waits()
    assert "08.00" in customer.heard()[0]


def test_a_pause_that_another_call_was_told_to_make_is_kept(customer, helped, model):
    with thinking(customer, model, "jam buka dong"), acting_as(helped.organization_id):
        breaker.failed(at_once=True)
    assert "08.00" in customer.heard()[0]
    with acting_as(helped.organization_id):
        assert breaker.is_open()
        accounts.save({"daily_limit": 50})
        assert not breaker.is_open()


def left_behind(customer, helped, **values) -> None:
    """A question that no job of the desk knows of, after the bot has asked back once."""
    home = helped.organization_id
    with acting_as(home):
        accounts.save({"chooses": False})
    customer.says("jam buka dong")
    with acting_as(home):
        talk = db.session.get(ChatbotTalk, customer.conversation_id)
        scores = [[int(qa_id), score] for qa_id, score in talk.offered["scores"].items()]
        waiting = {"conversation_id": talk.conversation_id, "bot_id": helped.id, "question": "jam buka dong"}
        db.session.add(AssistantChoice(**waiting, **{"candidates": {"items": scores}, **values}))
        talk.offered = {"question": "", "qa_ids": [], "scores": {}, "waits": True}
        db.session.commit()
        accounts.save({"chooses": True})


def test_a_job_that_comes_late_does_not_ask(customer, helped, model):
    left_behind(customer, helped, due_at=now() - bot_choices.PATIENCE)
    jobs.choose(helped.organization_id, customer.conversation_id)
    assert not customer.waits() and not model.calls
    assert ASKS_BACK in customer.heard()[-1] and len(customer.heard()) == 2


def test_a_process_that_dies_loses_nothing(customer, helped, model):
    """As it stands when a worker is killed while it asks."""
    home = helped.organization_id
    left_behind(customer, helped, due_at=now(), asked_at=now())
    jobs.choose(home, customer.conversation_id)
    assert customer.waits() and len(customer.heard()) == 1, "another is at it"
    with acting_as(home):
        db.session.execute(update(AssistantChoice).values(due_at=now() - bot_choices.LATE * 2))
        db.session.commit()
    with all_organizations("as the sweeper does"):
        assert (home, customer.conversation_id) in bot_choices.late()
    sweeps.late_choices()
    jobs.choose(home, customer.conversation_id)
    customer.eventually(lambda: not customer.waits(), 25, "the sweeper's job has not spoken")
    assert ASKS_BACK in customer.heard()[-1] and len(customer.heard()) == 2 and not model.calls


def test_one_question_of_an_organization_is_asked_at_a_time(customer, app, device, helped, model, eventually):  # noqa: F811
    other = Asker(app, device, helped, eventually)
    left_behind(other, helped, due_at=now())
    with thinking(customer, model, "jam buka dong"):
        calls = len(model.calls)
        jobs.choose(helped.organization_id, other.conversation_id)
        assert ASKS_BACK in other.heard()[-1] and len(other.heard()) == 2
        assert ASKS_BACK in other.says("jam buka ya")[0]["text"], "no job, no wait"
        assert len(model.calls) == calls
    assert "08.00" in customer.heard()[0]
    assert "08.00" in other.asks("jam buka toko kak")[0]


@pytest.mark.parametrize("who", ["the sweeper", "the customer"])
def test_a_clock_that_was_set_back_keeps_nobody_waiting(customer, helped, model, who):
    """As it stands where somebody died over it, by a clock that was two hours ahead."""
    home = helped.organization_id
    left_behind(customer, helped, due_at=now() + timedelta(hours=2), asked_at=now())
    if who == "the customer":
        assert "agen kami" in customer.says("bicara dengan agen")[0]["text"]
    else:
        with all_organizations("as the sweeper does"):
            assert (home, customer.conversation_id) in bot_choices.late()
        jobs.choose(home, customer.conversation_id)
        assert ASKS_BACK in customer.heard()[-1] and len(customer.heard()) == 2
    assert not customer.waits() and not model.calls
    assert all(turn.response_time_ms >= 0 for turn in turns(helped))


def test_a_turn_that_cannot_be_ended_calls_a_human(customer, helped, model):
    broken = {"candidates": {"items": [["rusak"]]}, "due_at": now() - bot_choices.LATE * 2}
    left_behind(customer, helped, **broken, asked_at=now())
    jobs.choose(helped.organization_id, customer.conversation_id)
    assert not customer.waits() and len(customer.heard()) == 1
    assert conversation(helped, customer).needs_human
    assert "agen kami" in customer.says("bicara dengan agen")[0]["text"]


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ('{"choice": 2}', 1),
        ("2", 1),
        (" 3.\n", 2),
        ('```json\n{"choice": 1}\n```', 0),
        ("0", None),
        ("4", None),
        ("-1", None),
        ("1 or 2", None),
        ('{"choice": 1, "text": "hi"}', None),
        ("", None),
        ("nomor 2", None),
        ("²", None),
    ],
)
def test_only_a_number_is_a_choice(said, place):
    assert choosing.read(said, 3) == place


# --- settings ------------------------------------------------------------------------------------


def test_the_key_is_written_and_never_read(cast, model, as_person, caplog, capfd):
    api = as_person(cast.admin)
    assert api.get(f"{URL}/settings").json["has_api_key"] is False
    saved = api.put(f"{URL}/settings", json={"address": model.address, "api_key": f" {KEY} "})
    assert saved.status_code == 200 and saved.json["api_key_hint"] == "••••wxyz"
    assert saved.json["status"] == "unverified" and saved.json["chooses"] is saved.json["drafts"] is False
    assert api.post(f"{URL}/verify").json["status"] == "ok"
    page = api.get("/app/settings/assistant")
    told = [saved.text, api.get(f"{URL}/settings").text, page.text, caplog.text, *capfd.readouterr()]
    assert page.status_code == 200 and not any(KEY in text for text in told)
    with acting_as(cast.organization_id):
        row = db.session.scalar(select(AssistantSettings))
        assert KEY not in row.api_key and accounts.key_of(row) == KEY
        noted = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "assistant.changed")).all()
        assert noted[0].data["fields"] == ["address", "api_key"] and KEY not in str(noted[0].data)
    for person in (cast.manager, cast.agent):
        assert as_person(person).get(f"{URL}/settings").status_code == 403
    stranger = as_person(cast.stranger)
    assert stranger.get(f"{URL}/settings").json["has_api_key"] is False
    assert stranger.post(f"{URL}/verify").json["error"]["code"] == "assistant_no_key"


def test_another_address_needs_the_key_again(cast, model, as_person):
    api = as_person(cast.admin)
    api.put(f"{URL}/settings", json={"address": model.address, "api_key": KEY, "chooses": True})
    theirs = api.put(f"{URL}/settings", json={"address": "https://api.openai.com/v1"})
    assert theirs.status_code == 422 and "api_key" in theirs.json["error"]["fields"]
    assert api.get(f"{URL}/settings").json["address"] == model.address
    gone = api.put(f"{URL}/settings", json={"api_key": ""}).json
    assert gone["has_api_key"] is gone["chooses"] is False
    assert api.put(f"{URL}/settings", json={"drafts": True}).json["error"]["fields"]["api_key"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"address": "http://api.openai.com/v1"}, "address"),
        ({"address": "https://10.0.0.1/v1"}, "address"),
        ({"address": "https://u:p@api.openai.com/v1"}, "address"),
        ({"address": "https://api.openai.com/v1?x=1"}, "address"),
        ({"address": "bukan alamat"}, "address"),
        ({"model": "dua kata"}, "model"),
        ({"model": ""}, "model"),
        ({"api_key": "ada spasi"}, "api_key"),
        ({"api_key": "é" * 20}, "api_key"),
        ({"daily_limit": 0}, "daily_limit"),
    ],
)
def test_bad_settings_are_named(cast, as_person, body, field):
    answer = as_person(cast.admin).put(f"{URL}/settings", json=body)
    assert answer.status_code == 422 and list(answer.json["error"]["fields"]) == [field]


def test_what_a_check_finds(cast, model, as_person):
    api = as_person(cast.admin)

    def found(fault=None, **values):
        model.faults = [fault] if fault else []
        api.put(f"{URL}/settings", json={"address": model.address, "api_key": KEY, **values})
        return api.post(f"{URL}/verify").json["status"]

    assert found(api_key="salah-kunci-ini") == "refused"
    assert found(model="tidak-ada-itu") == "unknown_model"
    assert found(Fault("status", status=429), model="kecil") == "limited"
    assert found(Fault("html")) == found(Fault("status", status=403)) == "unexpected", "no word about the key"
    assert found(Fault("close")) == found(Fault("status", status=503)) == "unreachable"
    assert found() == "ok"
    assert api.get(f"{URL}/settings").json["calls_today"] == 8
    api.put(f"{URL}/settings", json={"daily_limit": 8})
    assert api.post(f"{URL}/verify").status_code == 429
    with acting_as(cast.neighbour_id):
        assert db.session.scalar(select(AssistantUsage)) is None


def test_an_old_answer_says_nothing_about_newer_settings(cast, model):
    with acting_as(cast.organization_id):
        accounts.save({"address": model.address, "api_key": KEY})
        for newer in ({"model": "lain"}, {"address": f"{model.address}/", "api_key": KEY}):
            old = accounts.Asked.of(accounts.get())
            accounts.save(newer)
            accounts.note(old, "refused")
            accounts.checked(old)
            assert (accounts.get().status, accounts.get().checked_at) == ("unverified", None)
        accounts.note(accounts.Asked.of(accounts.get()), "ok")
        assert accounts.get().status == "ok"


# --- drafts --------------------------------------------------------------------------------------


def test_a_draft_is_made_of_the_conversation_and_the_nearest_pairs(customer, helped, model, cast, as_person):
    customer.asks("jam buka dong, hubungi saya di 0812-3456-7890")
    url = f"/api/app/inbox/conversations/{customer.conversation_id}/draft"
    model.says = "Kami buka setiap hari 08.00 sampai 17.00, Kak."
    messages = len(customer.heard())
    answer = as_person(cast.agent).post(url)
    assert answer.json == {"text": model.says}
    asked = questions_of(model.calls[-1])
    assert "3456" not in asked and "Setiap hari 08.00" in asked and '"from": "customer"' in asked
    assert len(customer.heard()) == messages, "nothing is sent"
    assert as_person(cast.stranger).post(url).status_code == 404
    with acting_as(cast.organization_id):
        conversations.assign(identity(cast.admin), customer.conversation_id, cast.colleague.id)
    assert as_person(cast.agent).post(url).status_code == 404, "somebody else's"


def test_of_a_number_where_a_long_message_is_cut_nothing_is_left(helped, model, cast, make, as_person):
    talk = make.conversation(cast.organization_id)
    make.message(talk, text="x " * 495 + "0812-3456-7890")
    assert as_person(cast.agent).post(f"/api/app/inbox/conversations/{talk.id}/draft").status_code == 200
    assert "x x [number]" in questions_of(model.calls[-1]) and "0812" not in questions_of(model.calls[-1])


def test_a_draft_that_cannot_be_made_says_why(customer, helped, model, cast, make, as_person):
    home, agent = cast.organization_id, as_person(cast.agent)
    silent = make.conversation(home)
    url = f"/api/app/inbox/conversations/{silent.id}/draft"
    assert agent.post(url).json["error"]["code"] == "assistant_nothing_asked"
    make.message(silent, text="Bisa COD?")
    model.faults = [Fault("status", status=503), Fault("empty"), Fault("status", status=429)]
    codes = [agent.post(url).json["error"]["code"] for _ in range(4)]
    assert codes == ["assistant_unavailable"] * 2 + ["assistant_limited", "assistant_unavailable"]
    with acting_as(home):
        accounts.save({"api_key": "salah-kunci-ini"})
    assert [agent.post(url).json["error"]["code"] for _ in range(2)] == ["assistant_refused"] * 2
    with acting_as(home):
        accounts.save({"drafts": False})
    off = agent.post(url)
    assert (off.status_code, off.json["error"]["code"]) == (409, "assistant_off")
    assert "Draf tidak aktif" in off.json["error"]["message"]
    statuses = {agent.post(url).status_code for _ in range(4)}
    assert statuses == {409, 429}, "ten a minute for each person"
