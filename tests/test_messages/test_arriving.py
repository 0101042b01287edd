"""What a customer's message becomes: a contact, a conversation, a message; each kind of it."""

import json
from datetime import timedelta

import pytest

from cloudchat.channels import get as channel_for
from cloudchat.errors import Conflict
from cloudchat.extensions import db, now
from cloudchat.models import Device, WebhookEvent
from cloudchat.services import contact_merge, conversations, devices, intake
from cloudchat.tenancy import acting_as
from tests.test_messages.numbers import identity, receive


def test_a_text_makes_contact_conversation_and_message(number):
    number.receive(number.message(content="Halo kak, ada stok?"), name="Budi Santoso")
    [contact] = number.contacts()
    assert (contact.name, contact.phone) == ("Budi Santoso", f"+{number.customer}")
    conversation = number.conversation()
    assert conversation.status == "open" and conversation.unread_count == 1
    assert conversation.contact_id == contact.id
    assert conversation.last_message_text == "Halo kak, ada stok?"
    assert conversation.last_message_direction == "in"
    assert conversation.last_inbound_at is not None
    [message] = number.messages()
    assert (message.text, message.direction, message.status) == ("Halo kak, ada stok?", "in", "received")
    assert conversation.last_message_id == message.id


def test_a_batch_keeps_its_order_and_its_people_apart(number):
    first, second = "6281200000001", "6281200000002"
    texts = [(first, "a1"), (second, "b1"), (first, "a2"), (second, "b2"), (first, "a3")]
    number.receive(*(number.message(content=text, **{"from": person}) for person, text in texts))
    assert len(number.contacts()) == len(number.conversations()) == 2
    for row in number.conversations():
        mine = [text for person, text in texts if person == row.external_user_id]
        found = [message for message in number.messages() if message.conversation_id == row.id]
        assert [message.text for message in found] == mine
        assert row.unread_count == len(mine) and row.last_message_text == mine[-1]
        assert row.last_message_id == found[-1].id


@pytest.mark.parametrize(
    ("kind", "content", "text", "payload"),
    [
        (
            "location",
            {"latitude": -6.2, "longitude": 106.8, "name": "Monas"},
            "Monas",
            {"location": {"latitude": -6.2, "longitude": 106.8, "name": "Monas"}},
        ),
        (
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "div:3", "title": "Billing"}},
            "Billing",
            {"choice_id": "div:3"},
        ),
        (
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "div:4", "title": "Teknis"}},
            "Teknis",
            {"choice_id": "div:4"},
        ),
        ("button", {"payload": "ya", "text": "Ya"}, "Ya", {"choice_id": "ya"}),
    ],
)
def test_other_kinds(number, kind, content, text, payload):
    number.receive(number.message(kind, content))
    [message] = number.messages()
    assert message.text == text
    assert payload.items() <= message.payload.items()


def test_an_unknown_kind_leaves_a_placeholder(number):
    number.receive(number.message("poll_creation", {"name": "?", "options": []}))
    [message] = number.messages()
    assert message.type == "unsupported"
    assert number.conversation().last_message_text == "[unsupported]"


def test_a_reply_names_what_it_answers(number):
    number.receive(number.message(context={"from": "1", "id": "wamid.before"}))
    assert number.messages()[0].payload["reply_to_external_id"] == "wamid.before"


def test_the_same_customer_number_at_two_organizations(make_number, cast):
    ours, theirs = make_number(cast.organization_id), make_number(cast.neighbour_id)
    theirs.customer = ours.customer
    receive(
        ours.change([ours.message(content="ke kami")]), theirs.change([theirs.message(content="ke sana")])
    )
    assert [message.text for message in ours.messages()] == ["ke kami"]
    assert [message.text for message in theirs.messages()] == ["ke sana"]
    assert ours.contacts()[0].id != theirs.contacts()[0].id


def test_one_phone_on_two_devices_is_one_contact(make_number, cast):
    one, two = make_number(cast.organization_id), make_number(cast.organization_id)
    two.customer = one.customer
    receive(one.change([one.message()]), two.change([two.message()]))
    assert len(one.contacts()) == 1
    assert one.conversation().id != two.conversation().id


def test_a_nameless_customer_is_called_by_the_number(number):
    receive({"field": "messages", "value": {**number.change([number.message()])["value"], "contacts": []}})
    assert number.contacts()[0].name == f"+{number.customer}"


def test_a_number_of_nobody_is_passed_over(number, make_number, cast):
    stranger = make_number(cast.organization_id)
    change = stranger.change([stranger.message()])
    change["value"]["metadata"]["phone_number_id"] = "999999999999999"
    assert receive(change, number.change([number.message()])) == 1
    assert len(number.messages()) == 1 and not stranger.messages()


# --- the state of the conversation -------------------------------------------------------------


@pytest.mark.parametrize("status", ["pending", "snoozed"])
def test_writing_opens_a_waiting_conversation(number, cast, status):
    number.receive(number.message())
    row, agent = number.conversation(), identity(cast.agent)
    until = now() + timedelta(days=1) if status == "snoozed" else None
    with acting_as(cast.organization_id):
        version = conversations.set_status(agent, row.id, status, until).version
    number.receive(number.message(content="masih di sana?"))
    row = number.conversation()
    assert (row.status, row.snoozed_until, row.version) == ("open", None, version + 1)
    assert len(number.conversations()) == 1


def test_writing_after_resolving_begins_anew(number, cast):
    number.receive(number.message(content="pertama"))
    old = number.conversation()
    with acting_as(cast.organization_id):
        conversations.set_status(identity(cast.agent), old.id, "resolved")
    number.receive(number.message(content="kedua"))
    new = number.conversation()
    assert new.id != old.id and new.unread_count == 1
    assert new.last_message_text == "kedua"
    assert len(number.contacts()) == 1


def test_reopening_beside_a_newer_one_is_refused(number, cast):
    number.receive(number.message())
    old = number.conversation()
    with acting_as(cast.organization_id):
        conversations.set_status(identity(cast.agent), old.id, "resolved")
    number.receive(number.message())
    with acting_as(cast.organization_id), pytest.raises(Conflict) as caught:
        conversations.set_status(identity(cast.agent), old.id, "open")
    assert caught.value.code == "newer_open"
    assert caught.value.extra == {"conversation_id": number.conversation().id}


def test_the_last_writer_of_a_merged_contact_gets_the_answer(number, cast):
    """A contact with two numbers on one device: the answer goes to the one just written from."""
    first, second = number.customer, "6281299999999"
    number.receive(number.message())
    number.receive(number.message(**{"from": second}))
    with acting_as(cast.organization_id):
        one, two = sorted(number.contacts(), key=lambda contact: contact.id)
        contact_merge.merge(one.id, two.id)
    number.receive(number.message(**{"from": first}))
    assert number.conversation().external_user_id == first
    number.receive(number.message(**{"from": second}))
    assert number.conversation().external_user_id == second
    assert len(number.contacts()) == 1 and len([r for r in number.conversations() if r.status == "open"]) == 1


# --- echoes ------------------------------------------------------------------------------------


def test_an_echo_answers_what_came_before_it(number):
    number.receive(number.message(), number.message())
    number.receive(echoes=[number.echo("Siap kak")])
    row = number.conversation()
    assert row.unread_count == 0 and row.last_message_direction == "out"
    [echo] = number.messages("out")
    assert (echo.text, echo.status, echo.sender_type) == ("Siap kak", "sent", "agent")
    number.receive(number.message())
    assert number.conversation().unread_count == 1


def test_an_echo_between_two_messages_of_one_body(number):
    """Unread is what came after the echo, and `last_read_message_id` is the echo itself."""
    receive(
        number.change([number.message(content="sebelum")]),
        number.change(echoes=[number.echo("jawab")]),
        number.change([number.message(content="sesudah")]),
    )
    row, rows = number.conversation(), number.messages()
    assert [message.text for message in rows] == ["sebelum", "jawab", "sesudah"]
    assert (row.unread_count, row.last_read_message_id) == (1, rows[1].id)
    assert row.last_message_text == "sesudah"


def test_an_echo_to_somebody_new(number):
    number.receive(echoes=[number.echo()])
    assert number.conversation().unread_count == 0
    assert number.conversation().last_inbound_at is None


def test_a_new_conversation_inherits_the_window(number, cast):
    """The 24 hours belong to customer and number; that we resolved meanwhile changes nothing."""
    number.receive(number.message())
    old = number.conversation()
    with acting_as(cast.organization_id):
        conversations.set_status(identity(cast.agent), old.id, "resolved")
    number.receive(echoes=[number.echo()])
    assert number.conversation().last_inbound_at == old.last_inbound_at


# --- what came beside messages -----------------------------------------------------------------


def test_account_news_without_a_status_changes_none(number):
    with acting_as(number.organization_id):
        devices.mark(number.device.id, "needs_reauth", {"code": "190"})
        db.session.commit()
    error = {"code": 131042, "title": "Payment", "message": "Payment"}
    value = number.change()["value"] | {"errors": [error]}
    receive({"field": "messages", "value": value})
    device = number.refreshed()
    assert device.status == "needs_reauth" and device.last_error["code"] == "131042"


def test_account_news_of_the_waba_reach_its_devices(number):
    waba = number.device.config["waba_id"]
    raw = {"id": waba, "changes": [{"field": "account_update", "value": {"event": "DISABLED_UPDATE"}}]}
    events = channel_for("wa_official").split(
        json.dumps({"object": "whatsapp_business_account", "entry": [raw]}).encode()
    )
    assert intake.receive("wa_official", events) == 1


def test_a_waba_that_two_organizations_name_tells_each_of_them(number, make, cast):
    """Each has a row of its own, marks its own device, and knows nothing of the other's."""
    waba = number.device.config["waba_id"]
    other = make.device(cast.neighbour_id, config={"waba_id": waba})
    make.device(cast.neighbour_id, config={"waba_id": f"9{waba}"})
    value = {"event": "DISABLED_UPDATE", "errors": [{"code": 131042, "title": "Payment"}]}
    raw = {"id": waba, "changes": [{"field": "account_update", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [raw]}).encode()
    events = list(channel_for("wa_official").split(body))
    assert intake.receive("wa_official", events) == 2
    assert intake.receive("wa_official", events) == 2  # told again: kept once all the same
    for organization_id, device_id in (
        (cast.organization_id, number.device.id),
        (cast.neighbour_id, other.id),
    ):
        with acting_as(organization_id):
            assert list(db.session.scalars(db.select(WebhookEvent.device_id))) == [device_id]
            marked = db.session.scalars(db.select(Device.id).where(Device.last_error.is_not(None)))
            assert list(marked) == [device_id]
