"""The settings API: devices, labels, canned replies."""

from spectree import Response as Answers

from blueprints.settings import bp
from blueprints.settings.schemas import (
    CannedReplyBody,
    CannedReplyQuery,
    DeviceChange,
    LabelBody,
    NewDevice,
)
from cloudchat import config
from cloudchat.errors import NotFound
from cloudchat.extensions import db
from cloudchat.models import CannedReply, Label
from cloudchat.services import connecting, devices, edits, labels, presenting
from cloudchat.web import api, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_409", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404")


def device_json(row) -> dict:
    shown = presenting.device(row, config.active().public_url)
    return {**shown, "version": edits.version_of(devices.editable(row))}


@bp.get("/api/app/devices")
@requires("agent")
@api.validate(resp=OK, tags=["devices"])
def list_devices():
    rows = devices.all_devices()
    if not me().may("admin"):
        short = ("id", "type", "name", "status", "is_active")
        items = [{name: device_json(row)[name] for name in short} for row in rows]
    else:
        items = [device_json(row) for row in rows]
    return {"items": items, "next_cursor": None}


@bp.post("/api/app/devices")
@requires("admin")
@api.validate(json=NewDevice, resp=MADE, tags=["devices"])
def create_device(json: NewDevice):
    return device_json(connecting.create(json.type, json.name, json.config)), 201


@bp.get("/api/app/devices/<int:device_id>")
@requires("admin")
@api.validate(resp=OK, tags=["devices"])
def show_device(device_id: int):
    return device_json(devices.get(device_id))


@bp.patch("/api/app/devices/<int:device_id>")
@requires("admin")
@api.validate(json=DeviceChange, resp=OK, tags=["devices"])
def change_device(device_id: int, json: DeviceChange):
    values = json.changes(exclude_none=True)
    return device_json(connecting.change(device_id, values, json.expected()))


@bp.delete("/api/app/devices/<int:device_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["devices"])
def remove_device(device_id: int):
    connecting.remove(device_id)
    return "", 204


def label_json(row: Label) -> dict:
    version = edits.version_of(labels.editable_label(row))
    return {"id": row.id, "name": row.name, "color": row.color, "version": version}


@bp.get("/api/app/labels")
@requires("agent")
@api.validate(resp=OK, tags=["labels"])
def list_labels():
    return {"items": [label_json(row) for row in labels.all_labels()], "next_cursor": None}


@bp.post("/api/app/labels")
@requires("admin")
@api.validate(json=LabelBody, resp=MADE, tags=["labels"])
def create_label(json: LabelBody):
    return label_json(labels.save_label(Label(), json.name, json.color)), 201


@bp.put("/api/app/labels/<int:label_id>")
@requires("admin")
@api.validate(json=LabelBody, resp=OK, tags=["labels"])
def change_label(label_id: int, json: LabelBody):
    row = db.session.get(Label, label_id)
    if row is None:
        raise NotFound("label")
    color = json.color if "color" in json.model_fields_set else row.color
    return label_json(labels.save_label(row, json.name, color, json.expected()))


@bp.delete("/api/app/labels/<int:label_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["labels"])
def delete_label(label_id: int):
    labels.delete_label(label_id)
    return "", 204


def reply_json(row: CannedReply) -> dict:
    version = edits.version_of(labels.editable_reply(row))
    return {"id": row.id, "shortcut": row.shortcut, "text": row.text, "version": version}


@bp.get("/api/app/canned-replies")
@requires("agent")
@api.validate(query=CannedReplyQuery, resp=OK, tags=["canned replies"])
def list_canned_replies(query: CannedReplyQuery):
    rows = labels.canned_replies(query.q)
    return {"items": [reply_json(row) for row in rows], "next_cursor": None}


@bp.post("/api/app/canned-replies")
@requires("admin")
@api.validate(json=CannedReplyBody, resp=MADE, tags=["canned replies"])
def create_canned_reply(json: CannedReplyBody):
    made = labels.save_canned_reply(CannedReply(), json.shortcut, json.text, me().author_id)
    return reply_json(made), 201


@bp.put("/api/app/canned-replies/<int:reply_id>")
@requires("admin")
@api.validate(json=CannedReplyBody, resp=OK, tags=["canned replies"])
def change_canned_reply(reply_id: int, json: CannedReplyBody):
    row = db.session.get(CannedReply, reply_id)
    if row is None:
        raise NotFound("canned reply")
    author_id, version = me().author_id, json.expected()
    return reply_json(labels.save_canned_reply(row, json.shortcut, json.text, author_id, version))


@bp.delete("/api/app/canned-replies/<int:reply_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["canned replies"])
def delete_canned_reply(reply_id: int):
    labels.delete_canned_reply(reply_id)
    return "", 204
