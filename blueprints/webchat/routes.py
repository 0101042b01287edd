"""The web chat's API for customers: sessions, messages, files. Pages are in pages.py."""

from typing import Any

from flask import request
from pydantic import Field
from spectree import Response as Answers

from blueprints.webchat import bp
from cloudchat.errors import Invalid, Unauthorized
from cloudchat.fields import MessageId
from cloudchat.limits import limiter
from cloudchat.services import files, webchat
from cloudchat.tenancy import acting_as
from cloudchat.web import API_BODY, MAX_LIMIT, UPLOAD_BODY, Body, api, public, sized

OK = Answers("HTTP_200", "HTTP_401", "HTTP_404", "HTTP_422", "HTTP_429")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_404", "HTTP_422", "HTTP_429")


class NewSession(Body):
    """How the visitor wants to be called."""

    name: str = Field("", max_length=200)


class VisitorMessage(Body):
    """A message; `client_id` makes sending it twice harmless. A tap names its `button_id`."""

    text: str = ""
    client_id: str = Field(min_length=1, max_length=100)
    payload: dict[str, Any] | None = None


class HistoryQuery(Body):
    after: MessageId = 0
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


def visitor_key() -> str:
    return "chat:" + request.headers.get("Authorization", request.remote_addr or "")[-64:]


def current_visitor(public_key: str) -> webchat.Visitor:
    """Whoever holds the bearer token, if it is of this chat."""
    header = request.headers.get("Authorization", "")
    token = header.removeprefix("Bearer ") if header.startswith("Bearer ") else ""
    if not token:
        webchat.open_chat(public_key)
        raise Unauthorized(code="chat_session")
    return webchat.require_visitor(token, public_key)


@bp.post("/api/chat/<public_key>/sessions")
@public("visitors of the web chat have no account")
@sized(API_BODY)
@limiter.limit("60 per minute")
@api.validate(json=NewSession, resp=MADE, tags=["web chat"])
def start_session(public_key: str, json: NewSession):
    return {"token": webchat.start_session(public_key, json.name), "conversation_id": None}, 201


@bp.post("/api/chat/<public_key>/messages")
@public("a visitor, known by the session token")
@sized(UPLOAD_BODY)
@limiter.limit("60 per minute", key_func=visitor_key)
@api.validate(json=VisitorMessage, resp=MADE, tags=["web chat"])
def send_message(public_key: str, json: VisitorMessage):
    visitor = current_visitor(public_key)
    with acting_as(visitor.organization_id):
        if json is None:
            return _receive_file(visitor), 201
        return webchat.receive(visitor, json.text, json.client_id, json.payload), 201


def _receive_file(visitor: webchat.Visitor) -> dict:
    file = request.files.get("file")
    if file is None:
        raise Invalid(fields={"file": ["required"]})
    upload = files.store(file.stream, file.filename or "")
    client_id = request.form.get("client_id", "")
    return webchat.receive(visitor, request.form.get("text", ""), client_id, None, upload)


@bp.get("/api/chat/<public_key>/messages")
@public("a visitor, known by the session token")
@limiter.limit("240 per minute", key_func=visitor_key)
@api.validate(query=HistoryQuery, resp=OK, tags=["web chat"])
def list_messages(public_key: str, query: HistoryQuery):
    visitor = current_visitor(public_key)
    with acting_as(visitor.organization_id):
        items = webchat.history(visitor, query.after, query.limit)
    next_cursor = str(items[-1]["id"]) if query.after and len(items) == query.limit else None
    return {"items": items, "next_cursor": next_cursor}
