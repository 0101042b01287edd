"""Broadcasts from the list to the provider: each once, in the pace of the device, stopped at once."""

from datetime import timedelta

import pytest

from cloudchat.extensions import db, now
from cloudchat.models import Broadcast, Device, MetaTemplate
from cloudchat.services.broadcasts import drafts, preparing, writing
from cloudchat.tenancy import acting_as
from tests.test_broadcasts.conftest import phones


def set_rate(number, rate: float) -> None:
    with acting_as(number.organization_id):
        device = db.session.get(Device, number.device.id)
        device.config = {**device.config, "messages_per_second": rate}
        db.session.commit()


def change(number, model, row_id: int, **values) -> None:
    with acting_as(number.organization_id):
        row = db.session.get(model, row_id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


def test_everybody_gets_it_once_and_counts_are_a_recount(campaigns, number, make, cast):
    set_rate(number, 500)
    people = phones(6)
    known = make.contact(cast.organization_id, "Siti", phone="+62" + people[0][1:])
    twice = ["+62" + people[0][1:], people[1], "nonsense", *people]
    made = campaigns.make(twice)
    assert made["status"] == "draft" and made["prepared"]
    assert made["left_out"] == {"opted_out": 0, "duplicates": 2, "bad_rows": 0}
    assert made["counts"]["total"] == 7 and made["counts"]["failed"] == 1
    started = campaigns.act(made, "start")
    assert started["status"] == "running"
    assert campaigns.act(made, "start")["status"] == "running"  # a second click
    number.deliver(budget=10)
    done = campaigns.show(made)
    assert done["status"] == "completed"
    assert (done["counts"]["sent"], done["counts"]["failed"]) == (6, 1)
    sent = number.sent()
    assert len(sent) == 6 and {item["to"] for item in sent} == {"62" + phone[1:] for phone in people}
    said = [item["payload"]["template"]["components"][0]["parameters"] for item in sent]
    assert {parts[0]["text"] for parts in said} == {"N0", "N1", "N5", "N6", "N7", "N8"}
    assert {parts[1]["text"] for parts in said} == {"INV-1"}
    rows = campaigns.recipients(made)
    assert [row["contact_id"] for row in rows if row["phone"] == known.phone] == [known.id]
    [bad] = campaigns.recipients(made, status="failed")
    assert bad["error"]["code"] == "phone_invalid" and "0812" in bad["error"]["message"]
    # what the provider reports later is counted in the transaction that keeps it
    number.receive(statuses=[number.status(item["id"], "delivered") for item in sent[:3]])
    number.receive(statuses=[number.status(sent[0]["id"], "read")])
    counts = campaigns.show(made)["counts"]
    assert {key: counts[key] for key in ("sent", "delivered", "read")} == {
        "sent": 3,
        "delivered": 2,
        "read": 1,
    }
    assert {key: value for key, value in counts.items() if value and key != "total"} == campaigns.recount(
        made
    )


def test_an_answer_opens_the_pending_conversation_and_counts_once(campaigns, number):
    [phone] = phones(1)
    number.customer = "62" + phone[1:]
    made = campaigns.make([phone])
    campaigns.act(made, "start")
    number.deliver()
    [row] = number.conversations()
    assert (row.status, row.unread_count, row.last_message_direction) == ("pending", 0, "out")
    for _ in range(2):
        number.receive(number.message(content="Mau dong"))
    [row] = number.conversations()
    assert (row.status, row.unread_count) == ("open", 2)
    assert campaigns.show(made)["counts"]["replied"] == 1
    assert len(campaigns.recipients(made, status="replied")) == 1


def test_pause_resume_and_cancel(campaigns, number):
    set_rate(number, 4)
    made = campaigns.make(phones(30))
    campaigns.act(made, "start")
    number.deliver(budget=1)
    assert campaigns.act(made, "pause")["status"] == "paused"
    number.deliver(budget=5)  # what was in the outbox goes, and nothing follows
    paused = campaigns.show(made)["counts"]
    assert 2 <= paused["sent"] <= 14 and len(number.sent()) == paused["sent"]
    assert number.deliver(budget=1) is None
    campaigns.act(made, "resume")
    number.deliver(budget=1)
    assert campaigns.show(made)["counts"]["sent"] > paused["sent"]
    ended = campaigns.act(made, "cancel")
    assert ended["status"] == "cancelled" and ended["counts"]["queued"] == 0
    assert ended["counts"]["cancelled"] + ended["counts"]["sent"] == 30
    number.deliver(budget=1)
    assert len(number.sent()) == ended["counts"]["sent"] == campaigns.recount(made)["sent"]
    campaigns.act(made, "resume", 409)


def test_agents_answers_go_before_what_is_fed(campaigns, number, cast):
    from tests.test_messages.talks import Talk

    set_rate(number, 5)
    number.receive(number.message())
    talk = Talk(number, cast.agent, number.conversation().id)
    made = campaigns.make(phones(20))
    campaigns.act(made, "start")
    number.deliver(budget=0.3)
    talk.say()
    rows = number.outbox()
    before = len(number.sent())
    own = next(row for row in rows if row.conversation_id == talk.conversation_id)
    earlier = [row for row in rows if row.next_attempt_at < own.next_attempt_at]  # due before it was said
    number.deliver(budget=1.5)
    places = [item["to"] for item in number.sent()]
    assert places.index(number.customer) - before <= len(earlier)


@pytest.mark.parametrize("code", [131048, 131042])
def test_an_account_error_pauses_with_the_reason(campaigns, number, code):
    set_rate(number, 20)
    made = campaigns.make(phones(60))
    campaigns.act(made, "start")
    number.fault("error", code=code, times=1)
    number.deliver(budget=4)
    told = campaigns.show(made)
    assert told["status"] == "paused" and told["pause_reason"]["reason"]["code"] == str(code)
    assert told["counts"]["queued"] > 0 and told["counts"]["failed"] == 1
    number.control("meta/faults", method="DELETE")
    assert campaigns.act(made, "retry")["retried"] == 1
    set_rate(number, 500)
    number.deliver(budget=10)
    assert campaigns.show(made)["counts"]["sent"] == 60 == len({item["to"] for item in number.sent()})
    assert len(number.sent()) == 60


def test_too_fast_is_a_wait_and_a_template_that_fell_stops_it(campaigns, number):
    from tests.test_messages.talks import hurry

    set_rate(number, 10)
    made = campaigns.make(phones(25))
    number.fault("error", code=130429, times=1)
    campaigns.act(made, "start")
    number.deliver(budget=1)
    counts = campaigns.show(made)["counts"]
    assert counts["failed"] == 0 and campaigns.show(made)["status"] == "running"
    change(number, MetaTemplate, campaigns.template_id, status="PAUSED")
    hurry(number)
    number.deliver(budget=2)
    told = campaigns.show(made)
    assert told["status"] == "paused" and told["pause_reason"]["code"] == "template_not_approved"
    assert campaigns.api.post(f"/api/app/broadcasts/{made['id']}/resume").status_code == 409


def test_a_scheduled_one_starts_once(campaigns, number):
    soon = (now() + timedelta(hours=1)).isoformat()
    made = campaigns.make(phones(3), scheduled_at=soon)
    assert made["status"] == "scheduled"
    with acting_as(number.organization_id):
        assert writing.start_due() == 0
    change(number, Broadcast, made["id"], scheduled_at=now() - timedelta(seconds=1))
    with acting_as(number.organization_id):
        assert (writing.start_due(), writing.start_due()) == (1, 0)
    number.deliver()
    change(number, Broadcast, made["id"], scheduled_at=now() + timedelta(hours=2))  # the clock jumped back
    with acting_as(number.organization_id):
        assert writing.start_due() == 0
    assert len(number.sent()) == 3


def test_quiet_hours_hold_it(campaigns, number):
    hour = (now() + timedelta(hours=7)).hour  # Jakarta
    quiet = {"start": f"{hour:02d}:00", "end": f"{(hour + 2) % 24:02d}:00"}
    made = campaigns.make(phones(2), quiet_hours=quiet)
    campaigns.act(made, "start")
    number.deliver()
    assert number.sent() == [] and campaigns.show(made)["status"] == "running"
    change(number, Broadcast, made["id"], quiet_start=None, quiet_end=None)
    number.deliver()
    assert len(number.sent()) == 2


def test_a_list_whose_maker_died_is_finished_by_whoever_comes(campaigns, number, monkeypatch):
    monkeypatch.setattr(preparing, "BATCH", 3)
    people = [{"phone": phone} for phone in phones(10)]
    values = {"device_id": number.device.id, "template_id": campaigns.template_id, "name": "Promo"}
    filled = {"variables": {"1": {"text": "Kak"}, "2": {"text": "7"}}}
    with acting_as(number.organization_id):
        made = {"id": drafts.create({**values, **filled, "audience": {"phones": people}}, None).id}
    assert not campaigns.show(made)["prepared"]  # too long for a request: a job's
    with acting_as(number.organization_id):
        assert preparing.step(made["id"]) and preparing.step(made["id"])  # … and killed
        preparing.prepare(made["id"])
        preparing.prepare(made["id"])
    told = campaigns.show(made)
    assert told["prepared"] and told["counts"]["total"] == 10 and told["left_out"]["duplicates"] == 0
