"""Looking at Meta's templates: one, a page of them, and what a device can send."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import joinedload

from cloudchat.channels.payload import dicts
from cloudchat.clients.meta_graph import waba_of
from cloudchat.errors import Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import Device, MetaTemplate, MetaTemplateSync
from cloudchat.models.templates import APPROVED
from cloudchat.services import devices
from cloudchat.services.meta_templates.filling import fields_of
from cloudchat.services.meta_templates.rules import normal_language
from cloudchat.services.meta_templates.variables import text_of
from cloudchat.services.presenting import iso


@dataclass(frozen=True)
class Filter:
    """How the list is narrowed."""

    device_id: int | None = None
    waba_id: str = ""
    status: str = ""
    language: str = ""
    category: str = ""
    q: str = ""


def get(template_id: int, lock: bool = False) -> MetaTemplate:
    """A template that is not deleted here. Raises NotFound."""
    statement = (
        select(MetaTemplate)
        .where(MetaTemplate.id == template_id, MetaTemplate.deleted_at.is_(None))
        .execution_options(populate_existing=True)
    )
    row = db.session.scalar(statement.with_for_update() if lock else statement)
    if row is None:
        raise NotFound("template")
    return row


def waba_device(device_id: int) -> Device:
    """An official WhatsApp device that says which WABA it belongs to. Raises NotFound, Invalid."""
    device = devices.get(device_id)
    if device.type != "wa_official":
        raise Invalid("device", fields={"device_id": ["device_not_official"]})
    if not waba_of(device):
        raise Invalid("device", fields={"device_id": ["device_without_waba"]})
    return device


def page(wanted: Filter, after: tuple[str, int] | None, limit: int) -> list[MetaTemplate]:
    """A page by name, and one more where there is a next page."""
    statement = _narrowed(select(MetaTemplate).where(MetaTemplate.deleted_at.is_(None)), wanted)
    if after:
        statement = statement.where(tuple_(MetaTemplate.name, MetaTemplate.id) > tuple_(*after))
    statement = statement.order_by(MetaTemplate.name, MetaTemplate.id).limit(limit + 1)
    return list(db.session.scalars(statement.options(joinedload(MetaTemplate.device))))


def _narrowed(statement: Select, wanted: Filter) -> Select:
    if wanted.device_id is not None:
        device = devices.get(wanted.device_id)
        statement = statement.where(MetaTemplate.waba_id == waba_of(device))
    if wanted.waba_id:
        statement = statement.where(MetaTemplate.waba_id == wanted.waba_id)
    if wanted.status:
        statement = statement.where(MetaTemplate.status == wanted.status.upper())
    if wanted.language:
        statement = statement.where(MetaTemplate.language == normal_language(wanted.language))
    if wanted.category:
        statement = statement.where(MetaTemplate.category == wanted.category.upper())
    if wanted.q.strip():
        words = wanted.q.strip()
        body = MetaTemplate.components.cast(db.Text)
        statement = statement.where(
            or_(MetaTemplate.name.icontains(words, autoescape=True), body.icontains(words, autoescape=True))
        )
    return statement


def sendable(device: Device, q: str, after: tuple[str, int] | None, limit: int) -> list[MetaTemplate]:
    """The approved templates of the device's WABA, by name; one more where there is a next page."""
    waba_id = waba_of(device)
    if not waba_id:
        return []
    return page(Filter(waba_id=waba_id, status=APPROVED, q=q), after, limit)


def languages() -> list[str]:
    """Those that templates here are in."""
    statement = select(MetaTemplate.language).where(MetaTemplate.deleted_at.is_(None)).distinct()
    return sorted(db.session.scalars(statement))


def official_devices() -> list[Device]:
    """Devices that templates can be made with."""
    return [row for row in devices.all_devices() if row.type == "wa_official" and waba_of(row)]


def syncs() -> list[MetaTemplateSync]:
    return list(db.session.scalars(select(MetaTemplateSync).order_by(MetaTemplateSync.waba_id)))


def body_of(row: MetaTemplate) -> str:
    """The text of the template's body."""
    return next((text_of(part) for part in dicts(row.components) if part.get("type") == "BODY"), "")


def outward(row: MetaTemplate) -> dict[str, Any]:
    """A template for the API."""
    return {
        "id": row.id,
        "kind": "meta",
        "meta_id": row.meta_id,
        "waba_id": row.waba_id,
        "device_id": row.device_id,
        "device": {"id": row.device.id, "name": row.device.name} if row.device else None,
        "name": row.name,
        "language": row.language,
        "category": row.category,
        "requested_category": row.requested_category,
        "status": row.status,
        "quality": row.quality,
        "rejected_reason": row.rejected_reason,
        "rejection_details": row.rejection_details,
        "parameter_format": row.parameter_format,
        "components": row.components,
        "body": body_of(row),
        "fields": fields_of(row),
        "last_synced_at": iso(row.last_synced_at),
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
    }


def sync_outward(row: MetaTemplateSync) -> dict[str, Any]:
    """How fetching stands, for the API."""
    return {
        "waba_id": row.waba_id,
        "state": row.state,
        "done": row.done,
        "total": row.total,
        "added": row.added,
        "changed": row.changed,
        "vanished": row.vanished,
        "error": row.error,
        "started_at": iso(row.started_at),
        "finished_at": iso(row.finished_at),
        "last_synced_at": iso(row.succeeded_at),
    }
