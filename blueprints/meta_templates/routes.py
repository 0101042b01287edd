"""The API of Meta's templates."""

from flask import request
from spectree import Response as Answers

from blueprints.meta_templates import bp
from blueprints.meta_templates.schemas import (
    NewTemplate,
    SyncBody,
    TemplateChange,
    TemplateQuery,
    TemplateRemovalQuery,
)
from cloudchat.errors import Invalid
from cloudchat.services.meta_templates import catalog, rules, samples, syncing, writing
from cloudchat.web import api, decode_cursor, encode_cursor, idempotent, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
ASKED = Answers("HTTP_202", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422", "HTTP_429", "HTTP_503")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422", "HTTP_429", "HTTP_503")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422", "HTTP_429", "HTTP_503")


def cut_to_page(rows: list, limit: int) -> tuple[list, str | None]:
    """A page of rows by name, and the cursor of the next."""
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, encode_cursor(rows[-1].name, rows[-1].id)


@bp.get("/api/app/meta-templates")
@requires("agent")
@api.validate(query=TemplateQuery, resp=OK, tags=["templates"])
def list_templates(query: TemplateQuery):
    rows = catalog.page(query.filter(), decode_cursor(query.cursor, str, int), query.limit)
    rows, next_cursor = cut_to_page(rows, query.limit)
    return {"items": [catalog.outward(row) for row in rows], "next_cursor": next_cursor}


@bp.post("/api/app/meta-templates")
@requires("manager")
@idempotent
@api.validate(json=NewTemplate, resp=MADE, tags=["templates"])
def create_template(json: NewTemplate):
    """Hands it to Meta. Without Meta's answer its status is `SUBMITTING`: it is being looked up."""
    row = writing.create(json.device_id, json.values(), me().author_id)
    return catalog.outward(catalog.get(row.id)), 201


@bp.post("/api/app/meta-templates/check")
@requires("manager")
@api.validate(json=NewTemplate, resp=OK, tags=["templates"])
def check_template(json: NewTemplate):
    """The rules alone: nothing is kept or sent. 422 with the fields at fault."""
    return {"ok": True, "warnings": rules.warnings(rules.checked(json.values()))}


@bp.post("/api/app/meta-templates/samples")
@requires("manager", upload=True)
@api.validate(resp=MADE, tags=["templates"])
def upload_sample():
    """A file (`file`, `device_id` and the header's `format` as a form) for a header's sample; answers the
    `handle` for it."""
    file, device_id = request.files.get("file"), request.form.get("device_id", "")
    if file is None or not file.filename:
        raise Invalid("file", fields={"file": ["required"]})
    if not device_id.isdecimal() or len(device_id) > 9:
        raise Invalid("device", fields={"device_id": ["required"]})
    kind = request.form.get("format", "").upper()
    content = file.stream.read(samples.LARGEST + 1)
    return {"handle": samples.upload(int(device_id), file.filename, content, kind)}, 201


@bp.get("/api/app/meta-templates/<int:template_id>")
@requires("agent")
@api.validate(resp=OK, tags=["templates"])
def show_template(template_id: int):
    return catalog.outward(catalog.get(template_id))


@bp.put("/api/app/meta-templates/<int:template_id>")
@requires("manager")
@api.validate(json=TemplateChange, resp=DONE, tags=["templates"])
def change_template(template_id: int, json: TemplateChange):
    """Only a refused, a paused and an unsent one can be changed."""
    return catalog.outward(writing.change(template_id, json.values()))


@bp.delete("/api/app/meta-templates/<int:template_id>")
@requires("manager")
@api.validate(query=TemplateRemovalQuery, resp=GONE, tags=["templates"])
def delete_template(template_id: int, query: TemplateRemovalQuery):
    """At Meta this one language, here as well. An approved one takes `confirm=true`."""
    writing.delete(template_id, query.confirm)
    return "", 204


@bp.post("/api/app/meta-templates/sync")
@requires("manager")
@api.validate(json=SyncBody, resp=ASKED, tags=["templates"])
def sync_templates(json: SyncBody):
    """Fetches the templates of the device's WABA, by a job; `GET …/sync` tells how far it is."""
    return catalog.sync_outward(syncing.request(json.device_id)), 202


@bp.get("/api/app/meta-templates/sync")
@requires("agent")
@api.validate(resp=OK, tags=["templates"])
def list_syncs():
    return {"items": [catalog.sync_outward(row) for row in catalog.syncs()], "next_cursor": None}
