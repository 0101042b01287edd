"""In the middle of a broadcast a worker is killed, Redis is emptied, the clock is set. The simulator's log is
the judge."""

from datetime import timedelta

import pytest
import time_machine

from cloudchat.extensions import now
from cloudchat.services import clock_set_back
from cloudchat.tenancy import acting_as
from tests.test_broadcasts.conftest import phones
from tests.test_broadcasts.test_sending import set_rate
from tests.test_messages.test_crashes import make_worker, time_passes  # noqa: F401 - a fixture

PEOPLE = 40
STARTED = 90  # seconds; a worker that has not begun by then hangs


@pytest.mark.parametrize("place", ["inside a call", "between calls"])
def test_killed_in_the_middle_nobody_is_lost_or_doubled(campaigns, number, make_worker, eventually, place):  # noqa: F811
    set_rate(number, 20)
    people = phones(PEOPLE)
    made = campaigns.make(people)
    campaigns.act(made, "start")
    if place == "inside a call":
        number.fault("hang_after", seconds=4)
    worker = make_worker()
    worker.start(number.organization_id, number.device.id)
    eventually(lambda: len(number.sent()) >= 5, STARTED)
    worker.kill()
    set_rate(number, 500)
    time_passes(number)
    for _ in range(3):
        number.deliver(budget=8)
    sent = [item["to"] for item in number.sent()]
    assert len(sent) == len(set(sent)), "nobody gets it twice"
    counts = campaigns.show(made)["counts"]
    assert campaigns.show(made)["status"] == "completed"
    assert counts["sent"] + counts["unknown"] == PEOPLE and counts["queued"] == 0
    missing = {"62" + phone[1:] for phone in people} - set(sent)
    assert len(missing) <= counts["unknown"], "who is not known to have it is shown so"
    assert {key: value for key, value in counts.items() if value and key != "total"} == campaigns.recount(
        made
    )


def test_with_redis_emptied_in_the_middle_everybody_gets_it_once(campaigns, number, make_worker, eventually):  # noqa: F811
    """F9: the job that sends goes on, the one it asked for is gone; the sweeper's next look finds more."""
    set_rate(number, 10)
    people = phones(PEOPLE)
    made = campaigns.make(people)
    campaigns.act(made, "start")
    worker = make_worker()
    worker.start(number.organization_id, number.device.id)
    eventually(lambda: len(number.sent()) >= 3, STARTED)
    worker.redis.flushdb()
    worker.finish()
    set_rate(number, 500)
    number.deliver(budget=20)
    assert sorted(item["to"] for item in number.sent()) == sorted("62" + phone[1:] for phone in people)
    told = campaigns.show(made)
    assert (told["status"], told["counts"]["sent"]) == ("completed", PEOPLE)


@pytest.mark.parametrize("jump", [timedelta(hours=2), timedelta(hours=-2)])
def test_with_the_clock_set_in_the_middle_everybody_gets_it_once(campaigns, number, jump):
    """F20: what was put into the outbox by the other clock is not put off."""
    set_rate(number, 20)
    people = phones(PEOPLE)
    made = campaigns.make(people)
    campaigns.act(made, "start")
    with time_machine.travel(now() + max(jump, -jump) - jump, tick=True):
        number.deliver(budget=0.5)
    before = len(number.sent())
    assert 0 < before < PEOPLE
    with time_machine.travel(now() + max(jump, -jump), tick=True):
        with acting_as(number.organization_id):
            clock_set_back.put_right()
        set_rate(number, 500)
        number.deliver(budget=20)
    assert sorted(item["to"] for item in number.sent()) == sorted("62" + phone[1:] for phone in people)
    told = campaigns.show(made)
    assert (told["status"], told["counts"]["sent"]) == ("completed", PEOPLE)
