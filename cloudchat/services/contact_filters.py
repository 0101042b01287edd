"""Filters of the list of contacts that an organization keeps under a name; broadcasts go to them too."""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from cloudchat.errors import Conflict, Forbidden, Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import ContactFilter
from cloudchat.services import audit, contacts, labels
from cloudchat.services.accounts import Identity

MOST = 30  # of one organization
LONGEST_NAME = 60
LONGEST_WORDS = 200


def all_filters() -> list[ContactFilter]:
    return list(db.session.scalars(select(ContactFilter).order_by(func.lower(ContactFilter.name))))


def counts(rows: list[ContactFilter]) -> list[int]:
    """How many contacts each finds now, at most COUNT_CAP + 1."""
    return contacts.counts([contacts.Filter(row.q, row.label_id) for row in rows])


def keep(identity: Identity, name: str, q: str = "", label: str | int | None = None) -> ContactFilter:
    """Keep a filter. Raises Invalid, Conflict where the name is taken or there are too many."""
    words = q.strip()[:LONGEST_WORDS]
    if not words and label is None:
        raise Invalid("filter", fields={"name": ["filter_finds_all"]})
    # Two who save at once may pass the limit by one; it only keeps the menu readable
    if db.session.scalar(select(func.count(ContactFilter.id))) >= MOST:
        raise Conflict("too_many_filters", code="too_many_filters", fields={"name": ["too_many_filters"]})
    row = ContactFilter(
        name=_checked_name(name),
        q=words,
        label_id=labels.find([label])[0].id if label is not None else None,
        created_by=identity.author_id,
    )
    _save(row)
    audit.record("contact_filter.created", row, name=row.name)
    db.session.commit()
    return row


def rename(identity: Identity, filter_id: int, name: str) -> ContactFilter:
    """Raises NotFound, Forbidden, Invalid, Conflict."""
    row = _changeable(identity, filter_id)
    row.name = _checked_name(name)
    _save(row)
    audit.record("contact_filter.renamed", row, name=row.name)
    db.session.commit()
    return row


def forget(identity: Identity, filter_id: int) -> None:
    """Broadcasts that were made with it keep what it said. Raises NotFound, Forbidden."""
    row = _changeable(identity, filter_id)
    audit.record("contact_filter.deleted", row, name=row.name)
    db.session.delete(row)
    db.session.commit()


def may_change(identity: Identity, row: ContactFilter) -> bool:
    """Its maker, and managers."""
    own = row.created_by is not None and row.created_by == identity.author_id
    return own or identity.may("manager")


def _changeable(identity: Identity, filter_id: int) -> ContactFilter:
    row = db.session.get(ContactFilter, filter_id)
    if row is None:
        raise NotFound("contact filter")
    if not may_change(identity, row):
        raise Forbidden("filter_of_another", code="filter_of_another")
    return row


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("filter", fields={"name": ["too_long" if name else "required"]})
    return name


def _save(row: ContactFilter) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        raise Conflict("name_taken", code="name_taken", fields={"name": ["name_taken"]}) from None
