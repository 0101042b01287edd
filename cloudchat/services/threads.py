"""A conversation's thread as a page shows it: messages, notes and activity lines in one order."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from cloudchat.extensions import db
from cloudchat.models import Conversation, Message, Note, User
from cloudchat.services import inbox, presenting

PAGE = 40
MOST = 100  # of new entries in one answer; the page asks again while there is more


@dataclass(frozen=True)
class Cursor:
    """How far a page has the thread: newest message, note and activity line, and its oldest message."""

    message: int = 0
    note: int = 0
    activity: int = 0
    first: int = 0


@dataclass(frozen=True)
class Thread:
    """A piece of a thread. Entries are dicts with `entry`: message, note or activity."""

    entries: list[dict] = field(default_factory=list)
    has_more: bool = False


def latest(row: Conversation, before: int | None = None, limit: int = PAGE) -> Thread:
    """The end of the thread, or what comes before a message; `has_more`: there is something older."""
    messages = inbox.messages(row.id, before=before, limit=limit + 1)
    has_more = len(messages) > limit
    messages = messages[-limit:]
    first = messages[0]["id"] if messages and has_more else 0
    entries = inbox.timeline(row.id, first, before)
    return Thread(_finished(row, messages, entries), has_more)


def newer(row: Conversation, cursor: Cursor) -> Thread:
    """What came after the cursor; `has_more`: ask again from the new end."""
    messages = inbox.messages(row.id, after=cursor.message, limit=MOST)
    known = {"note": cursor.note, "activity": cursor.activity}
    entries = [
        entry
        for entry in inbox.timeline(row.id, cursor.first, None)
        if entry["id"] > known["note" if entry["kind"] == "note" else "activity"]
    ]
    return Thread(_finished(row, messages, entries), len(messages) == MOST)


def these(row: Conversation, message_ids: list[int], note_ids: list[int]) -> Thread:
    """Chosen entries as they are now; what is gone is missing."""
    messages, notes = [], []
    if message_ids:
        found = db.session.scalars(
            select(Message)
            .where(Message.conversation_id == row.id, Message.id.in_(message_ids))
            .order_by(Message.id)
        )
        messages = inbox.with_attachments(list(found))
    if note_ids:
        found = db.session.scalars(
            select(Note)
            .where(Note.conversation_id == row.id, Note.id.in_(note_ids))
            .options(joinedload(Note.author))
        )
        notes = [inbox.note(note) for note in found]
    return Thread(_finished(row, messages, notes))


def notes_of(row: Conversation, limit: int = 50) -> list[dict]:
    """The notes of a conversation, newest first."""
    found = db.session.scalars(
        select(Note)
        .where(Note.conversation_id == row.id)
        .options(joinedload(Note.author))
        .order_by(Note.id.desc())
        .limit(limit)
    )
    return [inbox.note(note) for note in found]


def _finished(row: Conversation, messages: list[dict], entries: list[dict]) -> list[dict]:
    """One order, with the names of people and the messages that were answered put in."""
    for message in messages:
        message["entry"] = "message"
    for entry in entries:
        entry["entry"] = "note" if entry["kind"] == "note" else "activity"
    names = _names(messages, entries)
    quoted = _quoted(row, messages)
    for message in messages:
        message["sender_name"] = names.get(message["sender_id"])
        message["quoted"] = quoted.get(message["payload"].get("reply_to_external_id"))
    for entry in entries:
        if entry["entry"] == "activity":
            entry["agent_name"] = names.get(entry["data"].get("agent_id"))
    return sorted([*messages, *entries], key=_place)


def _place(entry: dict) -> tuple:
    """Notes and activity lines stand behind the message that was the last when they were made."""
    if entry["entry"] == "message":
        return entry["id"], 0, ""
    return entry["after_message_id"], 1, entry["created_at"]


def _names(messages: list[dict], entries: list[dict]) -> dict[int, str]:
    wanted = {message["sender_id"] for message in messages}
    wanted |= {entry.get("data", {}).get("agent_id") for entry in entries}
    wanted.discard(None)
    if not wanted:
        return {}
    found = db.session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
    return {row.id: row.name for row in found}


def _quoted(row: Conversation, messages: list[dict]) -> dict[str, dict[str, Any]]:
    """The messages that these ones answer, by the provider's id."""
    wanted = {message["payload"].get("reply_to_external_id") for message in messages} - {None}
    if not wanted:
        return {}
    found = db.session.scalars(
        select(Message).where(
            Message.device_id == row.device_id,
            Message.external_id.in_(wanted),
            Message.conversation_id == row.id,
        )
    )
    return {message.external_id: presenting.message(message) for message in found}
