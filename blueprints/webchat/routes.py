"""The web chat's API for customers: sessions, messages, files. Pages are in pages.py."""

from dataclasses import asdict
from typing import Any, Literal

from flask import request
from flask_babel import gettext as _
from pydantic import Field
from spectree import Response as Answers

from blueprints.webchat import bp, doors
from cloudchat.downloads import send_private
from cloudchat.errors import Invalid
from cloudchat.fields import MessageId
from cloudchat.limits import limiter
from cloudchat.services import webchat, webchat_view, webchat_visitors
from cloudchat.tenancy import acting_as
from cloudchat.web import API_BODY, MAX_LIMIT, UPLOAD_BODY, Body, api, public, sized

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422", "HTTP_429")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_413", "HTTP_422", "HTTP_429")
A_VISITOR = "a visitor, known by the session token"


class NewSession(Body):
    """How the visitor wants to be called."""

    name: str = Field("", max_length=200)


class Tap(Body):
    """Which button was tapped."""

    button_id: str | None = Field(None, max_length=200)


class VisitorMessage(Body):
    """A message; `client_id` makes sending it twice harmless. A tap names its `button_id`."""

    text: str = ""
    client_id: str = Field(min_length=1, max_length=webchat.MAX_CLIENT_ID)
    payload: Tap | None = None


class HistoryQuery(Body):
    """Messages after an id, oldest first; or the last ones, or the last before an id."""

    after: MessageId | None = None
    before: MessageId | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class Seen(Body):
    """Up to where the page has the desk's messages, or shows them."""

    message_id: MessageId
    status: Literal["delivered", "read"] = "read"


@bp.post("/api/chat/<public_key>/sessions")
@public("visitors of the web chat have no account")
@sized(API_BODY)
@limiter.limit(doors.SESSIONS_PER_ADDRESS)
@limiter.limit(doors.SESSIONS_PER_CHAT, key_func=doors.chat_key)
@api.validate(json=NewSession, resp=MADE, tags=["web chat"])
def start_session(public_key: str, json: NewSession):
    route = doors.chat_of(public_key)
    token = webchat_visitors.start_session(route, json.name if json else "")
    return {"token": token, "conversation_id": None}, 201


@bp.post("/api/chat/<public_key>/messages")
@public(A_VISITOR)
@sized(UPLOAD_BODY)
@limiter.limit(doors.MESSAGES_PER_VISITOR, key_func=doors.visitor_key)
@limiter.limit(doors.FILES_PER_VISITOR, key_func=doors.visitor_key, exempt_when=doors.has_no_file)
@limiter.limit(doors.FILES_PER_ADDRESS, exempt_when=doors.has_no_file)
@api.validate(json=VisitorMessage, resp=MADE, tags=["web chat"])
def send_message(public_key: str, json: VisitorMessage):
    visitor = doors.visitor_of(public_key)
    draft = _uploaded() if json is None else _typed(json)
    with acting_as(visitor.organization_id):
        return webchat.receive(visitor, draft, nameless=_("Visitor")), 201


def _typed(json: VisitorMessage) -> webchat.Draft:
    return webchat.Draft(json.text, json.client_id, json.payload.button_id if json.payload else None)


def _uploaded() -> webchat.Draft:
    file = request.files.get("file")
    if file is None:
        raise Invalid(fields={"file": ["required"]})
    return webchat.Draft(
        request.form.get("text", ""),
        request.form.get("client_id", ""),
        file=(file.stream, file.filename or ""),
    )


@bp.get("/api/chat/<public_key>/messages")
@public(A_VISITOR)
@limiter.limit(doors.READS_PER_VISITOR, key_func=doors.visitor_key)
@api.validate(query=HistoryQuery, resp=OK, tags=["web chat"])
def list_messages(public_key: str, query: HistoryQuery):
    visitor = doors.visitor_of(public_key)
    with acting_as(visitor.organization_id):
        found = webchat.history(visitor, query.after, query.before, query.limit)
    return {
        "items": found.items,
        "next_cursor": _next_cursor(found.items, query),
        "read_up_to": found.read_up_to,
        "agent": {"name": found.agent} if found.agent else None,
        "queue": asdict(found.queue) if found.queue else None,
    }


def _next_cursor(items: list[dict[str, Any]], query: HistoryQuery) -> str | None:
    """What to ask for next: `after` it going forward, `before` it going back."""
    if len(items) < query.limit:
        return None
    return str(items[-1 if query.after is not None else 0]["id"])


@bp.post("/api/chat/<public_key>/seen")
@public(A_VISITOR)
@sized(API_BODY)
@limiter.limit(doors.READS_PER_VISITOR, key_func=doors.visitor_key)
@api.validate(json=Seen, resp=Answers("HTTP_204", "HTTP_401", "HTTP_404"), tags=["web chat"])
def mark_seen(public_key: str, json: Seen):
    visitor = doors.visitor_of(public_key)
    with acting_as(visitor.organization_id):
        webchat.seen(visitor, json.message_id, json.status)
    return "", 204


@bp.get("/api/chat/<public_key>/attachments/<int:attachment_id>")
@public("a visitor's token, or an address that was signed for one")
@api.validate(resp=OK, tags=["web chat"])
def download_attachment(public_key: str, attachment_id: int):
    sealed = request.args.get("t")
    if sealed is None:
        visitor = doors.visitor_of(public_key)
        with acting_as(visitor.organization_id):
            return send_private(webchat.attachment(visitor, attachment_id))
    route = doors.chat_of(public_key)
    left = webchat_view.open_link(route.organization_id, attachment_id, sealed)
    with acting_as(route.organization_id):
        return send_private(webchat.linked_attachment(route, attachment_id), max_age=left)


@bp.get("/api/chat/<public_key>/attachments/<int:attachment_id>/link")
@public(A_VISITOR)
@limiter.limit(doors.READS_PER_VISITOR, key_func=doors.visitor_key)
@api.validate(resp=OK, tags=["web chat"])
def link_attachment(public_key: str, attachment_id: int):
    """A fresh address, for a page that was open longer than the first one works."""
    visitor = doors.visitor_of(public_key)
    with acting_as(visitor.organization_id):
        row = webchat.attachment(visitor, attachment_id)
    return {"url": webchat_view.file_link(visitor.organization_id, public_key, row.id)}
