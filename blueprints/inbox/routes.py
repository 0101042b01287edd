"""The inbox API of conversations; that of their messages is in messages.py, pages are in pages.py."""

from datetime import datetime

from spectree import Response as Answers

from blueprints.inbox import bp
from blueprints.inbox.schemas import (
    Assignment,
    Bulk,
    ConversationQuery,
    GivingBack,
    LabelList,
    NewNote,
    Restoring,
    StatusChange,
)
from cloudchat.errors import Invalid
from cloudchat.messages import sentence
from cloudchat.services import (
    activity,
    bot_handover,
    conversation_bulk,
    conversations,
    inbox,
    presenting,
    unread,
)
from cloudchat.services.visibility import get_visible
from cloudchat.web import (
    api,
    decode_cursor,
    encode_cursor,
    idempotent,
    me,
    requires,
)

OK = Answers("HTTP_200", "HTTP_401", "HTTP_404", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_404", "HTTP_409", "HTTP_422", "HTTP_429")


@bp.get("/api/app/inbox/conversations")
@requires("agent")
@api.validate(query=ConversationQuery, resp=OK, tags=["inbox"])
def list_conversations(query: ConversationQuery):
    rows, next_cursor = page_of_conversations(query)
    return {"items": [presenting.conversation(row) for row in rows], "next_cursor": next_cursor}


def page_of_conversations(query: ConversationQuery, wanted: inbox.Filter | None = None):
    """One page of the list and the cursor of the next."""
    after = None
    parts = decode_cursor(query.cursor, str, int)
    if parts:
        try:
            after = (datetime.fromisoformat(parts[0]), parts[1])
        except ValueError:
            raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]}) from None
        if after[0].tzinfo is None or not 0 <= after[1] < 2**31:
            raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]})
    rows = inbox.conversations(me(), wanted or query.filter(), after, query.limit)
    next_cursor = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        next_cursor = encode_cursor(rows[-1].last_message_at.isoformat(), rows[-1].id)
    return rows, next_cursor


@bp.get("/api/app/inbox/counts")
@requires("agent")
@api.validate(query=ConversationQuery, resp=OK, tags=["inbox"])
def count_conversations(query: ConversationQuery):
    return inbox.counts(me(), query.filter())


@bp.get("/api/app/inbox/unread-count")
@requires("agent")
@api.validate(resp=OK, tags=["inbox"])
def unread_count():
    return unread.count_for(me().user_id).__dict__


@bp.get("/api/app/inbox/conversations/<int:conversation_id>")
@requires("agent")
@api.validate(resp=OK, tags=["inbox"])
def show_conversation(conversation_id: int):
    row = get_visible(me(), conversation_id)
    return {
        **presenting.conversation(row),
        "window_ends_at": presenting.iso(activity.window_ends_at(row, row.device.type)),
    }


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/notes")
@requires("agent")
@idempotent
@api.validate(json=NewNote, resp=MADE, tags=["inbox"])
def add_note(conversation_id: int, json: NewNote):
    note = conversations.add_note(me(), conversation_id, json.text)
    return {"id": note.id, "text": note.text, "created_at": presenting.iso(note.created_at)}, 201


@bp.delete("/api/app/inbox/conversations/<int:conversation_id>/notes/<int:note_id>")
@requires("agent")
@api.validate(resp=Answers("HTTP_204", "HTTP_404"), tags=["inbox"])
def delete_note(conversation_id: int, note_id: int):
    conversations.delete_note(me(), conversation_id, note_id)
    return "", 204


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/read")
@requires("agent")
@api.validate(resp=OK, tags=["inbox"])
def read_conversation(conversation_id: int):
    return {"unread_count": conversations.mark_read(me(), conversation_id)}


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/assign")
@requires("agent")
@api.validate(json=Assignment, resp=DONE, tags=["inbox"])
def assign_conversation(conversation_id: int, json: Assignment):
    row = conversations.assign(me(), conversation_id, json.agent_id, json.expected_version)
    return presenting.conversation(row)


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/bot")
@requires("agent")
@api.validate(json=GivingBack, resp=DONE, tags=["inbox"])
def give_back_to_bot(conversation_id: int, json: GivingBack):
    """Let the bot of the device speak again from the customer's next message on; nobody has it then."""
    row = bot_handover.give_back(me(), conversation_id, json.expected_version)
    return presenting.conversation(row)


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/status")
@requires("agent")
@api.validate(json=StatusChange, resp=DONE, tags=["inbox"])
def change_status(conversation_id: int, json: StatusChange):
    row = conversations.set_status(
        me(), conversation_id, json.status, json.snooze_until, json.expected_version
    )
    return presenting.conversation(row)


@bp.put("/api/app/inbox/conversations/<int:conversation_id>/labels")
@requires("agent")
@api.validate(json=LabelList, resp=DONE, tags=["inbox"])
def set_labels(conversation_id: int, json: LabelList):
    return presenting.conversation(conversations.set_labels(me(), conversation_id, json.labels))


@bp.post("/api/app/inbox/conversations/bulk")
@requires("agent")
@api.validate(json=Bulk, resp=OK, tags=["inbox"])
def bulk(json: Bulk):
    """The same action on several; every id must be the caller's to see, else nothing is done.

    An item's `before` is what `restore` takes to undo it.
    """
    return {"items": _told(conversation_bulk.act(me(), json.ids, json.change()))}


@bp.post("/api/app/inbox/conversations/restore")
@requires("agent")
@api.validate(json=Restoring, resp=OK, tags=["inbox"])
def restore(json: Restoring):
    """Undo a bulk action: each conversation as its `before` says, unless it was changed since."""
    return {"items": _told(conversation_bulk.restore(me(), json.earlier()))}


def _told(items: list[dict]) -> list[dict]:
    """Refusals as sentences."""
    return [{**item, "error": sentence(item["error"])} if "error" in item else item for item in items]
