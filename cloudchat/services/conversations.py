"""What people do with a conversation: read, assign, snooze, resolve, reopen, label, note."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import (
    ConversationChanged,
    TimelineAdded,
    publish,
)
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, ConversationLabel, Message, Note
from cloudchat.models.conversations import STATUSES
from cloudchat.services import labels, mentions, ratings
from cloudchat.services.accounts import Identity
from cloudchat.services.activity import changed, clear_unread, log
from cloudchat.services.presenting import iso
from cloudchat.services.queueing import agents, handing, returning
from cloudchat.services.visibility import audience_of, get_visible

MAX_NOTE = 10_000
LONGEST_SNOOZE = timedelta(days=366)


def mark_read(identity: Identity, conversation_id: int) -> int:
    """The caller has read it; answers the unread count that is left.

    It clears for the assignee, or for anyone who may answer while there is none; a manager's or a
    visiting operator's look changes nothing.
    """
    row = get_visible(identity, conversation_id, lock=True)
    owns = row.assignee_id == identity.user_id
    free = row.assignee_id is None and identity.role != "manager"
    if row.unread_count and not identity.acting and (owns or free):
        clear_unread(row)
        publish(ConversationChanged(audience_of(row), {"unread_count": 0}, row.version))
    db.session.commit()
    return row.unread_count


def assign(
    identity: Identity,
    conversation_id: int,
    agent_id: int | None,
    expected_version: int | None = None,
) -> Conversation:
    """Give it to an agent of the organization, or to nobody. Raises Invalid, Conflict, NotFound."""
    # The agent's row before the conversation's: the order in which the queue takes them.
    agent = agents.lock(agent_id) if agent_id is not None else None
    row = get_visible(identity, conversation_id, lock=True)
    check_version(row, expected_version)
    if agent_id is not None and agent is None:
        raise Invalid("agent", fields={"agent_id": ["unknown_agent"]})
    if row.assignee_id == agent_id:
        db.session.commit()
        return row
    if agent is None:
        handing.free(row, "unassigned", identity)
    else:
        handing.give_by_hand(row, agent, identity)
    db.session.commit()
    db.session.refresh(row, ["assignee"])
    return row


def set_status(
    identity: Identity,
    conversation_id: int,
    status: str,
    snooze_until: datetime | None = None,
    expected_version: int | None = None,
) -> Conversation:
    """Open, pend, snooze or resolve. Reopening fails with Conflict where a newer one is open."""
    row = get_visible(identity, conversation_id, lock=True)
    check_version(row, expected_version)
    if status not in STATUSES:
        raise Invalid("status", fields={"status": ["unknown"]})
    if status == "snoozed" and (snooze_until is None or snooze_until <= now()):
        raise Invalid("snooze_until", fields={"snooze_until": ["in_the_past"]})
    if snooze_until is not None and snooze_until > now() + LONGEST_SNOOZE:
        raise Invalid("snooze_until", fields={"snooze_until": ["too_far_ahead"]})
    if row.status == status and row.snoozed_until == snooze_until:
        db.session.commit()
        return row
    if row.status == "resolved" and status != "resolved":
        reopen(row, status)
    row.status = status
    row.snoozed_until = snooze_until if status == "snoozed" else None
    row.resolved_at = None
    if status == "resolved":
        close(row)
    log(row, status, identity, until=iso(row.snoozed_until))
    changed(row, identity, {"status": status, "snoozed_until": iso(row.snoozed_until)})
    if status == "open":
        returning.reopen(row, identity)
    elif status != "resolved":
        returning.put_aside(row, status)
    db.session.commit()
    return row


def close(row: Conversation) -> None:
    """Set the locked row to resolved; part of the caller's transaction."""
    row.status, row.resolved_at, row.snoozed_until = "resolved", now(), None
    row.needs_human = row.awaiting_division_selection = False
    row.waiting_since = None
    clear_unread(row)
    returning.put_aside(row, "resolved")
    ratings.plan(row)


def reopen(row: Conversation, status: str) -> None:
    """Make it unresolved, unless the contact has another such conversation on the device by now:
    then Conflict. Part of the caller's transaction."""
    try:
        with db.session.begin_nested():
            row.status = status
            row.snoozed_until = None
        row.waiting_since = _unanswered_since(row)
    except IntegrityError:
        other = db.session.scalar(
            select(Conversation.id).where(
                Conversation.device_id == row.device_id,
                Conversation.contact_id == row.contact_id,
                Conversation.status != "resolved",
            )
        )
        raise Conflict("newer_open", code="newer_open", extra={"conversation_id": other}) from None


def _unanswered_since(row: Conversation) -> datetime | None:
    """When the customer wrote the first message that nobody has answered."""
    answer = select(func.coalesce(func.max(Message.id), 0)).where(
        Message.conversation_id == row.id, Message.direction == "out", Message.sender_type != "system"
    )
    return db.session.scalar(
        select(func.min(Message.created_at)).where(
            Message.conversation_id == row.id,
            Message.direction == "in",
            Message.id > answer.scalar_subquery(),
            ~Message.payload.has_key("rating_id"),  # a rating asks nothing
        )
    )


def set_labels(
    identity: Identity,
    conversation_id: int,
    wanted: list[str | int],
    expected_version: int | None = None,
) -> Conversation:
    """Make these exactly the labels of the conversation."""
    row = get_visible(identity, conversation_id, lock=True)
    check_version(row, expected_version)
    before = {label.name for label in row.labels}
    found = labels.find(wanted)
    labels.replace_links(ConversationLabel, "conversation_id", row.id, found)
    after = {label.name for label in found}
    if before != after:
        log(row, "labelled", identity, added=sorted(after - before), removed=sorted(before - after))
        changed(row, identity, {"labels": sorted(after)})
    db.session.commit()
    db.session.refresh(row, ["labels"])
    return row


def add_note(identity: Identity, conversation_id: int, text: str) -> Note:
    """Leave a private note in the thread."""
    row = get_visible(identity, conversation_id, lock=True)
    note = write_note(identity, row, text)
    db.session.commit()
    return note


def write_note(identity: Identity, row: Conversation, text: str) -> Note:
    """The same in the caller's transaction. Raises Invalid."""
    if not text.strip() or len(text) > MAX_NOTE:
        raise Invalid("note", fields={"text": ["required"]})
    named = mentions.named(row, text)
    note = Note(
        conversation_id=row.id,
        author_id=identity.author_id,
        text=text.strip(),
        mentions={"user_ids": named} if named else {},
        after_message_id=row.last_message_id or 0,
    )
    db.session.add(note)
    db.session.flush()
    publish(
        TimelineAdded(
            audience_of(row),
            {
                "kind": "note",
                "id": note.id,
                "text": note.text,
                "author": {"id": identity.user_id, "name": identity.name},
                "mentions": named,
                "created_at": iso(note.created_at),
            },
        )
    )
    return note


def delete_note(identity: Identity, conversation_id: int, note_id: int) -> None:
    """Take a note back: its author or an admin may."""
    row = get_visible(identity, conversation_id)
    note = db.session.scalar(select(Note).where(Note.id == note_id, Note.conversation_id == row.id))
    if note is None or (note.author_id != identity.user_id and identity.role != "admin"):
        raise NotFound("note")
    db.session.delete(note)
    publish(TimelineAdded(audience_of(row), {"kind": "note_deleted", "id": note_id}))
    db.session.commit()


def wake_snoozed(limit: int = 200) -> int:
    """Reopen what was snoozed until now; answers how many. Runs inside one organization."""
    rows = db.session.scalars(
        select(Conversation)
        .where(Conversation.status == "snoozed", Conversation.snoozed_until <= now())
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.status, row.snoozed_until = "open", None
        log(row, "woke", None)
        changed(row, None, {"status": "open", "snoozed_until": None})
        returning.reopen(row)
    db.session.commit()
    return len(rows)


def check_version(row: Conversation, expected: int | None) -> None:
    """Raises Conflict where somebody else has changed it since the caller looked."""
    if expected is not None and expected != row.version:
        raise Conflict("stale_version", code="stale_version", extra={"version": row.version})
