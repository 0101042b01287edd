"""How typed words find contacts and messages. What is typed is always data, never a pattern."""

import re

from sqlalchemy import ColumnElement, Select, func, literal_column, select

from cloudchat.models import Contact

MAX_QUERY = 100
MOST_FOUND = 1000  # conversations that a search looks at, the newest first


def contact_matches(q: str) -> ColumnElement[bool]:
    """Name, phone or e-mail contains the words as typed; a local number also finds its +62 form."""
    q = q.strip()[:MAX_QUERY]
    haystack = literal_column(
        "(contacts.name || ' ' || coalesce(contacts.phone, '') || ' ' || coalesce(contacts.email, ''))"
    )
    found = haystack.ilike(f"%{_escaped(q)}%", escape="\\")
    digits = re.sub(r"[\s\-+().]", "", q)
    if digits.isascii() and digits.isdigit() and len(digits) > 4:
        found |= Contact.phone.contains(digits.lstrip("0"), autoescape=True)
    return found


def _escaped(q: str) -> str:
    return q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def conversations_with_text(q: str) -> Select:
    """Ids of conversations that have a message with all these words (the last may be a beginning).

    Asked of a function of the database, because row-level security would keep the index out of use.
    """
    words = re.findall(r"\w+", q[:MAX_QUERY])
    query = " & ".join(words) + ":*" if words else ""
    return select(func.conversations_with_text(query, MOST_FOUND).column_valued("id"))
