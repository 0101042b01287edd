"""Events are told after the commit, and only if there was one."""

from dataclasses import dataclass

import pytest

from cloudchat import events
from cloudchat.extensions import db
from cloudchat.models import Contact
from cloudchat.tenancy import acting_as
from tests import factories


@dataclass(frozen=True)
class Noticed(events.Event):
    """An event of this test."""

    what: str


heard: list[str] = []
events.subscribe(Noticed, lambda event: heard.append(event.what))


@pytest.fixture
def inside(context):
    """Inside an organization, with nothing told yet."""
    organization_id = factories.organization()
    events.drain()
    heard.clear()
    with acting_as(organization_id):
        yield organization_id


def told() -> list[str]:
    events.drain()
    return heard


def test_a_commit_tells(inside):
    events.publish(Noticed("a"))
    assert told() == []
    db.session.commit()
    assert heard == [], "not before the door drains"
    assert told() == ["a"]
    assert told() == ["a"], "and once"


def test_a_rollback_drops(inside):
    events.publish(Noticed("before any statement"))
    db.session.rollback()
    events.publish(Noticed("kept"))
    db.session.commit()
    assert told() == ["kept"]


def test_a_failed_flush_drops(inside):
    events.publish(Noticed("a"))
    db.session.add(Contact(name=None))
    with pytest.raises(Exception, match="not-null"):
        db.session.commit()
    db.session.rollback()
    db.session.commit()
    assert told() == []


def test_leaving_the_organization_without_a_commit_drops(context):
    with acting_as(factories.organization()):
        events.drain()
        heard.clear()
        events.publish(Noticed("a"))
    with acting_as(factories.organization()):
        db.session.add(Contact(name="A"))
        db.session.commit()
    assert told() == []


def test_a_released_savepoint_tells_nothing_yet(inside):
    """Its work is undone with the rest if the transaction fails."""
    events.publish(Noticed("before"))
    with db.session.begin_nested():
        events.publish(Noticed("inside"))
        db.session.add(Contact(name="A"))
    assert told() == []
    db.session.rollback()
    assert told() == []


def test_a_rolled_back_savepoint_drops_what_was_published_in_it(inside):
    """What was published before it, and after it, is told."""
    events.publish(Noticed("before"))
    with pytest.raises(ZeroDivisionError), db.session.begin_nested():
        events.publish(Noticed("inside"))
        _ = 1 / 0
    events.publish(Noticed("after"))
    db.session.commit()
    assert told() == ["before", "after"]


def test_a_subscriber_that_fails_stops_no_other(inside, capsys):
    def fail(event):
        raise RuntimeError("broken")

    events.bus._subscribers[Noticed].insert(0, fail)
    try:
        events.publish(Noticed("a"))
        db.session.commit()
        assert told() == ["a"]
    finally:
        events.bus._subscribers[Noticed].remove(fail)


def test_a_request_tells_at_its_end(cast, as_person, monkeypatch):
    seen = []
    monkeypatch.setitem(events.bus._subscribers, events.ContactChanged, [seen.append])
    made = as_person(cast.admin).post("/api/app/contacts", json={"name": "Sari"}).json
    as_person(cast.admin).patch(f"/api/app/contacts/{made['id']}", json={"name": "Dewi"})
    as_person(cast.admin).patch(f"/api/app/contacts/{made['id']}", json={"email": "no address"})
    assert [event.contact_id for event in seen].count(made["id"]) == len(seen) > 0
