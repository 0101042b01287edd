"""F3: a worker is killed with signal 9 inside a send. The simulator's log says what went out."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from cloudchat.channels.base import SendResult
from cloudchat.errors import ProviderError
from cloudchat.extensions import db
from cloudchat.services import claims, delivery, outbound, settling
from cloudchat.services.receipts import reference
from cloudchat.tenancy import acting_as
from tests.test_messages.talks import queue_for_many

ROOT = Path(__file__).resolve().parents[2]
OWN_REDIS = 7  # a database of Redis that the desk's worker does not look at


class Worker:
    """A real `flask worker` with queues of its own."""

    def __init__(self, settings, **env):
        _, base = settings
        url = base["REDIS_URL"].partition("?")[0] + f"?db={OWN_REDIS}"
        self.redis = Redis.from_url(url)
        self.redis.flushdb()
        self._env = {
            **os.environ,
            **base,
            "REDIS_URL": url,
            "FLASK_APP": "wsgi",
            "PYTHONPATH": str(ROOT),
            **env,
        }
        self.process = None

    def start(self, organization_id: int, device_id: int) -> None:
        """Send what waits for the device, in another process."""
        queue = Queue("messages", connection=self.redis, serializer=JSONSerializer)
        queue.enqueue("cloudchat.jobs.outbound.deliver", organization_id, device_id)
        command = [sys.executable, "-m", "flask", "worker", "--burst"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """At once, it and the process that does the job."""
        mine = psutil.Process(self.process.pid)
        for process in [*mine.children(recursive=True), mine]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def finish(self) -> None:
        assert self.process.wait(60) == 0


@pytest.fixture
def make_worker(settings, app):
    started = []

    def made(**env) -> Worker:
        started.append(Worker(settings, **env))
        return started[-1]

    yield made
    for worker in started:
        if worker.process and worker.process.poll() is None:
            worker.kill()


def time_passes(number) -> int:
    """The claims grow old, and the sweeper's job looks at them."""
    with acting_as(number.organization_id):
        db.session.execute(db.text("update outbox set claimed_at = claimed_at - interval '2 minutes'"))
        db.session.commit()
        return settling.settle_lost()


def under_way(number) -> bool:
    return any(entry.state == "sending" for entry in number.outbox())


def test_killed_before_the_call_reached_anybody(number, talk, make_worker, eventually):
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


def test_killed_between_the_call_and_the_commit(number, cast, make_worker, eventually):
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


def test_killed_after_the_commit(number, talk, make_worker, eventually):
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
