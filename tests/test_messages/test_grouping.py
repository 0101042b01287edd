"""Group commit by itself: nobody is forgotten, nobody starves, errors reach whom they concern."""

import threading
import time
from collections import defaultdict
from types import SimpleNamespace

import gevent
import gevent.event
import gevent.lock
import pytest

from cloudchat.errors import Unavailable
from cloudchat.services import grouping
from cloudchat.services.grouping import GroupCommit


def in_threads(*works) -> list:
    results: list = [None] * len(works)

    def run(place, work):
        try:
            results[place] = work() or "done"
        except BaseException as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=item, daemon=True) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads), "a wake-up was lost"
    return results


def test_everything_is_worked_off_once_and_never_twice_at_a_time():
    seen, at_work, most = defaultdict(list), defaultdict(int), []

    def work(key, group):
        at_work[key] += 1
        most.append(at_work[key])
        time.sleep(0.001)
        for submission in group:
            seen[key] += submission.items
        at_work[key] -= 1

    groups = GroupCommit(work, limit=10)
    calls = [
        lambda key=key, number=number: groups.submit(key, [number]) for number in range(100) for key in "abc"
    ]
    assert in_threads(*calls) == ["done"] * 300
    assert {key: sorted(items) for key, items in seen.items()} == {k: list(range(100)) for k in "abc"}
    assert max(most) == 1
    assert not groups._waiting and not groups._led


def test_groups_keep_to_the_limit_and_to_the_order():
    sizes, order, go = [], [], threading.Event()

    def work(key, group):
        go.wait(10)
        sizes.append(sum(len(submission.items) for submission in group))
        order.extend(item for submission in group for item in submission.items)

    groups = GroupCommit(work, limit=10)
    threads = []
    for number, size in enumerate([1, 4, 4, 4, 25, 3]):
        items = [(number, place) for place in range(size)]
        threads.append(threading.Thread(target=groups.submit, args=("key", items)))
        threads[-1].start()
        while sum(map(len, groups._waiting.values())) < number and number:
            time.sleep(0.001)
    go.set()
    for thread in threads:
        thread.join(10)
    assert sizes == [1, 8, 4, 25, 3]
    assert order == sorted(order)


def test_an_exception_reaches_every_caller_of_the_group_and_no_other():
    def work(key, group):
        time.sleep(0.01)
        if any(item == "bad" for submission in group for item in submission.items):
            raise ValueError("bad")

    groups = GroupCommit(work, limit=1)
    results = in_threads(
        *[lambda: groups.submit("key", ["good"])] * 10, *[lambda: groups.submit("key", ["bad"])] * 3
    )
    assert results[:10] == ["done"] * 10
    assert all(isinstance(error, Unavailable) for error in results[10:])
    assert len({id(error) for error in results[10:]}) == 3  # each has an exception of its own
    in_threads(lambda: groups.submit("key", ["good"]))


def test_a_failure_that_cannot_even_be_logged_is_nobodys_success(monkeypatch):
    """F18: with the disk full the line in the log raises too; a 200 for what was not kept would lose it."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(grouping.log, "warning", full, raising=False)

    def work(key, group):
        time.sleep(0.1)
        raise ValueError("not kept")

    group = GroupCommit(work, 100)
    results = in_threads(*[lambda: group.submit("a", [1])] * 6)
    assert all(isinstance(result, Unavailable | OSError) for result in results), results


def test_a_submission_may_fail_alone():
    def work(key, group):
        for submission in group:
            if "bad" in submission.items:
                submission.error = LookupError("mine")

    groups = GroupCommit(work, limit=100)
    results = in_threads(*[lambda item=item: groups.submit("key", [item]) for item in ("a", "bad", "b")])
    assert results[0] == results[2] == "done" and isinstance(results[1], LookupError)


@pytest.fixture
def greenlets(monkeypatch):
    """The module as it is under gevent's patches, without patching this process."""

    patched = SimpleNamespace(Event=gevent.event.Event, Lock=lambda: gevent.lock.BoundedSemaphore(1))
    monkeypatch.setattr(grouping, "threading", patched)


def test_a_greenlet_that_is_killed_while_it_waits_does_not_take_the_others_along(greenlets):
    done = []

    def work(key, group):
        gevent.sleep(0.02)
        done.extend(item for submission in group for item in submission.items)

    groups = GroupCommit(work, limit=1)
    calls = [gevent.spawn(groups.submit, "key", [number]) for number in range(6)]
    gevent.sleep(0.005)
    calls[1].kill()  # the next leader
    calls[3].kill()
    assert len(gevent.joinall(calls, timeout=5)) == 6
    assert done == [0, 2, 4, 5]


def test_a_greenlet_that_was_just_made_leader_and_is_killed_passes_it_on(greenlets):
    done = []
    groups = GroupCommit(lambda key, group: done.extend(s.items[0] for s in group), limit=1)
    blocker = gevent.event.Event()
    groups._work = lambda key, group: (blocker.wait(), done.extend(s.items[0] for s in group))
    calls = [gevent.spawn(groups.submit, "key", [number]) for number in range(4)]
    gevent.sleep(0)
    second = groups._waiting["key"][0]
    blocker.set()
    gevent.sleep(0)  # the first has named the second its successor, which has not run yet
    if second.leads:
        calls[1].kill()
    assert len(gevent.joinall(calls, timeout=5)) == 4
    assert {2, 3} <= set(done) and not groups._led


def test_a_leader_that_is_killed_tells_its_group_and_the_next_go_on(greenlets):
    def work(key, group):
        gevent.sleep(0.05)

    groups = GroupCommit(work, limit=10)
    first = gevent.spawn(groups.submit, "key", [1])
    gevent.sleep(0.001)
    second = gevent.spawn(groups.submit, "key", [2])
    gevent.sleep(0.001)
    first.kill()
    second.join(5)
    assert second.successful()
