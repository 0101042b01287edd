"""In which order and how fast messages go out, and that one which cannot go holds up no other."""

import time

import pytest

from cloudchat.extensions import db, now
from cloudchat.models import Device
from cloudchat.services import claims, delivery, files
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_messages.talks import PNG, hurry, queue_for_many
from tests.test_messages.together import at_once


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


def test_a_long_queue_is_claimed_quickly(number, cast):
    """The planner believes the outbox to be empty; that must not cost the product of all rows."""
    queue_for_many(number, cast, 200)
    began = time.monotonic()
    with acting_as(number.organization_id):
        assert claims.take(number.device.id, 10).claims
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        (None, 80),
        (20, 20),
        ("12.5", 12.5),
        (0, 80),
        (-3, 80),
        ("banyak", 80),
        ("nan", 80),
        ([], 80),
        (10**9, 1000),
    ],
)
def test_a_pace_that_makes_no_sense_is_the_usual_one(told, rate):
    assert claims.rate_of(Device(type="wa_official", config={"messages_per_second": told})) == rate


def test_two_senders_at_one_device_send_each_message_once(app, number, cast):
    made = queue_for_many(number, cast, 40)
    at_once(app, *[lambda: number.deliver(budget=20)] * 4)
    number.deliver(budget=20)
    assert len(number.sent()) == len(made)
    repeated = number.control("whatsapp/sent/summary")["repeated"]
    assert number.id not in [item["phone_number_id"] for item in repeated]


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
    with acting_as(cast.organization_id):
        upload = files.store_bytes(PNG, "foto.png")
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
