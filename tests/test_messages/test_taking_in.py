"""Webhooks at once, again, out of order, and with something in them that cannot be handled."""

import random

import pytest
from sqlalchemy import event, text

from cloudchat import events
from cloudchat.channels import get as channel_for
from cloudchat.errors import Unavailable
from cloudchat.extensions import db, now
from cloudchat.models import WebhookEvent
from cloudchat.services import intake
from cloudchat.tenancy import acting_as, all_organizations
from tests.test_messages.numbers import body, receive
from tests.test_messages.together import at_once


def stored(number) -> list[WebhookEvent]:
    with acting_as(number.organization_id):
        rows = db.session.scalars(
            db.select(WebhookEvent)
            .where(WebhookEvent.device_id == number.device.id)
            .order_by(WebhookEvent.id)
            .execution_options(populate_existing=True)
        )
        return list(rows)


# --- the same again ----------------------------------------------------------------------------


def test_the_same_webhook_eight_times_at_once(app, number):
    change = number.change([number.message()])
    results = at_once(app, *[lambda: receive(change)] * 8)
    assert results == [1] * 8  # each is told that all is well
    assert len(number.messages()) == len(stored(number)) == 1
    assert number.conversation().unread_count == 1


def test_the_same_webhook_again_later(number):
    change = number.change([number.message()], statuses=[number.status("wamid.x", "read")])
    for _ in range(8):
        receive(change)
    assert len(number.messages()) == 1 and number.conversation().unread_count == 1
    assert len(stored(number)) == 2


def test_the_same_id_with_another_body(number):
    first = number.message(content="yang pertama")
    number.receive(first)
    number.receive({**first, "text": {"body": "yang palsu"}})
    number.receive(number.message(), {**first, "text": {"body": "lagi"}})
    assert [message.text for message in number.messages()] == ["yang pertama", "Halo"]


def test_one_id_twice_in_a_body(number):
    message = number.message(content="satu")
    number.receive(message, {**message, "text": {"body": "dua"}})
    assert [row.text for row in number.messages()] == ["satu"]
    assert number.conversation().unread_count == 1


# --- at the same time --------------------------------------------------------------------------


def test_an_album_from_somebody_new(app, number):
    """F14: one contact, one conversation, all eight, whoever was first."""
    texts = [f"foto {place}" for place in range(8)]
    at_once(app, *[lambda text=text: number.receive(number.message(content=text)) for text in texts])
    assert len(number.contacts()) == len(number.conversations()) == 1
    assert sorted(message.text for message in number.messages()) == texts
    row = number.conversation()
    assert row.unread_count == 8 and row.last_message_id == number.messages()[-1].id


def test_one_customer_writes_to_two_devices_at_once(app, make_number, cast):
    numbers = [make_number(cast.organization_id) for _ in range(4)]
    for number in numbers:
        number.customer = numbers[0].customer
    at_once(app, *[lambda number=number: number.receive(number.message()) for number in numbers])
    assert len(numbers[0].contacts()) == 1
    assert all(number.conversation().unread_count == 1 for number in numbers)


def test_one_body_for_many_numbers_and_organizations(make_number, cast, make):
    """1,000 updates: each in its organization, each once, in order."""
    organizations = [cast.organization_id, cast.neighbour_id, make.organization()]
    numbers = [make_number(organization) for organization in organizations for _ in range(3)]
    items = [(random.choice(numbers), place) for place in range(1000)]
    people = [f"62855{place:06d}" for place in range(40)]
    messages = [
        (number, number.message(content=str(place), **{"from": people[place % 40]}))
        for number, place in items
    ]
    assert receive(*[number.change([message]) for number, message in messages]) == 1000
    for number in numbers:
        wanted = [str(place) for owner, place in items if owner is number]
        assert [row.text for row in number.messages()] == wanted
        for conversation in number.conversations():
            mine = [row for row in number.messages() if row.conversation_id == conversation.id]
            assert conversation.unread_count == len(mine)
            assert conversation.last_message_id == mine[-1].id


def test_many_calls_in_every_order_end_without_a_deadlock(app, make_number, cast):
    """Batches that meet over the same conversations, as from several web processes."""
    numbers = [make_number(cast.organization_id) for _ in range(2)]
    people = [f"62856{place:06d}" for place in range(12)]

    def call(seed: int) -> int:
        # Past the group commit, which would put them one behind the other.
        shuffled = random.Random(seed).sample(people, len(people))
        changes = [
            number.change([number.message(content="x", **{"from": person})])
            for person in shuffled
            for number in numbers
        ]
        found = channel_for("wa_official").split(body(*changes))
        entries = [
            intake.Entry(route.device_id, "wa_official", raw)
            for raw in found
            for route in intake._routes("wa_official", raw)
        ]
        group = [intake.Submission(entries)]
        intake._work(cast.organization_id, group)
        assert group[0].error is None
        return len(entries)

    assert at_once(app, *[lambda seed=seed: call(seed) for seed in range(8)]) == [24] * 8
    for number in numbers:
        assert len(number.conversations()) == 12
        assert all(row.unread_count == 8 for row in number.conversations())
        assert all(row.processed_at for row in stored(number))
    assert len(numbers[0].contacts()) == 12


# --- something in it that cannot be handled ----------------------------------------------------


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
    [left] = [row for row in stored(number) if row.processed_at is None]
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
    [row] = stored(number)
    for attempt in range(2, 6):
        with acting_as(number.organization_id):
            assert row.dead_at is None and row.next_attempt_at > now()
            intake.process(row.id)
        [row] = stored(number)
        assert row.attempts == attempt
    assert row.dead_at is not None
    number.receive(number.message(content="mengalir"))
    assert [message.text for message in number.messages()] == ["mengalir"]
    with acting_as(number.organization_id):
        intake.process(row.id)  # dead is dead
        assert stored(number)[0].attempts == 5
        poison()
        intake.replay(row.id)
        intake.process(row.id)
    assert [message.text for message in number.messages()] == ["mengalir", poison.text]
    assert stored(number)[0].processed_at is not None


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
        assert number.organization_id in intake.organizations_behind()
    with acting_as(number.organization_id):
        intake.catch_up()
        intake.catch_up()
    assert [message.text for message in number.messages()] == ["b", poison.text]


def test_stored_events_of_two_senders_are_handled_once(app, number, poison):
    """Sweeper, job and request at the same event: one of them does it."""
    number.receive(number.message(content=poison.text))
    [row] = stored(number)
    poison()

    def process():
        with acting_as(number.organization_id):
            intake.process(row.id)

    at_once(app, *[process] * 6)
    assert len(number.messages()) == 1 and stored(number)[0].attempts == 2


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


# --- cost --------------------------------------------------------------------------------------


def test_statements_do_not_grow_with_the_batch(number):
    people = [f"62857{place:06d}" for place in range(50)]
    number.receive(*(number.message(**{"from": person}) for person in people))

    def count(messages, **more) -> int:
        seen = []
        listener = lambda *call: seen.append(call[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        try:
            number.receive(*messages, **more)
        finally:
            event.remove(db.engine, "before_cursor_execute", listener)
        return len(seen)

    assert count([number.message(**{"from": people[0]})]) <= 4
    assert count([number.message(**{"from": person}) for person in people]) <= 4
    fresh = [f"62858{place:06d}" for place in range(50)]
    assert count([number.message(**{"from": person}) for person in fresh]) <= 9
    assert count([], statuses=[number.status(f"wamid.{i}", "read") for i in range(50)]) <= 3


def test_what_happened_is_told_after_the_commit_only(number):
    told = []
    ours = lambda happened: (  # noqa: E731
        told.append(happened) if happened.audience.organization_id == number.organization_id else None
    )
    events._ready.set([])  # what other tests left untold
    events.subscribe(events.MessageAdded, ours)
    try:
        number.receive(number.message(content="satu"), number.message(content="dua"))
        assert told == []
        events.drain()
    finally:
        events._subscribers[events.MessageAdded].remove(ours)
    assert [happened.message["text"] for happened in told] == ["satu", "dua"]
    assert told[-1].unread_count == 2 and told[-1].inbound
