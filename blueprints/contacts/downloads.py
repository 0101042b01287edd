"""Contacts as files: the list, a choice, or all about one contact."""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from flask import Response, jsonify, request
from flask_babel import gettext as _
from pydantic import Field, ValidationError

from blueprints.contacts import bp
from blueprints.contacts.schemas import Chosen
from cloudchat.downloads import send_table
from cloudchat.errors import Invalid
from cloudchat.fields import RowId
from cloudchat.services import contact_export, contacts
from cloudchat.services.contact_bulk import MAX_BULK
from cloudchat.services.contacts import Filter
from cloudchat.services.files import safe_name
from cloudchat.web import Body, me, requires


class ExportChoice(Body):
    """Which contacts, as what."""

    format: Literal["csv", "xlsx"] = "csv"
    q: str = Field("", max_length=200)
    label: Chosen = None
    ids: list[RowId] | None = Field(None, min_length=1, max_length=MAX_BULK)


@bp.get("/app/contacts/export")
@requires("manager")
def export_list():
    """The list as it is filtered."""
    return _file(_choice(request.args.to_dict()))


@bp.post("/app/contacts/export")
@requires("manager")
def export_chosen():
    """Those that were ticked."""
    return _file(_choice({**request.form.to_dict(), "ids": request.form.getlist("ids")}))


def _choice(given: dict) -> ExportChoice:
    try:
        return ExportChoice.model_validate(given)
    except ValidationError as error:
        fields = {str(item["loc"][0]): ["unknown"] for item in error.errors()}
        raise Invalid(code="invalid", fields=fields) from None


def _file(choice: ExportChoice) -> Response:
    wanted = Filter(choice.q, choice.label, tuple(choice.ids) if choice.ids else None)
    contact_export.record(wanted, choice.format)
    lines = contact_export.rows(me(), wanted, _headers())
    title = _("contacts")
    name = f"{title}-{_today()}.{choice.format}"
    return send_table(lines, choice.format, name, _("Contacts"))


def _headers() -> dict[str, str]:
    return {
        "name": _("Name"),
        "phone": _("Phone"),
        "email": _("Email"),
        "labels": _("Labels"),
        "created": _("Created"),
        "active": _("Last activity"),
    }


def _today() -> str:
    return datetime.now(ZoneInfo(me().timezone)).date().isoformat()


@bp.get("/app/contacts/<int:contact_id>/data")
@requires("manager")
def export_one(contact_id: int):
    """Everything that is kept about one contact, as JSON."""
    answer = jsonify(contact_export.everything(contact_id))
    name = safe_name(f"{contacts.get(contact_id).name}-{contact_id}.json")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
