"""Giving a conversation back to the bot: somebody of the desk says that the machine may speak again."""

from cloudchat.errors import Conflict
from cloudchat.events import AgentFree, UnreadChanged, publish, publish_once
from cloudchat.extensions import db, now
from cloudchat.models import ChatbotTalk, Conversation
from cloudchat.services import bot_talks
from cloudchat.services.accounts import Identity
from cloudchat.services.activity import changed, log
from cloudchat.services.conversations import check_version
from cloudchat.services.queueing import choosing, entries
from cloudchat.services.visibility import audience_of, get_visible


def was_given(conversation_id: int) -> bool:
    """Has a person given it back, and has the bot had it since? Then it stands before the menu."""
    talk = db.session.get(ChatbotTalk, conversation_id)
    return talk is not None and talk.has_it and talk.given_back_at is not None


def give_back(identity: Identity, conversation_id: int, expected_version: int | None = None) -> Conversation:
    """Nobody has it then, and no division; the bot answers the customer's next message. Raises Conflict,
    NotFound."""
    row = get_visible(identity, conversation_id, lock=True)
    check_version(row, expected_version)
    if row.status == "resolved":
        raise Conflict("resolved", code="conversation_resolved")
    bot = row.bot
    if bot is None:
        raise Conflict("no_bot", code="no_bot")
    talk = bot_talks.of(row, bot)
    bot_talks.hand_back(talk, row.last_message_id or 0)
    talk.given_back_at = now()
    before, former = audience_of(row), row.assignee_id
    entries.end_live(row, "given_back")
    choosing.drop_question(row)
    changes = {"assignee_id": None, "division_id": None, "needs_human": False, "status": "open"}
    for name, value in (changes | {"snoozed_until": None}).items():
        setattr(row, name, value)
    log(row, "bot_returned", identity, bot=bot.name)
    changed(row, identity, changes | {"awaiting_division_selection": False}, before)
    if former is not None:
        publish_once(AgentFree(row.organization_id, former))
    publish(UnreadChanged(row.organization_id))
    db.session.commit()
    db.session.refresh(row, ["assignee", "division"])
    return row
