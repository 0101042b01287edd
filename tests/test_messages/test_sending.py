"""What the desk says: kinds, order, pace, the window, and what a person may do with what failed."""

import time
from datetime import timedelta

import pytest

from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db, now
from cloudchat.models import Device, DevicePace, Message
from cloudchat.services import claims, delivery, files, outbound
from cloudchat.services.conversations import set_status
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_messages.numbers import identity
from tests.test_messages.together import at_once

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6300010000050001" + "0d0a2db40000000049454e44ae426082"
)


@pytest.fixture
def talk(number, cast):
    """A customer has written; `talk.say(…)` answers as the agent."""

    class Talk:
        def __init__(self):
            number.receive(number.message())
            self.conversation_id = number.conversation().id

        def say(self, text="Siap kak", **more) -> dict:
            with acting_as(cast.organization_id):
                return outbound.reply(identity(cast.agent), self.conversation_id, text, **more)

        def act(self, action, *args):
            with acting_as(cast.organization_id):
                return action(identity(cast.agent), self.conversation_id, *args)

        def message(self, message_id) -> Message:
            with acting_as(cast.organization_id):
                return db.session.get(Message, message_id, populate_existing=True)

    return Talk()


def stored(organization_id, content=PNG, name="foto.png"):
    with acting_as(organization_id):
        return files.store_bytes(content, name)


# --- kinds -------------------------------------------------------------------------------------


def test_a_text_goes_out_once_and_is_sent(number, talk):
    made = talk.say("Halo, ada yang bisa dibantu? 🙏")
    assert made["status"] == "queued"
    assert number.deliver() is None
    [sent] = number.sent()
    assert sent["payload"]["text"]["body"] == "Halo, ada yang bisa dibantu? 🙏"
    assert sent["to"] == number.customer
    row = talk.message(made["id"])
    assert (row.status, row.external_id, row.error) == ("sent", sent["id"], None)
    assert number.outbox() == [] and number.deliver() is None
    assert len(number.sent()) == 1


def test_an_image_with_a_caption(number, talk, cast):
    talk.say("Ini fotonya", upload=stored(cast.organization_id))
    number.deliver()
    [sent] = number.sent()
    assert sent["type"] == "image" and sent["payload"]["image"]["caption"] == "Ini fotonya"


def test_a_file_that_the_channel_shows_in_no_other_way_is_refused(number, talk, cast):
    gif = stored(cast.organization_id, b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "a.gif")
    with pytest.raises(Invalid) as caught:
        talk.say(upload=gif)
    assert caught.value.fields == {"file": ["file_type_refused_by_channel"]}
    assert number.messages("out") == [] and number.outbox() == []


def test_a_voice_note_takes_no_text(talk, cast):
    ogg = stored(cast.organization_id, b"OggS\x00\x02" + bytes(22) + b"\x01\x1eOpusHead" + bytes(40), "a.ogg")
    with pytest.raises(Invalid) as caught:
        talk.say("dengan teks", upload=ogg)
    assert caught.value.fields == {"text": ["no_caption"]}


def test_too_large_for_the_channel(talk, cast):
    large = stored(cast.organization_id, PNG + bytes(5 * 1024 * 1024), "besar.png")
    with pytest.raises(Invalid) as caught:
        talk.say("", upload=large)
    assert caught.value.fields == {"file": ["file_too_large_for_channel"]}


BUTTONS = [{"id": f"div:{n}", "title": f"Divisi {n}"} for n in range(3)]


def test_buttons_and_lists(number, talk):
    talk.say("Pilih divisi", payload={"buttons": BUTTONS})
    rows = [{**button, "description": "Keterangan"} for button in BUTTONS]
    talk.say("Pilih dari daftar", payload={"buttons": rows, "list_button": "Pilih"})
    number.deliver()
    buttons, listed = (sent["payload"]["interactive"] for sent in number.sent())
    assert [b["reply"]["title"] for b in buttons["action"]["buttons"]] == ["Divisi 0", "Divisi 1", "Divisi 2"]
    assert listed["action"]["button"] == "Pilih"
    assert listed["action"]["sections"][0]["rows"][1]["description"] == "Keterangan"


def test_a_location(number, talk):
    place = {"latitude": -6.17, "longitude": 106.82, "name": "Monas"}
    talk.say("", payload={"location": place})
    number.deliver()
    [sent] = number.sent()
    assert sent["payload"]["location"] == place


@pytest.mark.parametrize(
    ("text", "payload", "field"),
    [
        ("", None, ("text", "required")),
        ("x" * 4097, None, ("text", "too_long")),
        ("Pilih", {"buttons": [{"id": str(n), "title": str(n)} for n in range(4)]}, ("buttons", "too_many_choices")),
        ("Pilih", {"buttons": [{"id": "1", "title": "x" * 21}]}, ("buttons", "choice_too_long")),
        ("Pilih", {"buttons": [{"id": "1", "title": "a"}, {"id": "2", "title": "a"}]}, ("buttons", "choices_alike")),
        ("", {"buttons": BUTTONS}, ("text", "required")),
        ("x" * 1025, {"buttons": BUTTONS}, ("text", "too_long")),
    ],
)
def test_what_the_channel_would_refuse_is_refused_at_the_door(number, talk, text, payload, field):
    with pytest.raises(Invalid) as caught:
        talk.say(text, payload=payload)
    assert caught.value.fields == {field[0]: [field[1]]}
    assert number.outbox() == []


def test_hostile_text_arrives_clean(number, talk):
    talk.say("a\ud800b\x00c")
    number.deliver()
    assert number.sent()[0]["payload"]["text"]["body"] == "abc"


def test_an_answer_reads_the_conversation(number, talk):
    number.receive(number.message())
    assert number.conversation().unread_count == 2
    made = talk.say()
    row = number.conversation()
    assert row.unread_count == 0 and row.last_message_id == made["id"]
    assert (row.last_message_text, row.last_message_direction) == ("Siap kak", "out")


def test_on_a_channel_of_our_own_it_is_sent_with_the_commit(make, cast):
    device = make.device(cast.organization_id, "webchat", config={})
    row = make.conversation(cast.organization_id, device)
    with acting_as(cast.organization_id):
        made = outbound.reply(identity(cast.agent), row.id, "Halo")
        assert made["status"] == "sent"
        assert db.session.scalar(db.select(db.func.count()).select_from(DevicePace)) == 0


# --- order and pace ----------------------------------------------------------------------------


def test_the_order_within_a_conversation_is_kept(number, talk):
    texts = [f"pesan {n}" for n in range(12)]
    for text in texts:
        talk.say(text)
    number.deliver(budget=20)
    assert [sent["text"] for sent in number.sent()] == texts


def test_the_order_is_kept_while_one_is_retried(number, talk):
    number.fault("error", code=131016, times=2)
    for n in range(4):
        talk.say(f"pesan {n}")
    for _ in range(40):
        if number.deliver() is None:
            break
        time.sleep(0.1)
        hurry(number)
    assert [sent["text"] for sent in number.sent()] == [f"pesan {n}" for n in range(4)]


def hurry(number) -> None:
    """Let all waits be over."""
    with acting_as(number.organization_id):
        db.session.execute(db.text("update outbox set next_attempt_at = now() where state = 'pending'"))
        db.session.execute(db.text("update device_paces set blocked_until = now() - interval '1 second'"))
        db.session.commit()


def paced(number, **config) -> None:
    with acting_as(number.organization_id):
        row = db.session.get(Device, number.device.id)
        row.config = {**row.config, **config}
        db.session.commit()


def test_a_device_keeps_its_pace(number, cast, make):
    paced(number, messages_per_second=20)
    queue_for_many(number, cast, 40)
    began = time.monotonic()
    with_time = []
    while number.deliver(told=lambda: with_time.append(time.monotonic())) is not None:
        pass
    took = time.monotonic() - began
    assert len(number.sent()) == 40
    assert took >= (40 - 6) / 20  # the bucket holds a quarter of a second and one
    times = sorted(sent["at"] for sent in number.sent())
    assert all(later - earlier >= 0.7 for earlier, later in zip(times, times[20:], strict=False))


def queue_for_many(number, cast, count: int) -> list[dict]:
    people = [f"62861{n:07d}" for n in range(count)]
    number.receive(*(number.message(**{"from": person}) for person in people))
    made = []
    with acting_as(cast.organization_id):
        for row in number.conversations():
            if row.external_user_id in people:
                made.append(outbound.reply(identity(cast.agent), row.id, f"untuk {row.external_user_id}"))
    return made


@pytest.mark.parametrize(
    ("told", "rate"),
    [(None, 80), (20, 20), ("12.5", 12.5), (0, 80), (-3, 80), ("banyak", 80), ("nan", 80), ([], 80), (10**9, 1000)],
)
def test_a_pace_that_makes_no_sense_is_the_usual_one(told, rate):
    assert claims.rate_of(Device(type="wa_official", config={"messages_per_second": told})) == rate


def test_two_senders_at_one_device_send_each_message_once(app, number, cast):
    made = queue_for_many(number, cast, 40)
    at_once(app, *[lambda: number.deliver(budget=20)] * 4)
    number.deliver(budget=20)
    assert len(number.sent()) == len(made)
    assert number.control("whatsapp/sent/summary")["repeated"] == [] or not [
        item
        for item in number.control("whatsapp/sent/summary")["repeated"]
        if item["phone_number_id"] == number.id
    ]


def test_what_waits_behind_a_retry_does_not_keep_the_job_busy(number, talk):
    """The first waits for its next try, the second for the first: nothing is due, so the job ends."""
    number.fault("error", code=131056)
    talk.say("satu")
    talk.say("dua")
    began = time.monotonic()
    wait = number.deliver()
    assert wait is not None and wait > 0.3
    assert time.monotonic() - began < 2
    hurry(number)
    number.deliver()
    assert [sent["text"] for sent in number.sent()] == ["satu", "dua"]


def test_a_device_that_is_switched_off_waits(number, talk):
    talk.say()
    with acting_as(number.organization_id):
        db.session.get(Device, number.device.id).is_active = False
        db.session.commit()
    assert number.deliver() is None and number.sent() == []
    with all_organizations("test"):
        assert number.device.id not in [device_id for _, device_id in delivery.due_devices()]
    with acting_as(number.organization_id):
        db.session.get(Device, number.device.id, populate_existing=True).is_active = True
        db.session.commit()
    number.deliver()
    assert len(number.sent()) == 1


def test_what_waits_for_a_removed_device_fails(number, talk):
    made = talk.say()
    with acting_as(number.organization_id):
        db.session.get(Device, number.device.id).deleted_at = now()
        db.session.commit()
    assert number.deliver() is None
    row = talk.message(made["id"])
    assert (row.status, row.error["code"]) == ("failed", "device_removed") and number.outbox() == []


def test_a_message_whose_file_is_gone_fails_and_the_next_goes(number, talk, cast):
    upload = stored(cast.organization_id)
    made = talk.say("", upload=upload)
    talk.say("lanjut")
    with acting_as(cast.organization_id):
        files.discard(upload.key)
    number.deliver()
    number.deliver()
    assert talk.message(made["id"]).error["code"] == "file_missing"
    assert [sent["text"] for sent in number.sent()] == ["lanjut"]


def test_a_message_that_makes_no_call_does_not_hold_up_the_others(number, talk):
    made = talk.say("rusak")
    with acting_as(number.organization_id):
        db.session.execute(
            db.text("update messages set payload = '{\"buttons\": 7}' where id = :id"), {"id": made["id"]}
        )
        db.session.commit()
    talk.say("lanjut")
    number.deliver()
    number.deliver()
    assert talk.message(made["id"]).status == "failed"
    assert [sent["text"] for sent in number.sent()] == ["lanjut"]


# --- the window --------------------------------------------------------------------------------


def close_window(number) -> None:
    with acting_as(number.organization_id):
        row = number.conversation()
        db.session.execute(
            db.text("update conversations set last_inbound_at = now() - interval '25 hours' where id = :id"),
            {"id": row.id},
        )
        db.session.commit()


def test_outside_the_window_nothing_is_kept(number, talk):
    close_window(number)
    with pytest.raises(Conflict) as caught:
        talk.say()
    assert caught.value.code == "window_closed"
    assert number.messages("out") == []


def test_five_minutes_before_its_end_the_window_is_closed(number, talk):
    for minutes, open_ in ((23 * 60 + 54, True), (23 * 60 + 56, False)):
        with acting_as(number.organization_id):
            row = db.session.merge(number.conversation())
            row.last_inbound_at = now() - timedelta(minutes=minutes)
            db.session.commit()
        if open_:
            talk.say()
        else:
            with pytest.raises(Conflict):
                talk.say()


def test_a_window_that_only_the_provider_knows_to_be_closed(number, talk):
    """131047 at once, and as a failed status later: both end as failed, with the reason."""
    number.control("whatsapp/settings", {"window": "immediate"}, "PATCH")
    try:
        made = talk.say()
        number.deliver()
    finally:
        number.control("whatsapp/settings", {"window": "status"}, "PATCH")
    row = talk.message(made["id"])
    assert (row.status, row.error["code"]) == ("failed", "131047")
    assert number.outbox() == []


# --- by hand -----------------------------------------------------------------------------------


def test_a_failed_message_can_be_sent_again(number, talk):
    number.fault("error", code=131026)
    made = talk.say("coba lagi")
    number.deliver()
    assert talk.message(made["id"]).status == "failed"
    assert talk.act(outbound.retry, made["id"])["status"] == "queued"
    with pytest.raises(Conflict):
        talk.act(outbound.retry, made["id"])
    number.deliver()
    assert talk.message(made["id"]).status == "sent" and len(number.sent()) == 1


def test_sending_again_at_once_by_two_agents(app, number, talk, cast):
    number.fault("error", code=131026)
    made = talk.say()
    number.deliver()
    results = at_once(app, *[lambda: talk.act(outbound.retry, made["id"])] * 5)
    assert sum(isinstance(result, dict) for result in results) == 1
    number.deliver()
    assert len(number.sent()) == 1


def test_not_again_where_an_answer_would_be_refused(number, talk, cast):
    number.fault("error", code=131026)
    made = talk.say()
    number.deliver()
    talk.act(set_status, "resolved")
    with pytest.raises(Conflict) as caught:
        talk.act(outbound.retry, made["id"])
    assert caught.value.code == "conversation_resolved"


def test_an_unknown_outcome_can_be_confirmed(number, talk):
    number.fault("close_after")
    made = talk.say()
    number.deliver()
    row = talk.message(made["id"])
    assert (row.status, row.error["code"]) == ("unknown", "unknown_outcome")
    assert talk.act(outbound.confirm_sent, made["id"])["status"] == "sent"
    with pytest.raises(Conflict):
        talk.act(outbound.confirm_sent, made["id"])


def test_a_waiting_message_can_be_taken_back(number, talk):
    made = talk.say()
    talk.act(outbound.cancel_queued, made["id"])
    number.deliver()
    assert number.sent() == [] and talk.message(made["id"]).error["code"] == "cancelled"
    with pytest.raises(Conflict):
        talk.act(outbound.cancel_queued, made["id"])


def test_a_message_under_way_cannot(number, talk):
    made = talk.say()
    with acting_as(number.organization_id):
        claims.take(number.device.id, 1)
    with pytest.raises(Conflict) as caught:
        talk.act(outbound.cancel_queued, made["id"])
    assert caught.value.code == "already_sent"
