"""Whatever happens in whatever order: badges equal counts, and the list shows the last message."""

from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cloudchat.errors import AppError
from cloudchat.extensions import db, now
from cloudchat.services import contact_merge, conversations, outbound, unread
from cloudchat.services.inbound import preview
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_messages.numbers import Number, identity, receive
from tests.test_messages.together import at_once

STEPS = (
    "in",
    "in two",
    "echo",
    "in+echo+in",
    "read",
    "reply",
    "resolve",
    "reopen",
    "snooze",
    "assign",
    "note",
)
QUICK = settings(
    max_examples=40,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Desk:
    """One customer and one agent, doing things."""

    def __init__(self, number, person):
        self.number, self.agent = number, identity(person)

    def do(self, step: str) -> None:
        number = self.number
        match step:
            case "in":
                number.receive(number.message())
            case "in two":
                number.receive(number.message(content="satu"), number.message(content="dua"))
            case "echo":
                number.receive(echoes=[number.echo()])
            case "in+echo+in":
                one, two = number.change([number.message()]), number.change([number.message()])
                receive(one, number.change(echoes=[number.echo()]), two)
            case _:
                self._act(step)

    def _act(self, step: str) -> None:
        rows = self.number.conversations()
        if not rows:
            return
        with acting_as(self.number.organization_id):
            try:
                self._call(step, rows[-1].id)
            except AppError:
                db.session.rollback()  # not possible now: nothing may have changed

    def _call(self, step: str, conversation_id: int) -> None:
        match step:
            case "read":
                conversations.mark_read(self.agent, conversation_id)
            case "reply":
                outbound.reply(self.agent, conversation_id, "Siap")
            case "resolve":
                conversations.set_status(self.agent, conversation_id, "resolved")
            case "reopen":
                conversations.set_status(self.agent, conversation_id, "open")
            case "snooze":
                until = now() + timedelta(hours=1)
                conversations.set_status(self.agent, conversation_id, "snoozed", until)
            case "assign":
                conversations.assign(self.agent, conversation_id, self.agent.user_id)
            case "note":
                conversations.add_note(self.agent, conversation_id, "catatan")


def check(number, agent) -> None:
    """The figures that are kept equal those that are counted."""
    total = conversations_unread = 0
    for row in number.conversations():
        messages = [m for m in number.messages() if m.conversation_id == row.id]
        counted = sum(m.direction == "in" and m.id > row.last_read_message_id for m in messages)
        assert row.unread_count == counted
        total, conversations_unread = total + counted, conversations_unread + bool(counted)
        last = messages[-1]
        assert (row.last_message_id, row.last_message_direction) == (last.id, last.direction)
        assert row.last_message_text == preview(last.text, last.type)
        if row.status == "resolved":
            assert counted == 0
    assert sum(row.status != "resolved" for row in number.conversations()) <= 1
    with acting_as(number.organization_id):
        badge = unread.count_for(agent.user_id)
    assert (badge.messages, badge.conversations) == (total, conversations_unread)


@QUICK
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=12))
def test_counts_hold_after_any_sequence(app, steps, simulator_process):
    with app.app_context():
        organization_id = factories.organization()
        agent = factories.person(organization_id)
        device = factories.device(organization_id)
        number = Number(organization_id, device, simulator_process.url)
        desk = Desk(number, agent)
        for step in steps:
            desk.do(step)
            check(number, desk.agent)


def test_counts_hold_when_it_happens_at_once(app, number, cast):
    desk = Desk(number, cast.agent)
    desk.do("in")
    steps = ["in", "read", "in two", "reply", "echo", "read", "in+echo+in", "resolve", "in", "read", "snooze"]
    for _ in range(2):
        results = at_once(app, *[lambda step=step: desk.do(step) for step in steps])
        assert not any(isinstance(result, Exception) for result in results), results
        check(number, desk.agent)


def test_counts_hold_after_a_merge(number, cast):
    desk = Desk(number, cast.agent)
    desk.do("in two")
    first = number.customer
    number.customer = "6281277777777"
    desk.do("in")
    with acting_as(cast.organization_id):
        one, two = number.contacts()
        contact_merge.merge(one.id, two.id)
    check(number, desk.agent)
    number.customer = first
    desk.do("in")
    check(number, desk.agent)
