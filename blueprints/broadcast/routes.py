"""The API of broadcasts."""

from flask import request
from spectree import Response as Answers

from blueprints.broadcast import bp
from blueprints.broadcast.schemas import (
    AudienceBody,
    BroadcastBody,
    BroadcastChange,
    ListQuery,
    ScheduleBody,
    SendableQuery,
    TestBody,
)
from cloudchat.errors import Invalid, NotFound
from cloudchat.messages import sentence
from cloudchat.services import contact_file, devices, message_templates
from cloudchat.services.broadcasts import audience, catalog, drafts, trial, writing
from cloudchat.services.meta_templates import catalog as meta_templates
from cloudchat.web import api, decode_cursor, encode_cursor, idempotent, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409")


def cut_to_page(rows: list, limit: int) -> tuple[list, str | None]:
    """A page of rows by id, and the cursor of the next."""
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, encode_cursor(rows[-1].id)


@bp.get("/api/app/broadcasts/templates")
@requires("agent")
@api.validate(query=SendableQuery, resp=OK, tags=["broadcasts"])
def list_sendable(query: SendableQuery):
    """Only what this device can send: approved ones of its WABA, or our own."""
    device = devices.get(query.device_id)
    after = decode_cursor(query.cursor, str, int)
    if device.type == "wa_official":
        rows, outward = meta_templates.sendable(device, query.q, after, query.limit), meta_templates.outward
    else:
        rows = message_templates.page(query.q, device.type, after, query.limit)
        outward = message_templates.outward
    next_cursor = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        next_cursor = encode_cursor(rows[-1].name, rows[-1].id)
    return {
        "items": [outward(row) for row in rows],
        "next_cursor": next_cursor,
        "device": {"id": device.id, "name": device.name, "type": device.type},
    }


@bp.get("/api/app/broadcasts")
@requires("manager")
@api.validate(query=ListQuery, resp=OK, tags=["broadcasts"])
def list_broadcasts(query: ListQuery):
    """The newest first."""
    rows = catalog.page(query.status, decode_cursor(query.cursor, int), query.limit)
    rows, next_cursor = cut_to_page(rows, query.limit)
    counts = catalog.counts_of([row.id for row in rows])
    return {"items": [catalog.outward(row, counts[row.id]) for row in rows], "next_cursor": next_cursor}


@bp.post("/api/app/broadcasts")
@requires("manager")
@idempotent
@api.validate(json=BroadcastBody, resp=MADE, tags=["broadcasts"])
def create_broadcast(json: BroadcastBody):
    """A draft, or scheduled where a time is given. Nobody gets it twice, whatever names them."""
    return catalog.progress(drafts.create(json.values(), me().author_id).id), 201


@bp.post("/api/app/broadcasts/recipients-file")
@requires("manager", upload=True)
@api.validate(resp=MADE, tags=["broadcasts"])
def upload_recipients():
    """A CSV file (`file`) with a column of phone numbers: what stands in it, its errors by line, and the
    word by which an audience names it. Further columns can be filled in as fields."""
    given = request.files.get("file")
    if given is None or not given.filename:
        raise Invalid("file", fields={"file": ["required"]})
    return _found(audience.keep_file(given.stream.read(contact_file.MAX_BYTES + 1))), 201


def _found(found: dict) -> dict:
    """What stands in a file, its errors as sentences."""
    problems = found.pop("problems")
    found["errors"] = [
        {"line": line, "code": code, "column": column, "value": value, "message": sentence(code)}
        for line, code, column, value in problems
    ]
    return found


@bp.get("/api/app/broadcasts/<int:broadcast_id>")
@requires("manager")
@api.validate(resp=OK, tags=["broadcasts"])
def show_broadcast(broadcast_id: int):
    return catalog.progress(broadcast_id)


@bp.patch("/api/app/broadcasts/<int:broadcast_id>")
@requires("manager")
@api.validate(json=BroadcastChange, resp=DONE, tags=["broadcasts"])
def change_broadcast(broadcast_id: int, json: BroadcastChange):
    """Change one that does not run yet: what is named; the rest stays. Recipients are listed anew where
    their audience or the device is named. A scheduled one without a time is a draft again."""
    return catalog.progress(drafts.change(broadcast_id, json.values(), json.expected()).id)


@bp.get("/api/app/broadcasts/<int:broadcast_id>/file")
@requires("manager")
@api.validate(resp=OK, tags=["broadcasts"])
def show_recipients_file(broadcast_id: int):
    """What stands in the file of recipients that it was made with, as at its upload."""
    key = catalog.get(broadcast_id).file_key
    if not key:
        raise NotFound("file")
    return _found(audience.look_into(key))


@bp.post("/api/app/broadcasts/audience-size")
@requires("manager")
@api.validate(json=AudienceBody, resp=OK, tags=["broadcasts"])
def count_audience(json: AudienceBody):
    """How many recipients there would be at most: before twins and those who want none are left out."""
    kept = audience.checked(json.audience.model_dump(exclude_none=True))
    return {"total": audience.size_of(kept, None)}


@bp.delete("/api/app/broadcasts/<int:broadcast_id>")
@requires("manager")
@api.validate(resp=GONE, tags=["broadcasts"])
def delete_broadcast(broadcast_id: int):
    """Only one that never ran."""
    drafts.delete(broadcast_id)
    return "", 204


@bp.get("/api/app/broadcasts/<int:broadcast_id>/preview")
@requires("manager")
@api.validate(resp=DONE, tags=["broadcasts"])
def preview_broadcast(broadcast_id: int):
    """The first recipients with the text for each, or the variables that they lack."""
    return {"items": trial.preview(broadcast_id), "next_cursor": None}


@bp.post("/api/app/broadcasts/<int:broadcast_id>/test")
@requires("manager")
@idempotent
@api.validate(json=TestBody, resp=MADE, tags=["broadcasts"])
def test_broadcast(broadcast_id: int, json: TestBody):
    """Send it to a number of one's own, filled as for the first recipient."""
    return trial.send_to(broadcast_id, json.phone, me().author_id), 201


@bp.post("/api/app/broadcasts/<int:broadcast_id>/start")
@requires("manager")
@idempotent
@api.validate(resp=DONE, tags=["broadcasts"])
def start_broadcast(broadcast_id: int):
    return catalog.progress(writing.start(broadcast_id).id)


@bp.post("/api/app/broadcasts/<int:broadcast_id>/schedule")
@requires("manager")
@idempotent
@api.validate(json=ScheduleBody, resp=DONE, tags=["broadcasts"])
def schedule_broadcast(broadcast_id: int, json: ScheduleBody):
    moment = json.moment()
    if moment is None:
        raise Invalid("scheduled_at", fields={"scheduled_local": ["required"]})
    return catalog.progress(writing.schedule(broadcast_id, moment).id)


@bp.post("/api/app/broadcasts/<int:broadcast_id>/pause")
@requires("manager")
@api.validate(resp=DONE, tags=["broadcasts"])
def pause_broadcast(broadcast_id: int):
    return catalog.progress(writing.pause(broadcast_id).id)


@bp.post("/api/app/broadcasts/<int:broadcast_id>/resume")
@requires("manager")
@idempotent
@api.validate(resp=DONE, tags=["broadcasts"])
def resume_broadcast(broadcast_id: int):
    return catalog.progress(writing.resume(broadcast_id).id)


@bp.post("/api/app/broadcasts/<int:broadcast_id>/cancel")
@requires("manager")
@api.validate(resp=DONE, tags=["broadcasts"])
def cancel_broadcast(broadcast_id: int):
    """For good: whoever waits does not get it."""
    return catalog.progress(writing.cancel(broadcast_id).id)


@bp.post("/api/app/broadcasts/<int:broadcast_id>/retry")
@requires("manager")
@idempotent
@api.validate(resp=DONE, tags=["broadcasts"])
def retry_broadcast(broadcast_id: int):
    """Those who failed and for whom a second try can mend it."""
    count = writing.retry_failed(broadcast_id)
    return {**catalog.progress(broadcast_id), "retried": count}
