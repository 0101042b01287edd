"""How typed words find contacts and messages. What is typed is always data, never a pattern."""

import re
from dataclasses import dataclass

from sqlalchemy import ARRAY, ColumnElement, Integer, any_, func, literal, select
from sqlalchemy.orm import aliased

from cloudchat.extensions import db
from cloudchat.models import Contact

MAX_QUERY = 100
MOST_FOUND = 1000  # contacts, and conversations by their words, that a search looks at


def contact_matches(q: str) -> ColumnElement[bool]:
    """Name, phone or e-mail contains the words as typed; a local number also finds its +62 form.

    Where few match, they are named by id: row-level security would keep the index on the words out of
    use. Where many do, a list finds its page soon by looking at one contact after the other.
    """
    ids = _few(q)
    return _has(q) if ids is None else Contact.id == _any(ids)


def customer_matches(q: str, contact_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The same of the contact with this id; each is looked at by itself, and only if it is asked for."""
    ids = _few(q)
    if ids is None:
        customer = aliased(Contact)
        return select(_has(q, customer)).where(customer.id == contact_id).scalar_subquery()
    return contact_id == _any(ids)


def _few(q: str) -> list[int] | None:
    """The contacts that match, by the index on the words; None where there are very many."""
    q = q.strip()[:MAX_QUERY]
    listed = func.contacts_listed(_pattern(q), _phone_pattern(q), MOST_FOUND).column_valued("id")
    ids = list(db.session.scalars(select(listed)))
    return ids if len(ids) < MOST_FOUND else None


def _has(q: str, contact: type[Contact] = Contact) -> ColumnElement[bool]:
    q = q.strip()[:MAX_QUERY]
    words = func.concat_ws(
        " ", contact.name, func.coalesce(contact.phone, ""), func.coalesce(contact.email, "")
    )
    found = words.ilike(_pattern(q), escape="\\")
    if digits := _digits(q):
        found |= contact.phone.contains(digits, autoescape=True)
    return found


def _any(ids: list[int]) -> ColumnElement:
    return any_(literal(ids, ARRAY(Integer)))


def _pattern(q: str) -> str:
    return f"%{_escaped(q)}%"


def _escaped(q: str) -> str:
    return q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@dataclass(frozen=True)
class Found:
    """What the inbox's search came upon: contacts and conversations, by id."""

    contact_ids: list[int]
    conversation_ids: list[int]


def find(q: str) -> Found:
    """Contacts whose name, phone or e-mail contains the words, and conversations with a message that
    has all of them (the last may be a beginning). Where very many match: those among the newest.

    Asked of functions of the database, because row-level security would keep the indexes out of use.
    """
    q = q.strip()[:MAX_QUERY]
    words = re.findall(r"\w+", q)
    contact, talk = (
        function.column_valued("id")
        for function in (
            func.contacts_matching(_pattern(q), _phone_pattern(q), MOST_FOUND),
            func.conversations_with_text(" & ".join(words) + ":*" if words else "", MOST_FOUND),
        )
    )
    row = db.session.execute(
        select(
            select(func.array_agg(contact.distinct())).scalar_subquery(),
            select(func.array_agg(talk.distinct())).scalar_subquery(),
        )
    ).one()
    return Found(row[0] or [], row[1] or [])


def _phone_pattern(q: str) -> str:
    """A number as one types it, as part of one that is kept: 0812 of +62812."""
    digits = _digits(q)
    return f"%{digits}%" if digits else ""


def _digits(q: str) -> str:
    digits = re.sub(r"[\s\-+().]", "", q)
    return digits.lstrip("0") if digits.isascii() and digits.isdigit() and len(digits) > 4 else ""
