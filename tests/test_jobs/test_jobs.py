"""Jobs are hints: queued once, lost without harm, run twice without harm, told also when they fail."""

import contextlib
import os
from datetime import timedelta

import pytest
from redis.exceptions import ConnectionError as RedisAway
from rq.cron import _job_data_registry

from cloudchat import events, jobs
from cloudchat.extensions import db, now, redis
from cloudchat.jobs import inbound, outbound, processes, schedule, sweeps, tenant_job
from cloudchat.models import Conversation, IdempotencyKey, OutboxEntry, WebhookEvent
from cloudchat.services import conversations, files
from cloudchat.tenancy import TenancyError, acting_as


@contextlib.contextmanager
def redis_at(url: str):
    """Another Redis for a while; the usual client comes back afterwards."""
    usual = redis.url, redis._client
    redis.bind(url)
    try:
        yield
    finally:
        redis.url, redis._client = usual


@pytest.fixture
def queue(context):
    """A queue of Redis that no worker looks at."""
    with redis_at(redis.url.partition("?")[0] + "?db=8"):
        events.drain()  # what tests before left to be told
        redis.client.flushdb()
        yield jobs.queue("messages")
        redis.client.flushdb()


def waiting(queue) -> list[str]:
    return [f"{job.func_name.rpartition('.')[2]}{tuple(job.args)}" for job in queue.jobs]


def test_a_delivery_is_queued_once_until_it_begins(queue, cast):
    for _ in range(5):
        jobs.enqueue_delivery(cast.organization_id, 4711)
    jobs.enqueue_delivery(cast.organization_id, 4712)
    assert waiting(queue) == [
        f"deliver({cast.organization_id}, 4711)",
        f"deliver({cast.organization_id}, 4712)",
    ]
    outbound.deliver(cast.organization_id, 4711)  # begins: what comes from now on needs a job again
    jobs.enqueue_delivery(cast.organization_id, 4711)
    assert len(waiting(queue)) == 3


def test_a_job_that_died_with_its_worker_is_not_waited_for_long(queue, cast):
    """F3: taken from the queue, never begun. Its flag must not keep the sweep from asking again."""
    jobs.enqueue_delivery(cast.organization_id, 12)
    [job] = queue.jobs
    queue.empty()
    assert job.ttl == 60
    assert (
        0
        < redis.client.ttl(f"cloudchat:queued:cloudchat.jobs.outbound:deliver:{cast.organization_id}:12")
        <= 10
    )


def test_a_lost_queue_is_filled_again(queue, cast):
    jobs.enqueue_delivery(cast.organization_id, 4711)
    redis.client.flushdb()
    jobs.enqueue_delivery(cast.organization_id, 4711)
    assert len(waiting(queue)) == 1


def test_without_redis_nothing_is_queued_and_nothing_breaks(context, cast):
    with redis_at("unix:///nonexistent/redis.sock"):
        jobs.enqueue_delivery(cast.organization_id, 4711)
        assert jobs.enqueue(inbound.catch_up, cast.organization_id) is False
        inbound.catch_up(cast.organization_id)


def test_a_failed_enqueue_leaves_no_flag(queue, cast, monkeypatch):
    monkeypatch.setattr(jobs, "queue", lambda name: (_ for _ in ()).throw(RedisAway("away")))
    jobs.enqueue_delivery(cast.organization_id, 4711)
    monkeypatch.undo()
    jobs.enqueue_delivery(cast.organization_id, 4711)
    assert len(waiting(queue)) == 1


def test_what_a_failing_job_committed_is_told(context, cast):
    told = []
    events.subscribe(events.UnreadChanged, told.append)

    @tenant_job
    def half(organization_id):
        events.publish(events.UnreadChanged(organization_id))
        db.session.commit()
        events.publish(events.UnreadChanged(organization_id))
        raise LookupError

    try:
        with pytest.raises(LookupError):
            half(cast.organization_id)
    finally:
        events.bus._subscribers[events.UnreadChanged].remove(told.append)
    assert told == [events.UnreadChanged(cast.organization_id)]


def test_every_periodic_job_is_listed_and_expires(context):
    listed = {entry["func"].__name__: entry for entry in _job_data_registry}
    assert {"unprocessed_events", "due_outbox", "pending_media", "snoozed", "old_rows"} <= set(listed)
    # By the hour or day: what waited is still worth doing
    seldom = {"old_rows", "bot_hours_past", "bot_history", "retention_night"}
    assert all(entry["ttl"] == schedule.LIVES for name, entry in listed.items() if name not in seldom)


def test_a_sweep_that_still_waits_is_not_queued_again(queue):
    periodic = processes.Scheduler(connection=redis.client)
    sweep = periodic.register(sweeps.due_outbox, queue_name=queue.name, interval=5)

    def comes_due() -> int:
        sweep.next_enqueue_time = now()
        periodic.enqueue_jobs()
        return queue.count

    assert [comes_due() for _ in range(3)] == [1, 1, 1]
    queue.empty()
    assert comes_due() == 1


def test_a_courtesy_waits_until_nothing_else_does(queue, cast):
    """A desk that reads much must not keep the sweepers, nor an answer, waiting."""
    courtesies = jobs.queue(jobs.COURTESIES)
    audience = events.Audience(cast.organization_id, 1, None, None, "62811")
    with acting_as(cast.organization_id):
        events.publish(events.ConversationRead(audience, 4711, "wamid.courtesy"))
        db.session.commit()
        events.drain()
    # One for each app that was made in this process
    ours = [job for job in courtesies.jobs if "wamid.courtesy" in job.args]
    assert {job.ttl for job in ours} == {jobs.QUEUED_SECONDS}
    worker = processes.Worker([jobs.queue(name) for name in processes.served(jobs.QUEUES)])
    for first in list(worker.queues):
        worker.reorder_queues(first)
        assert worker._ordered_queues[-1] == courtesies
    assert processes.served(["messages"]) == ["messages"]


# --- sweeps ------------------------------------------------------------------------------------


def queued_message(make, organization_id, **values) -> OutboxEntry:
    row = make.conversation(organization_id)
    message = make.message(row, direction="out", status="queued", external_id=None)
    with acting_as(organization_id):
        entry = OutboxEntry(device_id=row.device_id, conversation_id=row.id, message_id=message.id, **values)
        db.session.add(entry)
        db.session.commit()
        return entry


def test_the_outbox_sweep_finds_what_is_due_and_what_is_lost(queue, make):
    organization_id = make.organization()
    due = queued_message(make, organization_id)
    later = queued_message(make, organization_id, next_attempt_at=now() + timedelta(minutes=5))
    queued_message(make, organization_id, state="sending", claimed_at=now() - timedelta(minutes=5))
    sweeps.due_outbox()
    sweeps.due_outbox()
    mine = [job for job in waiting(queue) if f"({organization_id}," in job]
    assert sorted(mine) == [
        f"deliver({organization_id}, {due.device_id})",
        f"settle_lost({organization_id},)",
    ]
    assert not any(f", {later.device_id})" in job for job in mine)
    outbound.settle_lost(organization_id)
    outbound.settle_lost(organization_id)
    with acting_as(organization_id):
        states = db.session.scalars(db.select(OutboxEntry.state)).all()
    assert sorted(states) == ["pending", "pending"]


def test_the_event_sweep_names_each_organization_once(queue, make):
    organization_id = make.organization()
    device = make.device(organization_id)
    with acting_as(organization_id):
        for n in range(3):
            db.session.add(WebhookEvent(device_id=device.id, provider_id=f"e{n}", kind="other", payload={}))
        db.session.commit()
    sweeps.unprocessed_events()
    sweeps.unprocessed_events()
    assert waiting(queue).count(f"catch_up({organization_id},)") == 1
    inbound.catch_up(organization_id)
    with acting_as(organization_id):
        open_ = db.session.scalars(
            db.select(WebhookEvent.id).where(WebhookEvent.processed_at.is_(None))
        ).all()
    assert open_ == []


def test_snoozed_conversations_wake_once(context, make, cast):
    rows = [make.conversation(cast.organization_id) for _ in range(2)]
    with acting_as(cast.organization_id):
        for row, delay in zip(rows, (-1, 60), strict=True):
            found = db.session.get(Conversation, row.id)
            found.status, found.snoozed_until = "snoozed", now() + timedelta(minutes=delay)
        db.session.commit()
    sweeps.wake_snoozed(cast.organization_id)
    sweeps.wake_snoozed(cast.organization_id)
    with acting_as(cast.organization_id):
        first, second = (db.session.get(Conversation, row.id) for row in rows)
        assert (first.status, first.snoozed_until, second.status) == ("open", None, "snoozed")
        assert conversations.wake_snoozed() == 0


def test_old_bookkeeping_goes_and_what_may_be_needed_stays(context, make, cast, monkeypatch):
    monkeypatch.setattr(sweeps, "DELETED_AT_ONCE", 2)
    device = make.device(cast.organization_id)
    ages = {"old": 11, "kept": 9, "dead": 30}
    with acting_as(cast.organization_id):
        for kind, days in ages.items():
            for n in range(3):
                row = WebhookEvent(device_id=device.id, provider_id=f"{kind}{n}", kind="other", payload={})
                row.received_at = now() - timedelta(days=days)
                row.processed_at = None if kind == "dead" else now()
                row.dead_at = now() if kind == "dead" else None
                db.session.add(row)
        for days in (1, 3):
            db.session.add(
                IdempotencyKey(
                    scope="s", key=f"k{days}", body_hash="", created_at=now() - timedelta(days=days)
                )
            )
        db.session.commit()
        lost, young = files.keep(b"lost"), files.keep(b"young")
        path = files.path_of(lost)
        os.utime(path, (1, 1))
    sweeps.clean(cast.organization_id)
    with acting_as(cast.organization_id):
        left = db.session.scalars(db.select(WebhookEvent.provider_id)).all()
        keys = db.session.scalars(db.select(IdempotencyKey.key)).all()
    assert sorted(left) == ["dead0", "dead1", "dead2", "kept0", "kept1", "kept2"]
    assert keys == ["k1"]
    assert not path.exists() and files.path_of(young).exists()


def test_a_job_of_one_organization_sees_no_other(context, cast):
    @tenant_job
    def look(organization_id):
        return organization_id

    assert look(cast.organization_id) == cast.organization_id
    with pytest.raises(TenancyError):
        db.session.scalars(db.select(OutboxEntry)).all()
