"""What tests of sending share: a talk that has begun, many that wait, waits that are over."""

from dataclasses import dataclass

from cloudchat.extensions import db
from cloudchat.models import Message
from cloudchat.services import outbound
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_messages.numbers import Number, identity

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6300010000050001" + "0d0a2db40000000049454e44ae426082"
)


@dataclass
class Talk:
    """A customer has written; `say` answers as the agent."""

    number: Number
    agent: factories.Person
    conversation_id: int

    def say(self, text: str = "Siap kak", **more) -> dict:
        return self.act(outbound.reply, text, **more)

    def act(self, action, *args, **more):
        """Do something with the conversation as the agent."""
        with acting_as(self.agent.organization_id):
            return action(identity(self.agent), self.conversation_id, *args, **more)

    def message(self, message_id: int) -> Message:
        with acting_as(self.agent.organization_id):
            return db.session.get(Message, message_id, populate_existing=True)


def hurry(number) -> None:
    """Let all waits be over."""
    with acting_as(number.organization_id):
        db.session.execute(db.text("update outbox set next_attempt_at = now() where state = 'pending'"))
        db.session.execute(db.text("update device_paces set blocked_until = now() - interval '1 second'"))
        db.session.commit()


def queue_for_many(number, cast, count: int) -> list[dict]:
    people = [f"62861{n:07d}" for n in range(count)]
    number.receive(*(number.message(**{"from": person}) for person in people))
    made = []
    with acting_as(cast.organization_id):
        for row in number.conversations():
            if row.external_user_id in people:
                made.append(outbound.reply(identity(cast.agent), row.id, f"untuk {row.external_user_id}"))
    return made
