"""Choosing a division: the menu, the answers to it, and what follows when none is understood."""

from datetime import timedelta

from sqlalchemy import select

from cloudchat.channels.base import InboundMessage
from cloudchat.events import UnreadChanged, publish_once
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Division, DivisionChoice, QueueEntry
from cloudchat.services.activity import changed, log
from cloudchat.services.queueing import choice, entries, menu, saying, talks
from cloudchat.services.queueing.talks import Talk
from cloudchat.services.queueing.wording import fill
from cloudchat.services.visibility import audience_of

MOST_WRONG = 3  # the third wrong answer calls a human
BURST = timedelta(seconds=3)  # after the menu, in which more of a first burst still arrives …
AT_ONCE = timedelta(seconds=0.5)  # … and in which nobody can have read it


def offer(talk: Talk, message: InboundMessage | None = None, before: str = "") -> bool:
    """Send the menu and await the choice; False where there is nothing to choose from, or this
    conversation was given up on. `before` is said above it."""
    known = talk.choice
    if not talk.settings.is_enabled or not talk.desk.divisions or (known and known.given_up):
        return False
    suggested, words = _suggestion(talk, message)
    intro = "\n\n".join(part for part in (before, talk.settings.welcome_message, words) if part.strip())
    asked = known or DivisionChoice(conversation_id=talk.row.id, wrong_answers=0, given_up=False)
    asked.division_ids = [one.id for one in talk.desk.divisions]
    asked.suggested_division_id, asked.closed_division = suggested, None
    asked.asked_at, asked.settles_at = now(), None
    db.session.add(asked)
    talk.choice = asked
    saying.send(
        talk.row,
        menu.build(intro, talk.desk.lines, saying.capabilities(talk.row), talk.settings.menu_button),
    )
    if not talk.row.awaiting_division_selection:
        talk.row.awaiting_division_selection = True
        changed(talk.row, None, {"awaiting_division_selection": True})
    return True


def _suggestion(talk: Talk, message: InboundMessage | None) -> tuple[int | None, str]:
    """The division that the customer's words or their last visit point at, and how it is offered."""
    if message is not None and message.text:
        watched = [one for one in talk.desk.divisions if one.auto_detect_keywords]
        found = talk.desk.division(choice.detect(message.text, talks.options(watched)))
        if found:
            return found.id, fill(talk.settings.suggestion_message, division=found.name)
    if talk.settings.offer_last_division:
        found = talk.desk.division(_last_division(talk.row))
        if found:
            return found.id, fill(talk.settings.last_division_message, division=found.name)
    return None, ""


def _last_division(row: Conversation) -> int | None:
    """Where this contact was served the last time."""
    return db.session.scalar(
        select(QueueEntry.division_id)
        .join(Conversation, Conversation.id == QueueEntry.conversation_id)
        .where(Conversation.contact_id == row.contact_id)
        .order_by(QueueEntry.id.desc())
        .limit(1)
    )


def answer(talk: Talk, message: InboundMessage) -> bool:
    """Take the message as the answer to the menu; False where the question no longer stands."""
    if not talk.settings.is_enabled or talk.choice is None or talk.choice.asked_at is None:
        return False
    shown = [one for one in (_division(talk, i) for i in talk.choice.division_ids) if one]
    ids = [one.id for one in shown]
    numbered = talks.options(shown) if ids == talk.choice.division_ids else _with_gaps(talk)
    meant = choice.parse(message.text, message.choice_id, numbered, talk.choice.suggested_division_id)
    if meant in ids:
        choose(talk, _division(talk, meant))
    elif meant is not None:
        offer(talk, before=_closed_words(talk, meant))
    elif not _belongs_to_burst(talk.choice, message):
        _wrong(talk)
    elif message.occurred_at > talk.choice.asked_at:  # it came after the menu: `bursts` sees to an answer
        talk.choice.settles_at = now() + BURST
    return True


def answer_late(talk: Talk, message: InboundMessage) -> bool:
    """After the wrong answers a human was called. Until one has it, a clear choice is still taken: a
    number, a name or a tap; other words are for the human."""
    known, row = talk.choice, talk.row
    if not talk.settings.is_enabled or known is None or not known.given_up:
        return False
    if row.division_id is not None or not row.needs_human:
        return False
    options = [choice.Option(one.division_id, one.name) for one in _with_gaps(talk)]
    division = _division(talk, choice.parse(message.text, message.choice_id, options))
    if division is None:
        return False
    choose(talk, division)
    row.needs_human = False
    changed(row, None, {"needs_human": False})
    return True


def _division(talk: Talk, division_id: int | None) -> Division | None:
    return talk.desk.division(division_id)


def _with_gaps(talk: Talk) -> list[choice.Option]:
    """The menu as it was shown: a number keeps its meaning, also where a division went since."""
    known = {one.division_id: one for one in talks.options(talk.desk.divisions)}
    return [known.get(i) or choice.Option(i, "") for i in talk.choice.division_ids]


def _closed_words(talk: Talk, division_id: int) -> str:
    gone = db.session.get(Division, division_id)
    if gone is None:
        return talk.settings.invalid_choice_message
    return saying.closed(talk.settings, gone.name)


def _belongs_to_burst(asked: DivisionChoice, message: InboundMessage) -> bool:
    """Whether the message is still of those that came with the first one, and answers nothing.

    A short message may well be an answer, so it is taken for one unless it was written before the
    menu. Providers tell the time to the second: there only what comes at once is surely from before.
    """
    since = now() - asked.asked_at
    if len(choice.words_of(message.text or "")) != 1:
        return since < BURST
    exact = message.occurred_at.microsecond != 0
    return message.occurred_at <= asked.asked_at and since < (BURST if exact else AT_ONCE)


def _wrong(talk: Talk) -> None:
    talk.choice.wrong_answers += 1
    if talk.choice.wrong_answers < MOST_WRONG:
        offer(talk, before=talk.settings.invalid_choice_message)
        return
    talk.choice.given_up, talk.choice.settles_at = True, None
    talk.row.awaiting_division_selection, talk.row.needs_human = False, True
    log(talk.row, "choice_given_up", None, answers=talk.choice.wrong_answers)
    changed(talk.row, None, {"awaiting_division_selection": False, "needs_human": True})
    saying.say(talk.row, talk.settings.human_message)


def choose(talk: Talk, division: Division) -> None:
    """The customer goes to this division and waits there; whoever drains its queue speaks next."""
    row, before = talk.row, audience_of(talk.row)
    row.division_id, row.awaiting_division_selection = division.id, False
    if talk.choice is not None:
        db.session.delete(talk.choice)
        talk.choice = None
    log(row, "division_chosen", None, division_id=division.id, division=division.name)
    changes = {"division_id": division.id, "awaiting_division_selection": False}
    changed(row, None, changes, before)
    publish_once(UnreadChanged(row.organization_id))
    talk.entry = entries.enter(row, division.id)


def drop_question(row: Conversation) -> None:
    """Somebody took the conversation: the menu that it was sent is no longer a question."""
    row.awaiting_division_selection = False
    asked = db.session.scalar(select(DivisionChoice).where(DivisionChoice.conversation_id == row.id))
    if asked is not None:
        db.session.delete(asked)
