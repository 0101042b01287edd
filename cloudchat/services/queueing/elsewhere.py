"""Somebody answered a customer past the desk: on the linked phone, or in the page's own inbox."""

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Conversation
from cloudchat.services.activity import changed
from cloudchat.services.queueing import entries


def answered(conversation_ids: set[int]) -> None:
    """A person has these now: nobody is asked for a division or waits in line any more. Part of the
    caller's transaction, which has locked the conversations."""
    rows = db.session.scalars(
        select(Conversation)
        .where(Conversation.id.in_(conversation_ids))
        .order_by(Conversation.id)
        .execution_options(populate_existing=True)
    )
    for row in rows:
        entry = entries.live(row.id)
        if entry is not None and entry.status == "waiting":
            entries.end(row, entry, "elsewhere")
        if row.awaiting_division_selection:
            row.awaiting_division_selection = False
            changed(row, None, {"awaiting_division_selection": False})
