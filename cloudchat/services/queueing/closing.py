"""A division that closes while people wait: they are moved, or told and asked again. Nobody is stranded."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from cloudchat.errors import Invalid
from cloudchat.events import MenusOwed, QueueChanged, QueueDue, UnreadChanged, publish_once
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Division, DivisionChoice, QueueEntry
from cloudchat.services.activity import changed, log
from cloudchat.services.queueing import choosing, entries, saying, talks
from cloudchat.services.visibility import audience_of

TOLD_AT_ONCE = 50


def close(division: Division, move_to: int | None = None) -> int:
    """Empty the queue of a division that nobody serves any more; answers how many had waited.

    Part of the caller's transaction. With `move_to` they keep their time in that queue. Else they
    leave it, a human is flagged, and the menu is owed to them (`tell_owed` sends it).
    """
    target = _target(division, move_to)
    rows = _waiting(division.id)
    for row, entry in rows:
        if target is None:
            _put_out(row, entry, division)
        else:
            _move(row, entry, division, target)
    if rows:
        publish_once(UnreadChanged(division.organization_id))
        publish_once(QueueChanged(division.organization_id, division.id))
        if target is None:
            publish_once(MenusOwed(division.organization_id))
        else:
            publish_once(QueueChanged(division.organization_id, target.id))
            publish_once(QueueDue(division.organization_id, target.id))
    return len(rows)


def _target(division: Division, move_to: int | None) -> Division | None:
    if move_to is None:
        return None
    found = db.session.get(Division, move_to)
    if found is None or found.id == division.id or not found.is_active:
        raise Invalid("division", fields={"move_to": ["unknown_division"]})
    return found


def _waiting(division_id: int) -> list[tuple[Conversation, QueueEntry]]:
    """Who waits there, with the conversations locked in the order in which everybody locks them."""
    ids = list(
        db.session.scalars(entries.waiting_in(division_id).with_only_columns(QueueEntry.conversation_id))
    )
    rows = {
        row.id: row
        for row in db.session.scalars(
            select(Conversation)
            .where(Conversation.id.in_(ids))
            .order_by(Conversation.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    }
    still = db.session.scalars(
        entries.waiting_in(division_id)
        .where(QueueEntry.conversation_id.in_(ids))
        .order_by(QueueEntry.entered_at, QueueEntry.id)
        .execution_options(populate_existing=True)
    )
    return [(rows[entry.conversation_id], entry) for entry in still]


def _move(row: Conversation, entry: QueueEntry, division: Division, target: Division) -> None:
    """The same turn in the other queue: a new place is told there."""
    before = audience_of(row)
    row.division_id = entry.division_id = target.id
    entry.queue_number, entry.announced_at, entry.told_position = 0, None, None
    log(row, "queue_moved", None, division_id=target.id, division=target.name, former=division.name)
    changed(row, None, {"division_id": target.id}, before)


def _put_out(row: Conversation, entry: QueueEntry, division: Division) -> None:
    before = audience_of(row)
    entry.status, entry.finished_at, entry.end_reason = "cancelled", now(), "closed"
    row.division_id, row.needs_human = None, True
    log(row, "division_closed", None, division=division.name)
    changed(row, None, {"division_id": None, "needs_human": True}, before)
    owed = {
        "organization_id": row.organization_id,
        "conversation_id": row.id,
        "division_ids": [],
        "closed_division": division.name,
        "asked_at": None,
        "wrong_answers": 0,
        "given_up": False,
    }
    again = {"closed_division": division.name, "asked_at": None}
    statement = insert(DivisionChoice).values(owed)
    db.session.execute(statement.on_conflict_do_update(index_elements=["conversation_id"], set_=again))


# --- the menus that are owed -------------------------------------------------------------------


def tell_owed(limit: int = TOLD_AT_ONCE) -> bool:
    """Tell those whose division closed, and ask them again; one transaction each. Whether all are told."""
    ids = list(
        db.session.scalars(
            select(DivisionChoice.conversation_id)
            .where(DivisionChoice.asked_at.is_(None))
            .order_by(DivisionChoice.id)
            .limit(limit)
        )
    )
    db.session.rollback()
    for conversation_id in ids:
        _tell(conversation_id)
    return len(ids) < limit


def _tell(conversation_id: int) -> None:
    row = db.session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .options(joinedload(Conversation.device))
        .with_for_update(of=Conversation, key_share=True)
        .execution_options(populate_existing=True)
    )
    talk = talks.of(row)
    if talk is None or talk.choice is None or talk.choice.asked_at is not None:
        db.session.rollback()
        return
    words = saying.closed(talk.settings, talk.choice.closed_division or "")
    free = row.status == "open" and row.assignee_id is None and row.division_id is None
    if not (free and choosing.offer(talk, before=words)):
        db.session.delete(talk.choice)
        if free:
            saying.say(row, words)
    db.session.commit()


def owed_anywhere() -> list[int]:
    """Organizations with menus that are owed; read across all of them."""
    return list(
        db.session.scalars(
            select(DivisionChoice.organization_id).where(DivisionChoice.asked_at.is_(None)).distinct()
        )
    )


def nobody_left(division: Division) -> None:
    """The last agent left a division in which people wait: they keep their place and a human is flagged."""
    for row, entry in _waiting(division.id):
        entry.announced_at = None  # they are told once more, now that nobody is there
        if not row.needs_human:
            row.needs_human = True
            log(row, "division_empty", None, division=division.name)
            changed(row, None, {"needs_human": True})
    publish_once(QueueDue(division.organization_id, division.id))


def forget(division_id: int) -> None:
    """Who was being served there goes on without a division; the entries go with the division."""
    db.session.execute(
        update(QueueEntry)
        .where(QueueEntry.division_id == division_id, entries.LIVE)
        .values(finished_at=now(), end_reason="closed")
        .execution_options(synchronize_session=False)
    )
