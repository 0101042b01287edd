"""F3: a worker is killed with signal 9 inside a send. The simulator's log says what went out."""

import socket
from datetime import timedelta

import time_machine

from cloudchat.channels.base import SendResult
from cloudchat.errors import ProviderError
from cloudchat.extensions import db, now
from cloudchat.jobs import outbound as jobs
from cloudchat.services import claims, clock_set_back, delivery, outbound, settling
from cloudchat.services.receipts import reference
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_messages.talks import queue_for_many
from tests.test_messages.workers import make_worker, time_passes  # noqa: F401


def under_way(number) -> bool:
    return any(entry.state == "sending" for entry in number.outbox())


def test_killed_before_the_call_reached_anybody(number, talk, make_worker, eventually):  # noqa: F811
    """The claim is committed, nothing was sent: it cannot be told from the next case, so: unknown."""
    made = talk.say()
    with socket.socket() as silent:  # takes connections and never reads
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        worker = make_worker(META_GRAPH_URL=f"http://127.0.0.1:{silent.getsockname()[1]}/meta")
        worker.start(number.organization_id, number.device.id)
        eventually(lambda: under_way(number), 30)
        worker.kill()
    assert number.deliver() is None  # the claim is still believed
    assert time_passes(number) == 1
    assert talk.message(made["id"]).status == "unknown"
    number.deliver()
    assert number.sent() == [] and number.outbox() == []


def test_killed_between_the_call_and_the_commit(number, cast, make_worker, eventually):  # noqa: F811
    """One is held by the provider while the worker dies; the others are not lost, none is doubled."""
    number.fault("hang_after", seconds=5)
    made = queue_for_many(number, cast, 3)
    worker = make_worker()
    worker.start(number.organization_id, number.device.id)
    eventually(lambda: under_way(number) and number.sent(), 30)
    worker.kill()
    time_passes(number)
    again = make_worker()
    again.start(number.organization_id, number.device.id)
    again.finish()
    assert len(number.sent()) == len(made)
    assert len({sent["to"] for sent in number.sent()}) == len(made)
    statuses = {row.id: row.status for row in number.messages("out")}
    unsure = [message_id for message_id, status in statuses.items() if status == "unknown"]
    assert unsure and set(statuses.values()) <= {"unknown", "sent"}
    for message_id in unsure:  # and the provider's own news tells us what it was
        [sent] = [sent for sent in number.sent() if sent["reference"] == reference(message_id, 0)]
        told = number.status(sent["id"], "delivered", biz_opaque_callback_data=sent["reference"])
        number.receive(statuses=[told])
    assert "unknown" not in {row.status for row in number.messages("out")}


def test_killed_after_the_commit(number, talk, make_worker, eventually):  # noqa: F811
    made = talk.say("pertama")
    worker = make_worker()
    worker.start(number.organization_id, number.device.id)
    eventually(lambda: talk.message(made["id"]).status == "sent", 30)
    worker.kill()
    assert time_passes(number) == 0
    number.deliver()
    assert len(number.sent()) == 1
    assert talk.message(made["id"]).status in ("sent", "delivered")


def test_a_claim_that_is_renewed_is_not_lost(number, talk):
    """A large file takes longer than a claim lives; its sender says that it is still there."""
    talk.say()
    with acting_as(number.organization_id):
        taken = claims.take(number.device.id, 1).claims
        db.session.execute(db.text("update outbox set claimed_at = claimed_at - interval '2 minutes'"))
        claims.renew(taken)
        assert settling.settle_lost() == 0
        db.session.execute(db.text("update outbox set claimed_at = claimed_at - interval '2 minutes'"))
        db.session.commit()
        assert settling.settle_lost() == 1


def test_an_outcome_after_the_claim_was_given_up_still_counts(number, talk, cast):
    made = talk.say()
    with acting_as(number.organization_id):
        [claim] = claims.take(number.device.id, 1).claims
    time_passes(number)
    assert talk.message(made["id"]).status == "unknown"
    with acting_as(number.organization_id):
        settling.settle([(claim, SendResult(f"wamid.late{made['id']}"))])
    assert talk.message(made["id"]).status == "sent"

    second = talk.say()
    with acting_as(number.organization_id):
        [claim] = claims.take(number.device.id, 1).claims
    time_passes(number)
    talk.act(outbound.retry, second["id"])
    with acting_as(number.organization_id):  # what became of the first sending is not about the second
        settling.settle([(claim, ProviderError("no", code="131026", permanent=True))])
    assert talk.message(second["id"]).status == "queued" and len(number.outbox()) == 1


def test_an_id_that_another_message_has_leaves_only_the_id_out(number, talk, make):
    make.message(number.conversation(), direction="out", external_id="wamid.taken")
    first, second = talk.say("satu"), talk.say("dua")
    with acting_as(number.organization_id):
        claimed = claims.take(number.device.id, 2).claims
        number.receive(number.message())
        sender = delivery._Sender(number.device.id, None, lambda: None)
        sender._keep([(claimed[0], SendResult("wamid.taken"))])
        claimed += claims.take(number.device.id, 2).claims
        sender._keep([(claimed[1], SendResult(f"wamid.own{second['id']}"))])
    assert [talk.message(made["id"]).status for made in (first, second)] == ["sent", "sent"]
    assert talk.message(first["id"]).external_id is None
    assert talk.message(second["id"]).external_id == f"wamid.own{second['id']}"
    assert number.outbox() == []


def test_a_clock_that_was_set_back_puts_nothing_off(number, talk):
    """F20: written, and held after a failure, while the clock was two hours ahead."""

    def ahead() -> bool:
        with all_organizations("the test looks"):
            return number.organization_id in clock_set_back.organizations_ahead()

    with time_machine.travel(now() + timedelta(hours=2)):
        made = talk.say("pertama")
        number.fault("error", code=130429, http=429, times=1)
        number.deliver()
        behind = talk.say("kedua")
    number.deliver()
    assert number.sent() == [] and ahead()
    jobs.put_times_right(number.organization_id)
    assert not ahead()
    number.deliver()
    number.deliver()
    assert [sent["text"] for sent in number.sent()] == ["pertama", "kedua"]
    assert {talk.message(row["id"]).status for row in (made, behind)} == {"sent"}
