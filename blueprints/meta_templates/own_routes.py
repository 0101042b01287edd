"""The API of our own message templates."""

from spectree import Response as Answers

from blueprints.meta_templates import bp
from blueprints.meta_templates.routes import cut_to_page
from blueprints.meta_templates.schemas import OwnQuery, OwnTemplateBody
from cloudchat.models import MessageTemplate
from cloudchat.services import message_templates
from cloudchat.web import api, decode_cursor, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_409", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404")


@bp.get("/api/app/message-templates")
@requires("agent")
@api.validate(query=OwnQuery, resp=OK, tags=["templates"])
def list_own(query: OwnQuery):
    after = decode_cursor(query.cursor, str, int)
    rows = message_templates.page(query.q, query.device_type, after, query.limit)
    rows, next_cursor = cut_to_page(rows, query.limit)
    return {"items": [message_templates.outward(row) for row in rows], "next_cursor": next_cursor}


@bp.post("/api/app/message-templates")
@requires("manager")
@api.validate(json=OwnTemplateBody, resp=MADE, tags=["templates"])
def create_own(json: OwnTemplateBody):
    row = message_templates.save(MessageTemplate(), json.changes(), me().author_id)
    return message_templates.outward(row), 201


@bp.get("/api/app/message-templates/<int:own_id>")
@requires("agent")
@api.validate(resp=OK, tags=["templates"])
def show_own(own_id: int):
    return message_templates.outward(message_templates.get(own_id))


@bp.put("/api/app/message-templates/<int:own_id>")
@requires("manager")
@api.validate(json=OwnTemplateBody, resp=OK, tags=["templates"])
def change_own(own_id: int, json: OwnTemplateBody):
    row = message_templates.save(message_templates.get(own_id), json.changes(), expected=json.expected())
    return message_templates.outward(row)


@bp.delete("/api/app/message-templates/<int:own_id>")
@requires("manager")
@api.validate(resp=GONE, tags=["templates"])
def delete_own(own_id: int):
    message_templates.delete(own_id)
    return "", 204
