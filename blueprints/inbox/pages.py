"""The inbox page and its fragments. First paint and live update are drawn by the same templates."""

from flask import render_template, request
from pydantic import Field, ValidationError, field_validator

from blueprints.inbox import bp
from blueprints.inbox.display import implied_status
from blueprints.inbox.routes import page_of_conversations
from blueprints.inbox.schemas import ConversationQuery
from cloudchat.channels import get as channel_for
from cloudchat.errors import Invalid
from cloudchat.fields import LARGEST_ID
from cloudchat.models import Conversation
from cloudchat.services import (
    activity,
    contacts,
    edits,
    inbox,
    labels,
    mentions,
    presenting,
    threads,
)
from cloudchat.services.assistant import drafting
from cloudchat.services.broadcasts import opting_out
from cloudchat.services.queueing import trail
from cloudchat.services.visibility import get_visible
from cloudchat.web import Body, me, requires

ROWS = 30
MOST_IDS = 100
LARGEST_MESSAGE_ID = 2**53


# --- the page and its list ---------------------------------------------------------------------


@bp.get("/app/inbox")
@requires("agent")
def index():
    return _page(None)


@bp.get("/app/inbox/<int:conversation_id>")
@requires("agent")
def show(conversation_id: int):
    """The same page; its script opens the conversation that the address names."""
    return _page(conversation_id)


def _page(conversation_id: int | None) -> str:
    query = wanted_list()
    wanted = inbox.searched(query.filter())
    around = inbox.surroundings(me(), wanted, conversation_id)
    return render_template(
        "inbox/index.html", around=around, conversation_id=conversation_id, **_rows(query, wanted)
    )


@bp.get("/app/inbox/list")
@requires("agent")
def list_page():
    """The list under another filter: tabs with counts, and the first rows."""
    query = wanted_list()
    wanted = inbox.searched(query.filter())
    around = inbox.surroundings(me(), wanted)
    return render_template("inbox/_list.html", around=around, **_rows(query, wanted))


@bp.get("/app/inbox/menus")
@requires("agent")
def menus():
    """What the menus offer now: people, labels, and the choices of the filter."""
    query = wanted_list()
    return render_template(
        "inbox/_menus_update.html", around=inbox.surroundings(me(), query.filter()), query=query
    )


@bp.get("/app/inbox/more")
@requires("agent")
def more_rows():
    """The next rows of the endless list."""
    return render_template("inbox/_more.html", **_rows(wanted_list()))


@bp.get("/app/inbox/rows")
@requires("agent")
def some_rows():
    """Those of `ids` that the filter lets through, as they are now, and the counts of the tabs."""
    query = wanted_list()
    rows = inbox.among(me(), query.filter(), _ids("ids"))
    counts = inbox.counts(me(), query.filter())
    return render_template("inbox/_rows_update.html", rows=rows, counts=counts)


def wanted_list() -> ConversationQuery:
    """The filter of the address. What cannot be read is left out: an old bookmark still opens."""
    given = {name: value for name, value in request.args.items() if value}
    query = None
    while query is None:
        try:
            query = ConversationQuery.model_validate(given)
        except ValidationError as error:
            for finding in error.errors():
                given.pop(str(finding["loc"][0]), None)
    query.status = query.status or implied_status(query)
    query.limit = ROWS
    return query


def _rows(query: ConversationQuery, wanted: inbox.Filter | None = None) -> dict:
    try:
        rows, next_cursor = page_of_conversations(query, wanted)
    except Invalid:  # a cursor that is not ours
        query.cursor = None
        rows, next_cursor = page_of_conversations(query, wanted)
    return {"rows": rows, "next_cursor": next_cursor, "query": query}


# --- one conversation --------------------------------------------------------------------------


class UpdateQuery(Body):
    """How far the page has the thread, and which of its entries it wants to see again."""

    after: int = Field(0, ge=0, le=LARGEST_MESSAGE_ID)
    first: int = Field(0, ge=0, le=LARGEST_MESSAGE_ID)
    note: int = Field(0, ge=0, le=LARGEST_ID)
    activity: int = Field(0, ge=0, le=LARGEST_MESSAGE_ID)
    messages: list[int] = []
    notes: list[int] = []
    whole: bool = False

    @field_validator("messages", "notes", mode="before")
    @classmethod
    def _split(cls, value):
        return value.split(",")[:MOST_IDS] if isinstance(value, str) and value else []


@bp.get("/app/inbox/<int:conversation_id>/thread")
@requires("agent")
def show_thread(conversation_id: int):
    """Header, the last messages, and the composer."""
    row = inbox.opened(me(), conversation_id)
    return render_template("inbox/_thread.html", thread=threads.latest(row), **_opened(row))


@bp.get("/app/inbox/<int:conversation_id>/older")
@requires("agent")
def older_messages(conversation_id: int):
    """What stands before a message."""
    row = inbox.opened(me(), conversation_id)
    before = request.args.get("before", type=int)
    if before is None or not 0 <= before <= LARGEST_MESSAGE_ID:
        raise Invalid(code="invalid", fields={"before": ["required"]})
    thread = threads.latest(row, before=before)
    return render_template("inbox/_older.html", thread=thread, **_opened(row))


@bp.get("/app/inbox/<int:conversation_id>/updates")
@requires("agent")
def thread_updates(conversation_id: int):
    """The header as it is now, what is new in the thread, and chosen entries once more."""
    row = inbox.opened(me(), conversation_id)
    try:
        query = UpdateQuery.model_validate(request.args.to_dict())
    except ValidationError:
        raise Invalid(code="invalid") from None
    cursor = threads.Cursor(query.after, query.note, query.activity, query.first)
    fresh = threads.newer(row, cursor)
    again = threads.these(row, query.messages, query.notes)
    return render_template(
        "inbox/_updates.html", thread=fresh, again=again, whole=query.whole, **_opened(row)
    )


def _opened(row: Conversation) -> dict:
    """What the header and the composer need to know of a conversation."""
    ends = activity.window_ends_at(row, row.device.type)
    capabilities = channel_for(row.device.type).capabilities
    bot_has_it = row.bot_at_work is not None
    return {
        "row": row,
        "window_ends_at": presenting.iso(ends),
        "blocked": _why_no_reply(row),
        "capabilities": capabilities,
        "bot_has_it": bot_has_it,
        "offers_drafts": drafting.is_offered(),
        "may_give_back": not bot_has_it and row.status != "resolved" and row.bot is not None,
    }


def _why_no_reply(row: Conversation) -> str:
    """Why nothing can be sent whatever the time: a word for the template, or nothing."""
    if row.device.deleted_at or not row.device.is_active:
        return "device"
    return "resolved" if row.status == "resolved" else ""


@bp.get("/app/inbox/<int:conversation_id>/panel")
@requires("agent")
def show_panel(conversation_id: int):
    """The side panel: the contact, and what else is known."""
    row = inbox.opened(me(), conversation_id)
    contact_labels = contacts.labels_of([row.contact_id])[row.contact_id]
    return render_template(
        "inbox/_panel.html",
        row=row,
        contact_labels=contact_labels,
        opt_out=opting_out.of_contact(row.contact),
        contact_version=edits.version_of(contacts.editable(row.contact, contact_labels)),
        notes=threads.notes_of(row),
        earlier=inbox.earlier(me(), row),
        steps=trail.of(row.id),
        why=trail.waiting_reason(row) if row.waiting else None,
    )


@bp.get("/app/inbox/canned")
@requires("agent")
def offer_canned_replies():
    """What fits the letters after `/` in the composer."""
    replies = labels.canned_replies(request.args.get("q", "")[:40], limit=8)
    return render_template("inbox/_canned.html", replies=replies)


@bp.get("/app/inbox/<int:conversation_id>/mentions")
@requires("agent")
def offer_mentions(conversation_id: int):
    """Whom the letters after `@` in a note could mean."""
    row = get_visible(me(), conversation_id)
    people = mentions.offered(row, request.args.get("q", "")[:60], but=me().author_id)
    return render_template("inbox/_mentions.html", people=people)


def _ids(name: str) -> list[int]:
    parts = request.args.get(name, "").split(",")[:MOST_IDS]
    ids = [int(part) for part in parts if part.isascii() and part.isdigit()]
    return [row_id for row_id in ids if 0 < row_id <= LARGEST_ID]
