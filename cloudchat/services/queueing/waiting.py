"""What a waiting customer may ask: the place in line, and to leave."""

from datetime import timedelta

from cloudchat.channels.base import InboundMessage
from cloudchat.events import UnreadChanged, publish_once
from cloudchat.extensions import db, now
from cloudchat.models import Division
from cloudchat.services.activity import changed, log
from cloudchat.services.queueing import choice, entries, saying
from cloudchat.services.queueing.talks import Talk
from cloudchat.services.visibility import audience_of

SAME_ANSWERS = 5  # so that two machines do not talk to each other for ever
SAME_WITHIN = timedelta(minutes=10)


def hear(talk: Talk, message: InboundMessage) -> None:
    """Answer the check keyword or the leave word; other text is kept for the agent."""
    if choice.says(message.text, talk.settings.leave_keyword):
        leave(talk)
    elif choice.says(
        message.text, talk.settings.check_queue_keyword, with_text=talk.settings.check_queue_with_text
    ):
        tell_place(talk)


def tell_place(talk: Talk) -> None:
    """The place as it is at this moment, never the one that was told before."""
    entry = talk.entry
    number = entries.position(entry)
    repeated = entry.told_position == number and entry.told_at and entry.told_at > now() - SAME_WITHIN
    if repeated and entry.told_times >= SAME_ANSWERS:
        return
    entry.told_times = entry.told_times + 1 if repeated else 1
    entry.told_position, entry.told_at = number, now()
    division = db.session.get(Division, entry.division_id)
    saying.say(talk.row, saying.place(talk.settings, division.name, number))


def leave(talk: Talk) -> None:
    """The customer does not want to wait any longer; the next message gets the menu again."""
    row, entry = talk.row, talk.entry
    division = db.session.get(Division, entry.division_id)
    before = audience_of(row)
    entries.end(row, entry, "left")
    row.division_id = None
    log(row, "queue_left", None, division_id=division.id, division=division.name)
    changed(row, None, {"division_id": None}, before)
    publish_once(UnreadChanged(row.organization_id))
    saying.say(row, saying.left(talk.settings, division.name))
    talk.entry = None
