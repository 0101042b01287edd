"""The queue as a customer would see it: the real code on made-up rows, which are never kept."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cloudchat.channels.base import InboundMessage
from cloudchat.extensions import db, now
from cloudchat.models import Contact, Conversation, Device, Message
from cloudchat.services.queueing import (
    agents,
    choice,
    choosing,
    entries,
    figures,
    saying,
    settings,
    talks,
    waiting,
)
from cloudchat.services.queueing.talks import Desk, Talk
from cloudchat.services.secrets import random_token

MAX_STEPS = 20
READ_IN = timedelta(seconds=10)  # a customer has read the menu before answering
SITUATIONS = ("available", "busy", "offline")
SOMEBODY = "Sari"  # an agent's name where no real one is there


@dataclass(frozen=True)
class Step:
    """What the customer does: writes, or taps a button."""

    text: str
    button_id: str | None = None


@dataclass
class Turn:
    """A step and what it was answered with."""

    text: str
    messages: list[dict[str, Any]] = field(default_factory=list)


def opening(text: str, unsaved: dict[str, Any]) -> list[Step]:
    """The steps that lead to a text which makes sense only later: a choice follows the menu, and
    the check keyword follows a choice."""
    shown = talks.options(talks.active_divisions())
    rules = settings.unsaved(unsaved)
    asks = choice.says(text, rules.check_queue_keyword, with_text=rules.check_queue_with_text)
    if shown and (asks or choice.says(text, rules.leave_keyword)):
        return [Step("Halo"), Step("1"), Step(text)]
    if choice.parse(text, None, shown) is not None:
        return [Step("Halo"), Step(text)]
    return [Step(text)]


def play(steps: list[Step], unsaved: dict[str, Any], situation: str | None = None) -> tuple[list[Turn], str]:
    """The turns of a conversation under these settings, and the state in which it ends: menu,
    waiting, assigned, left, needs_human or none. Nothing is kept, nothing is sent, nobody is told.

    `situation` says how the agents are; without it they are as they really are.
    """
    rules = settings.unsaved(unsaved)
    rules.is_enabled = True
    try:
        stage = _Stage(Talk(_made_up(), Desk(rules)), situation)
        return [stage.take(step) for step in steps[:MAX_STEPS]], stage.state
    finally:
        db.session.rollback()  # with it go the rows and the events


def _made_up() -> Conversation:
    token = random_token(18)
    device = Device(type="webchat", name="", public_key=token, external_account=token, config={})
    contact = Contact(name="")
    db.session.add_all([device, contact])
    db.session.flush()
    row = Conversation(contact_id=contact.id, device_id=device.id, external_user_id="", last_inbound_at=now())
    db.session.add(row)
    db.session.flush()
    return row


class _Stage:
    """A conversation that is played."""

    def __init__(self, talk: Talk, situation: str | None):
        self._talk = talk
        self._situation = situation
        self.state = "none"

    def take(self, step: Step) -> Turn:
        before = self._talk.row.last_message_id or 0
        message = InboundMessage(
            external_id="",
            external_user_id="",
            kind="text",
            occurred_at=now(),
            text=step.text,
            choice_id=step.button_id,
        )
        self._route(message)
        db.session.flush()
        return Turn(step.text, self._said_since(before))

    def _route(self, message: InboundMessage) -> None:
        talk = self._talk
        if talk.row.assignee_id is not None or self.state == "assigned":
            return
        if self.state == "needs_human":
            if choosing.answer_late(talk, message):
                self._after_choice()
            return
        if talk.is_waiting:
            waiting.hear(talk, message)
            self.state = "waiting" if talk.is_waiting else "left"
        elif talk.row.awaiting_division_selection:
            choosing.answer(talk, message)
            self._after_choice()
        elif choosing.offer(talk, message):
            self.state = "menu"
        if talk.choice is not None and talk.choice.asked_at is not None:
            talk.choice.asked_at -= READ_IN

    def _after_choice(self) -> None:
        talk = self._talk
        if talk.is_waiting:
            self._serve()
        elif talk.row.awaiting_division_selection:
            self.state = "menu"
        else:
            self.state = "needs_human" if talk.row.needs_human else "none"

    def _serve(self) -> None:
        """What draining the queue would say."""
        talk = self._talk
        division = talk.desk.division(talk.entry.division_id)
        here, number = figures.of_division(division), entries.position(talk.entry)
        free = next((one.name for one in agents.of_division(division.id) if one.is_available), None)
        serves = self._situation == "available" or (self._situation is None and free and number == 1)
        if serves:
            saying.say(talk.row, saying.connected(talk.settings, division.name, free or SOMEBODY))
            self.state = "assigned"
            return
        there = here.anybody_there if self._situation is None else self._situation == "busy"
        saying.say(talk.row, saying.entered(talk.settings, division.name, number, there))
        self.state = "waiting"

    def _said_since(self, message_id: int) -> list[dict[str, Any]]:
        rows = db.session.scalars(
            db.select(Message)
            .where(Message.conversation_id == self._talk.row.id, Message.id > message_id)
            .order_by(Message.id)
        )
        return [{"text": row.text, "type": row.type, "payload": row.payload} for row in rows]
