"""Whether customers are asked how an agent did, and with which question."""

from dataclasses import dataclass

from sqlalchemy import select

from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import Organization
from cloudchat.services import audit
from cloudchat.tenancy import current_organization_id

LONGEST_QUESTION = 500


@dataclass(frozen=True)
class RatingSettings:
    """`question` is the organization's own; None: ours, in its language."""

    asks_rating: bool = False
    question: str | None = None


def current() -> RatingSettings:
    """The settings of the present organization."""
    return _settings_of(_row())


def _row(lock: bool = False) -> Organization:
    statement = select(Organization).where(Organization.id == current_organization_id())
    statement = statement.execution_options(populate_existing=True)
    return db.session.scalars(statement.with_for_update() if lock else statement).one()


def _settings_of(row: Organization) -> RatingSettings:
    return RatingSettings(row.asks_rating, row.rating_question)


def change(asks_rating: bool, question: str) -> RatingSettings:
    """Switch it on or off, and choose the question; an empty one is ours. Raises Invalid."""
    question = question.replace("\0", "").strip()
    if len(question) > LONGEST_QUESTION:
        raise Invalid("rating", fields={"question": ["too_long"]})
    row = _row(lock=True)
    before, after = _settings_of(row).__dict__, {"asks_rating": asks_rating, "question": question or None}
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        row.asks_rating, row.rating_question = after["asks_rating"], after["question"]
        audit.record(
            "rating_settings.changed",
            row,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    db.session.commit()
    return RatingSettings(**after)
