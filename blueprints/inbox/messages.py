"""The messages of a conversation over the API: reading, sending, taking back; and the files in them."""

from flask import request
from flask.json import loads
from spectree import Response as Answers

from blueprints.inbox import bp
from blueprints.inbox.routes import DONE, MADE, OK
from blueprints.inbox.schemas import MessageQuery, NewMessage
from cloudchat.downloads import send_private
from cloudchat.errors import Invalid, NotFound
from cloudchat.services import files, inbox, outbound
from cloudchat.services.visibility import get_visible
from cloudchat.web import api, idempotent, me, requires


@bp.get("/api/app/inbox/conversations/<int:conversation_id>/messages")
@requires("agent")
@api.validate(query=MessageQuery, resp=OK, tags=["inbox"])
def list_messages(conversation_id: int, query: MessageQuery):
    row = get_visible(me(), conversation_id)
    items = inbox.messages(row.id, query.after, query.before, query.limit)
    return {"items": items, "next_cursor": _message_cursor(items, query)}


def _message_cursor(items: list[dict], query: MessageQuery) -> str | None:
    if len(items) < query.limit:
        return None
    return str(items[-1]["id"] if query.after is not None else items[0]["id"])


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/messages")
@requires("agent", upload=True)
@idempotent
@api.validate(json=NewMessage, resp=MADE, tags=["inbox"])
def send_message(conversation_id: int, json: NewMessage):
    client_id = json.client_id if json else request.form.get("client_id", "")[:64]
    template = _template(json)
    if template is not None:
        upload = None if json else _upload()
        return outbound.reply_with_template(me(), conversation_id, *template, client_id, upload), 201
    text, upload, payload = _outgoing(json)
    return outbound.reply(me(), conversation_id, text, upload, payload, client_id), 201


def _outgoing(json: NewMessage | None):
    if json is not None:
        payload = {"buttons": _buttons(json.buttons)} if json.buttons else None
        if payload and json.list_button:
            payload["list_button"] = json.list_button
        return json.text, None, payload
    return request.form.get("text", ""), _upload(), None


def _upload() -> files.StoredFile | None:
    file = request.files.get("file")
    return files.store(file.stream, file.filename or "") if file else None


def _template(json: NewMessage | None) -> tuple[int, dict | None] | None:
    """(template id, variables), where the message is one by a template. A form has them as texts."""
    if json is not None:
        return (json.template_id, json.variables) if json.template_id is not None else None
    if "template_id" not in request.form:
        return None
    given = request.form["template_id"]
    try:
        variables = loads(request.form.get("variables") or "{}")
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        raise Invalid(fields={"variables": ["invalid"]})
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise NotFound("template")
    return int(given), variables


def _buttons(buttons: list[dict]) -> list[dict]:
    made = []
    for button in buttons:
        title, key = str(button.get("title") or "").strip(), str(button.get("id") or "").strip()
        if not title or not key or len(title) > 24 or len(key) > 200:
            raise Invalid(fields={"buttons": ["invalid"]})
        description = str(button.get("description") or "")[:72]
        made.append({"id": key, "title": title, **({"description": description} if description else {})})
    return made


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/messages/<bigint:message_id>/retry")
@requires("agent")
@idempotent
@api.validate(resp=DONE, tags=["inbox"])
def retry_message(conversation_id: int, message_id: int):
    return outbound.retry(me(), conversation_id, message_id)


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/messages/<bigint:message_id>/confirm")
@requires("agent")
@api.validate(resp=DONE, tags=["inbox"])
def confirm_message(conversation_id: int, message_id: int):
    return outbound.confirm_sent(me(), conversation_id, message_id)


@bp.delete("/api/app/inbox/conversations/<int:conversation_id>/messages/<bigint:message_id>")
@requires("agent")
@api.validate(resp=Answers("HTTP_204", "HTTP_404", "HTTP_409"), tags=["inbox"])
def cancel_message(conversation_id: int, message_id: int):
    outbound.cancel_queued(me(), conversation_id, message_id)
    return "", 204


@bp.get("/api/app/attachments/<int:attachment_id>")
@requires("agent")
@api.validate(resp=OK, tags=["inbox"])
def download_attachment(attachment_id: int):
    row = files.get_attachment(attachment_id)
    get_visible(me(), row.conversation_id)
    return send_private(row)
