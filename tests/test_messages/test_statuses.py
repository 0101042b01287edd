"""Ticks: in any order, before our own answer, late from an earlier sending."""

import itertools

import pytest

from cloudchat.channels.base import SendResult
from cloudchat.extensions import db
from cloudchat.models import Message
from cloudchat.services import claims, outbound, settling
from cloudchat.services.receipts import read_reference, reference
from cloudchat.tenancy import acting_as
from tests.test_messages.numbers import identity, receive
from tests.test_messages.together import at_once


@pytest.fixture
def sent(number, cast, make):
    """`sent(status)`: a message of ours that got so far, with a provider's id."""
    number.receive(number.message())

    def made(status="sent", external_id="") -> Message:
        external_id = f"wamid.out{make.number()}" if external_id == "" else external_id
        return make.message(
            number.conversation(), "Siap", direction="out", status=status, external_id=external_id
        )

    return made


def reread(message: Message) -> Message:
    with acting_as(message.organization_id):
        return db.session.get(Message, message.id, populate_existing=True)


@pytest.mark.parametrize("order", itertools.permutations(["sent", "delivered", "read"]))
def test_every_order_ends_at_the_highest(number, sent, order):
    message = sent("queued")
    for name in order:
        number.receive(statuses=[number.status(message.external_id, name)])
    assert reread(message).status == "read"


@pytest.mark.parametrize("names", itertools.permutations(["sent", "failed", "delivered"]))
def test_in_one_body_too(number, sent, names):
    message = sent("queued")
    number.receive(statuses=[number.status(message.external_id, name) for name in names])
    assert reread(message).status == "delivered"


def test_a_failure_keeps_the_reason_of_the_provider(number, sent):
    message = sent("sent")
    errors = [{"code": 131047, "title": "Re-engagement", "error_data": {"details": "More than 24 hours"}}]
    number.receive(statuses=[number.status(message.external_id, "failed", errors=errors)])
    row = reread(message)
    assert row.status == "failed"
    assert (row.error["code"], row.error["details"]) == ("131047", "More than 24 hours")
    number.receive(statuses=[number.status(message.external_id, "sent")])
    assert reread(message).status == "failed"


def test_a_played_voice_note_is_read(number, sent):
    message = sent("delivered")
    number.receive(statuses=[number.status(message.external_id, "played")])
    assert reread(message).status == "read"


def test_ten_thousand_unknown_statuses_do_no_harm(number, sent):
    message = sent("sent")
    unknown = [number.status(f"wamid.unknown{place}", "delivered") for place in range(2000)]
    number.receive(statuses=[*unknown, number.status(message.external_id, "delivered")])
    assert reread(message).status == "delivered"


def test_an_inbound_message_takes_no_status(number):
    message = number.message()
    number.receive(message)
    number.receive(statuses=[number.status(message["id"], "read")])
    assert number.messages()[0].status == "received"


def test_another_organizations_message_is_out_of_reach(number, make_number, sent, cast):
    message = sent("sent")
    stranger = make_number(cast.neighbour_id)
    told = [
        stranger.status(message.external_id, "read"),
        stranger.status("wamid.forged", "read", biz_opaque_callback_data=reference(message.id, 0)),
    ]
    stranger.receive(statuses=told)
    assert reread(message).status == "sent"


# --- by our reference --------------------------------------------------------------------------


def queued(number, person) -> Message:
    with acting_as(number.organization_id):
        made = outbound.reply(identity(person), number.conversation().id, "Siap kak")
        return db.session.get(Message, made["id"])


def test_a_status_before_our_own_answer_settles_the_message(number, cast):
    number.receive(number.message())
    message = queued(number, cast.agent)
    with acting_as(number.organization_id):
        [claim] = claims.take(number.device.id, 10).claims
    ref = claim.outgoing.reference
    number.receive(statuses=[number.status("wamid.new", "delivered", biz_opaque_callback_data=ref)])
    row = reread(message)
    assert (row.status, row.external_id) == ("delivered", "wamid.new")
    assert number.outbox() == []  # it must not be sent again
    with acting_as(number.organization_id):  # our own answer comes at last
        settling.settle([(claim, SendResult("wamid.new"))])
    assert reread(message).status == "delivered"
    assert number.sent() == []


def test_a_status_and_our_own_answer_at_once(app, number, cast):
    number.receive(number.message())
    for round_ in range(10):
        message = queued(number, cast.agent)
        with acting_as(number.organization_id):
            [claim] = claims.take(number.device.id, 10).claims
        told = number.status(
            f"wamid.r{message.id}", "read", biz_opaque_callback_data=claim.outgoing.reference
        )

        def answer(claim=claim, message=message):
            with acting_as(number.organization_id):
                settling.settle([(claim, SendResult(f"wamid.r{message.id}"))])

        results = at_once(app, lambda told=told: number.receive(statuses=[told]), answer)
        assert not any(isinstance(result, Exception) for result in results), (round_, results)
        row = reread(message)
        assert row.external_id == f"wamid.r{message.id}" and row.status == "read"
        assert number.outbox() == []


def test_late_news_of_an_earlier_sending_is_not_taken_for_the_new_one(number, cast, sent):
    """Failed, sent again by hand, and only then "sent" of the first try comes: the second must go."""
    message = sent("failed")
    first_id = message.external_id
    with acting_as(number.organization_id):
        outbound.retry(identity(cast.agent), message.conversation_id, message.id)
    old = reference(message.id, 0)
    number.receive(statuses=[number.status(first_id, "sent", biz_opaque_callback_data=old)])
    assert reread(message).status == "queued" and len(number.outbox()) == 1
    new = reference(message.id, 1)
    number.receive(statuses=[number.status("wamid.second", "sent", biz_opaque_callback_data=new)])
    assert reread(message).external_id == "wamid.second" and number.outbox() == []


@pytest.mark.parametrize(
    "text",
    [None, "", "17", "17:0", "other:17:0", "cloudchat:x:0", "cloudchat:1:2:3", "cloudchat:1:٣", "9" * 500],
)
def test_references_of_others_mean_nothing(text):
    assert read_reference(text) == (None, 0)


def test_our_reference_comes_back():
    assert read_reference(reference(17, 3)) == (17, 3)


def test_statuses_of_two_batches_in_every_order(app, number, sent):
    """Two webhooks about the same messages, at once, each in its own order."""
    messages = [sent("queued") for _ in range(12)]
    up = [number.status(message.external_id, "delivered") for message in messages]
    down = [number.status(message.external_id, "read") for message in reversed(messages)]
    for name in ("sent", "failed"):
        results = at_once(
            app,
            lambda: receive(number.change(statuses=up)),
            lambda: receive(number.change(statuses=down)),
            lambda name=name: receive(
                number.change(statuses=[number.status(m.external_id, name) for m in messages])
            ),
        )
        assert not any(isinstance(result, Exception) for result in results)
    assert {reread(message).status for message in messages} == {"read"}
