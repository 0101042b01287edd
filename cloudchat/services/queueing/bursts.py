"""Words that came right after the menu and were no choice: more of a first burst, or a quick wrong answer.

Nobody can tell at once. When the burst is over and no choice has come, the customer is told that there
was none; the menu stands right above, and this counts as no wrong answer.
"""

from sqlalchemy import select

from cloudchat.extensions import db, now
from cloudchat.models import DivisionChoice
from cloudchat.services.queueing import choosing, saying, talks

AT_ONCE = 200


def settle(limit: int = AT_ONCE) -> int:
    """Tell those whose burst is over; one transaction each. Answers how many were looked at."""
    due = select(DivisionChoice.conversation_id).where(DivisionChoice.settles_at <= now())
    ids = list(db.session.scalars(due.order_by(DivisionChoice.settles_at).limit(limit)))
    db.session.rollback()
    for conversation_id in ids:
        _settle(conversation_id)
    return len(ids)


def _settle(conversation_id: int) -> None:
    row = talks.lock(conversation_id)
    asked = db.session.scalar(
        select(DivisionChoice)
        .where(DivisionChoice.conversation_id == conversation_id, DivisionChoice.settles_at <= now())
        .execution_options(populate_existing=True)
    )
    if row is None or asked is None:
        db.session.rollback()
        return
    asked.settles_at = None
    talk = talks.of(row)
    stands = row.status == "open" and row.assignee_id is None and row.awaiting_division_selection
    if talk is not None and stands and not saying.say(row, talk.settings.invalid_choice_message):
        choosing.offer(talk)
    db.session.commit()


def organizations_due() -> list[int]:
    """Organizations with a burst that is over; read across all of them."""
    statement = select(DivisionChoice.organization_id).where(DivisionChoice.settles_at <= now())
    return list(db.session.scalars(statement.distinct()))
