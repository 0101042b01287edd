"""Webhooks with something in them that cannot be handled, or while a part of us is away."""

import pytest
from sqlalchemy import event, text

from cloudchat import events, tenancy
from cloudchat.errors import Unavailable
from cloudchat.extensions import db, now, redis
from cloudchat.models import WebhookEvent
from cloudchat.services import stored_events
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_messages.numbers import receive
from tests.test_messages.together import at_once


@pytest.fixture
def poison(number):
    """Messages with this text make the database refuse; answers a way to make it stop."""
    name = f"poison_{number.device.id}"
    with db.engine.begin() as connection:
        connection.execute(text("set role none"))
        connection.execute(
            text(f"alter table messages add constraint {name} check (text <> '{name}') not valid")
        )

    def end():
        with db.engine.begin() as connection:
            connection.execute(text(f"alter table messages drop constraint if exists {name}"))

    end.text = name
    yield end
    end()


def test_a_poison_event_stops_only_itself(number, poison):
    before, bad, after = (number.message(content=t) for t in ("baik", poison.text, "juga baik"))
    assert number.receive(before, bad, after) == 3
    assert [message.text for message in number.messages()] == ["baik", "juga baik"]
    assert number.conversation().unread_count == 2
    [left] = [row for row in number.stored() if row.processed_at is None]
    assert left.attempts == 1 and poison.text in left.error


def test_poison_in_one_call_does_not_reach_others(app, number, poison):
    texts = [f"pesan {place}" for place in range(7)] + [poison.text]
    results = at_once(
        app, *[lambda text=text: number.receive(number.message(content=text)) for text in texts]
    )
    assert results == [1] * 8
    assert sorted(message.text for message in number.messages()) == texts[:7]


def test_poison_dies_after_five_tries_and_can_be_replayed(number, poison):
    number.receive(number.message(content=poison.text))
    [row] = number.stored()
    for attempt in range(2, 6):
        with acting_as(number.organization_id):
            assert row.dead_at is None and row.next_attempt_at > now()
            stored_events.process(row.id)
        [row] = number.stored()
        assert row.attempts == attempt
    assert row.dead_at is not None
    number.receive(number.message(content="mengalir"))
    assert [message.text for message in number.messages()] == ["mengalir"]
    with acting_as(number.organization_id):
        stored_events.process(row.id)  # dead is dead
        assert number.stored()[0].attempts == 5
        poison()
        stored_events.replay(row.id)
        stored_events.process(row.id)
    assert [message.text for message in number.messages()] == ["mengalir", poison.text]
    assert number.stored()[0].processed_at is not None


def test_the_sweeper_takes_up_what_was_left(number, poison):
    number.receive(number.message(content=poison.text), number.message(content="b"))
    poison()
    with acting_as(number.organization_id):
        db.session.execute(
            db.update(WebhookEvent)
            .where(WebhookEvent.device_id == number.device.id)
            .values(next_attempt_at=now())
        )
        db.session.commit()
    with all_organizations("test"):
        assert number.organization_id in stored_events.organizations_behind()
    with acting_as(number.organization_id):
        stored_events.catch_up()
        stored_events.catch_up()
    assert [message.text for message in number.messages()] == ["b", poison.text]


def test_stored_events_of_two_senders_are_handled_once(app, number, poison):
    """Sweeper, job and request at the same event: one of them does it."""
    number.receive(number.message(content=poison.text))
    [row] = number.stored()
    poison()

    def process():
        with acting_as(number.organization_id):
            stored_events.process(row.id)

    at_once(app, *[process] * 6)
    assert len(number.messages()) == 1 and number.stored()[0].attempts == 2


# --- the database away -------------------------------------------------------------------------


def test_without_a_database_the_provider_is_told_to_come_again(number):
    change = number.change([number.message()])
    receive(number.change([number.message()]))  # the route is known

    @event.listens_for(db.engine, "do_connect")
    def refuse(dialect, record, arguments, keywords):
        keywords["host"] = "/nonexistent"

    db.engine.dispose()
    try:
        with pytest.raises(Unavailable):
            receive(change)
    finally:
        event.remove(db.engine, "do_connect", refuse)
    assert receive(change) == 1
    assert len(number.messages()) == 2


def test_a_row_that_somebody_holds_does_not_hold_up_the_organization(number, monkeypatch):
    """The call is answered, the others' messages are there; the one that waits is kept for later."""
    monkeypatch.setattr(tenancy, "LOCK_PATIENCE", "300ms")
    number.receive(number.message())
    held = number.conversation()
    with db.engine.connect() as connection:
        connection.execute(text("select set_config('role', 'cloudchat_app', true)"))
        connection.execute(text(f"select set_config('app.tenant_id', '{number.organization_id}', true)"))
        connection.execute(text(f"select 1 from conversations where id = {held.id} for update"))
        number.receive(number.message(content="ditahan"), number.message(**{"from": "62811222333"}))
        assert sorted(row.unread_count for row in number.conversations()) == [1, 1]
        connection.rollback()
    [left] = [row for row in number.stored() if row.processed_at is None]
    with acting_as(number.organization_id):
        stored_events.process(left.id)
    assert number.messages()[-1].text == "ditahan"


def test_with_redis_away_webhooks_are_taken_in(number):
    """F8: what follows (socket events, jobs) fails quietly and is made up for later."""
    usual = redis.url, redis._client
    redis.bind("unix:///nonexistent/redis.sock")
    try:
        events.bus._ready.set([])
        assert number.receive(number.message("image", {"id": "1", "mime_type": "image/png"})) == 1
        events.drain()
    finally:
        redis.url, redis._client = usual
    assert len(number.messages()) == 1 and number.conversation().unread_count == 1
