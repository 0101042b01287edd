"""How typed words find contacts and messages. What is typed is always data, never a pattern."""

import re

from sqlalchemy import ColumnElement, literal_column, select, text

from cloudchat.models import Contact, Message

MAX_QUERY = 100


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


def conversations_with_text(q: str, organization_id: int):
    """Ids of conversations that have a message with all these words (the last may be a beginning)."""
    words = re.findall(r"\w+", q[:MAX_QUERY])
    query = " & ".join(words) + ":*" if words else ""
    return (
        select(Message.conversation_id)
        .where(
            Message.organization_id == organization_id,
            Message.text != "",
            text("to_tsvector('simple', text) @@ to_tsquery('simple', :words)").bindparams(
                words=query
            ),
        )
        .order_by(Message.id.desc())
        .limit(1000)
    )
