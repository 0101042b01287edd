"""A division that closes while people wait: they are moved, or told and asked again. Nobody is stranded."""

from sqlalchemy import delete, func, select

from cloudchat.errors import Conflict, Invalid
from cloudchat.events import (
    AccessChanged,
    DivisionClosing,
    MenusOwed,
    QueueChanged,
    QueueDue,
    UnreadChanged,
    publish,
    publish_once,
)
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Division, DivisionAgent, DivisionChoice, QueueEntry, User
from cloudchat.services.activity import changed_all, log_all
from cloudchat.services.queueing import agents, choosing, entries, saying, talks
from cloudchat.services.visibility import audience_of

TOLD_AT_ONCE = 50
AT_ONCE = 100  # of those who wait, in one transaction

Waiting = list[tuple[Conversation, QueueEntry]]


def begin(division: Division, move_to: int | None = None, deletes: bool = False) -> None:
    """Empty the queue of a division that nobody can choose any more. Part of the caller's transaction.

    With `move_to` those who wait keep their time in that queue. Else they leave it, a human is
    flagged, and the menu is owed to them (`tell_owed` sends it). The first are seen to at once, the
    others by a job: `go_on`.
    """
    target = _target(division, move_to)
    count = entries.waiting_in(division.id).with_only_columns(func.count())
    division.closing_at, division.closing_total = now(), db.session.scalar(count)
    division.closing_move_to, division.closing_deletes = target.id if target else None, deletes
    _step(division)
    publish(DivisionClosing(division.organization_id, division.id))


def go_on(division_id: int) -> bool:
    """The next of those who wait in a closed division, in one transaction; whether it is all done.

    Also for who chose it at the very moment at which it closed. Running it twice is harmless.
    """
    division = db.session.get(Division, division_id, with_for_update=True, populate_existing=True)
    if division is None or division.is_active:
        db.session.rollback()
        return True
    is_done = _step(division)
    if is_done and division.closing_deletes:
        _remove(division)
    elif is_done and division.closing_at is not None:
        division.closing_at = division.closing_total = division.closing_move_to = None
    db.session.commit()
    return is_done


def reopen(division: Division) -> None:
    """It is switched on again: who still waits goes on waiting. Raises Conflict where it is being deleted."""
    if division.closing_deletes:
        raise Conflict("division_closing", code="division_closing")
    division.closing_at = division.closing_total = division.closing_move_to = None


def unfinished() -> list[tuple[int, int]]:
    """(organization, division) of all that are closing; read across organizations."""
    statement = select(Division.organization_id, Division.id).where(Division.closing_at.is_not(None))
    return [tuple(row) for row in db.session.execute(statement)]


def _target(division: Division, move_to: int | None) -> Division | None:
    if move_to is None:
        return None
    found = db.session.get(Division, move_to)
    if found is None or found.id == division.id or not found.is_active:
        raise Invalid("division", fields={"move_to": ["unknown_division"]})
    return found


def _step(division: Division) -> bool:
    """Move or put out as many as one transaction should hold; whether nobody is left."""
    rows = _waiting(division.id, AT_ONCE)
    if not rows:
        return True
    target = db.session.get(Division, division.closing_move_to) if division.closing_move_to else None
    if target is not None and target.is_active:
        _move(rows, division, target)
        publish_once(QueueChanged(division.organization_id, target.id))
        publish_once(QueueDue(division.organization_id, target.id))
    else:  # nowhere, or that one has closed meanwhile as well
        _put_out(rows, division)
        publish_once(MenusOwed(division.organization_id))
    publish_once(UnreadChanged(division.organization_id))
    publish_once(QueueChanged(division.organization_id, division.id))
    return False


def _remove(division: Division) -> None:
    """Its conversations stay, without a division."""
    members = select(DivisionAgent.user_id).where(DivisionAgent.division_id == division.id)
    for user_id in db.session.scalars(members.where(DivisionAgent.is_active)).all():
        publish(AccessChanged(division.organization_id, user_id))
    db.session.delete(division)


def _waiting(division_id: int, limit: int | None = None) -> Waiting:
    """Who waits there, with the conversations locked in the order in which everybody locks them."""
    line = entries.waiting_in(division_id).order_by(QueueEntry.entered_at, QueueEntry.id)
    ids = list(db.session.scalars(line.with_only_columns(QueueEntry.conversation_id).limit(limit)))
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
        line.where(QueueEntry.conversation_id.in_(ids)).execution_options(populate_existing=True)
    )
    return [(rows[entry.conversation_id], entry) for entry in still]


def _move(waiting: Waiting, division: Division, target: Division) -> None:
    """The same turns in the other queue: a new place is told there."""
    changes = [(row, {"division_id": target.id}, audience_of(row)) for row, _ in waiting]
    for row, entry in waiting:
        row.division_id = entry.division_id = target.id
        entry.queue_number, entry.announced_at, entry.told_position = 0, None, None
    changed_all(changes)
    why = {"division_id": target.id, "division": target.name, "former": division.name}
    log_all([(row, "queue_moved", why) for row, _ in waiting])


def _put_out(waiting: Waiting, division: Division) -> None:
    """Out of the line; a human is flagged, and the customer is owed a word and the menu."""
    fields = {"division_id": None, "needs_human": True}
    changes = [(row, fields, audience_of(row)) for row, _ in waiting]
    moment = now()
    for row, entry in waiting:
        entry.status, entry.finished_at, entry.end_reason = "cancelled", moment, "closed"
        row.division_id, row.needs_human = None, True
    changed_all(changes)
    log_all([(row, "division_closed", {"division": division.name}) for row, _ in waiting])
    ids = [row.id for row, _ in waiting]
    db.session.execute(delete(DivisionChoice).where(DivisionChoice.conversation_id.in_(ids)))
    db.session.add_all(
        DivisionChoice(conversation_id=i, closed_division=division.name, wrong_answers=0) for i in ids
    )
    db.session.flush()


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
    row = talks.lock(conversation_id)
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
    """The last agent left: who waits keeps the place and is told so, and a human is flagged. Who is
    flagged already was told: running it twice is harmless."""
    waiting = [(row, entry) for row, entry in _waiting(division.id) if not row.needs_human]
    flagged = [row for row, _ in waiting]
    for row, entry in waiting:
        row.needs_human, entry.announced_at = True, None
    changed_all([(row, {"needs_human": True}, None) for row in flagged])
    log_all([(row, "division_empty", {"division": division.name}) for row in flagged])
    publish_once(QueueDue(division.organization_id, division.id))


def left_by(user_id: int) -> None:
    """Somebody was shut out: the same for the divisions in which nobody else is left; commits each."""
    others = (
        select(DivisionAgent.id)
        .join(User, User.id == DivisionAgent.user_id)
        .where(DivisionAgent.division_id == Division.id, DivisionAgent.is_active, User.is_active)
        .correlate(Division)
    )
    left = select(Division).where(Division.id.in_(agents.waiting_divisions_of(user_id)), ~others.exists())
    for division in db.session.scalars(left).all():
        nobody_left(division)
        db.session.commit()
