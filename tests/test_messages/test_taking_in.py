"""Webhooks again, at once, in large bodies; and what they cost."""

import random

from sqlalchemy import event

from cloudchat import events
from cloudchat.channels import get as channel_for
from cloudchat.extensions import db
from cloudchat.services import intake
from tests.test_messages.numbers import body, receive
from tests.test_messages.together import at_once

# --- the same again ----------------------------------------------------------------------------


def test_the_same_webhook_eight_times_at_once(app, number):
    change = number.change([number.message()])
    results = at_once(app, *[lambda: receive(change)] * 8)
    assert results == [1] * 8  # each is told that all is well
    assert len(number.messages()) == len(number.stored()) == 1
    assert number.conversation().unread_count == 1


def test_the_same_webhook_again_later(number):
    change = number.change([number.message()], statuses=[number.status("wamid.x", "read")])
    for _ in range(8):
        receive(change)
    assert len(number.messages()) == 1 and number.conversation().unread_count == 1
    assert len(number.stored()) == 2


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
        entries = intake._by_organization("wa_official", found)[cast.organization_id]
        group = [intake.Submission(entries)]
        intake._work(cast.organization_id, group)
        assert group[0].error is None
        return len(entries)

    assert at_once(app, *[lambda seed=seed: call(seed) for seed in range(8)]) == [24] * 8
    for number in numbers:
        assert len(number.conversations()) == 12
        assert all(row.unread_count == 8 for row in number.conversations())
        assert all(row.processed_at for row in number.stored())
    assert len(numbers[0].contacts()) == 12


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
    events.bus._ready.set([])  # what other tests left untold
    events.subscribe(events.MessageAdded, ours)
    try:
        number.receive(number.message(content="satu"), number.message(content="dua"))
        assert told == []
        events.drain()
    finally:
        events.bus._subscribers[events.MessageAdded].remove(ours)
    assert [happened.message["text"] for happened in told] == ["satu", "dua"]
    assert told[-1].unread_count == 2 and told[-1].inbound
