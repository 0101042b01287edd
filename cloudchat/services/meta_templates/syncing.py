"""Fetching the templates of a WABA: page by page, each page a transaction.

What was touched here after the fetching began is newer than the list and stays as it is.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from cloudchat.channels import payload
from cloudchat.clients.meta_graph import graph, waba_of
from cloudchat.errors import NotFound, ProviderError
from cloudchat.events import MetaTemplateChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Device, MetaTemplate, MetaTemplateSync
from cloudchat.models.templates import DELETED, DRAFT, SUBMITTING
from cloudchat.services import devices, wabas
from cloudchat.services.meta_templates import requests
from cloudchat.services.meta_templates.catalog import official_devices, waba_device
from cloudchat.services.meta_templates.rules import normal_language
from cloudchat.tenancy import current_organization_id

log = structlog.get_logger(__name__)

# Meta may show a new template late; by then one that it does not show was never made.
LOST_AFTER = timedelta(minutes=10)


def request(device_id: int) -> MetaTemplateSync:
    """Have the templates of this device's WABA fetched soon. Raises NotFound, Invalid."""
    device = waba_device(device_id)
    waba_id = waba_of(device)
    requests.ask(waba_id)
    db.session.commit()
    return state_of(waba_id)


def request_all() -> int:
    """Have the templates of every WABA of the organization fetched soon; how many there are."""
    asked = {waba_of(device) for device in official_devices()}
    for waba_id in sorted(asked):
        requests.ask(waba_id)
    db.session.commit()
    return len(asked)


def state_of(waba_id: str) -> MetaTemplateSync:
    row = db.session.scalar(
        select(MetaTemplateSync)
        .where(MetaTemplateSync.waba_id == waba_id)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("sync")
    return row


def run(waba_id: str) -> None:
    """Fetch them now, unless somebody does so already."""
    started = _begin(waba_id)
    if started is None:
        return
    device = _speaker(waba_id)
    if device is None:
        return _end(waba_id, error={"code": "no_device", "message": ""})
    account, counts, done = devices.account(device), {"added": 0, "changed": 0}, 0
    db.session.rollback()  # nothing is held while Meta is asked
    try:
        for page in graph().templates(account):
            for item in page.items:
                outcome = _take(item, waba_id, device.id, started)
                if outcome:
                    counts[outcome] += 1
            done += len(page.items)
            requests.touch(waba_id, done=done, total=page.total, **counts)
            db.session.commit()
    except ProviderError as error:
        db.session.rollback()
        if error.reauth:
            devices.mark(device.id, "needs_reauth", {"code": error.code, "message": error.message})
        return _end(waba_id, error={"code": error.code, "message": error.message[:500]})
    vanished = _mark_vanished(waba_id, started)
    _end(waba_id, vanished=vanished)
    wabas.confirm(account.id, opened=True)


def _begin(waba_id: str) -> datetime | None:
    """Take the work; None where it is taken, or nobody wants it any more."""
    moment = now()
    stalled = MetaTemplateSync.updated_at < moment - requests.STALLED_AFTER
    taken = db.session.execute(
        update(MetaTemplateSync)
        .where(
            MetaTemplateSync.waba_id == waba_id,
            (MetaTemplateSync.state == "queued") | ((MetaTemplateSync.state == "running") & stalled),
        )
        .values(
            state="running",
            started_at=moment,
            updated_at=moment,
            done=0,
            total=None,
            added=0,
            changed=0,
            vanished=0,
        )
        .returning(MetaTemplateSync.id)
        .execution_options(synchronize_session=False)
    ).first()
    db.session.commit()
    return moment if taken else None


def _speaker(waba_id: str) -> Device | None:
    """A device whose token opens the WABA: one that works before one that does not."""
    return db.session.scalar(
        select(Device)
        .where(
            Device.type == "wa_official",
            Device.config["waba_id"].astext == waba_id,
            Device.deleted_at.is_(None),
            Device.is_active,
        )
        .order_by(Device.status != "connected", Device.id)
        .limit(1)
    )


def _take(item: dict, waba_id: str, device_id: int, started: datetime) -> str | None:
    """Note one listed template; answers `added` or `changed`."""
    told = listed(item)
    if told is None:
        return None
    name, language, facts = told
    row = db.session.scalar(
        select(MetaTemplate)
        .where(
            MetaTemplate.waba_id == waba_id,
            MetaTemplate.name == name,
            MetaTemplate.language == language,
            MetaTemplate.deleted_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        return _add(waba_id, device_id, name, language, facts)
    if row.updated_at > started:
        return None
    differs = any(getattr(row, key) != value for key, value in facts.items())
    for key, value in facts.items():
        setattr(row, key, value)
    row.last_synced_at = now()
    db.session.flush()
    if differs:
        publish(MetaTemplateChanged(row.organization_id, row.id, waba_id, row.status))
    return "changed" if differs else None


def _add(waba_id: str, device_id: int, name: str, language: str, facts: dict) -> str | None:
    """One made elsewhere. One that was deleted here stays so while Meta still shows it."""
    known = select(MetaTemplate.id).where(
        MetaTemplate.waba_id == waba_id,
        MetaTemplate.meta_id == facts["meta_id"],
        MetaTemplate.deleted_at.is_not(None),
    )
    if db.session.scalar(known.limit(1)):
        return None
    row = MetaTemplate(
        device_id=device_id, waba_id=waba_id, name=name, language=language, last_synced_at=now(), **facts
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:  # somebody makes it here at this moment
        return None
    publish(MetaTemplateChanged(row.organization_id, row.id, waba_id, row.status))
    return "added"


def listed(item: dict) -> tuple[str, str, dict[str, Any]] | None:
    """(name, language, fields) of a template as Meta lists it; None where it cannot be kept."""
    name, meta_id = payload.as_text(item.get("name"), 512), payload.ident(item.get("id"))
    language = normal_language(item.get("language"))[:20]
    if not name or not language or not meta_id or len(meta_id) > 64:
        return None
    reason = _word(item.get("rejected_reason"), 100)
    named = _word(item.get("parameter_format"), 12) == "NAMED"
    return (
        name,
        language,
        {
            "meta_id": meta_id,
            "status": _word(item.get("status"), 30) or "UNKNOWN",
            "category": _word(item.get("category"), 30) or "UNKNOWN",
            "quality": _word(payload.as_dict(item.get("quality_score")).get("score"), 20),
            "rejected_reason": None if reason == "NONE" else reason,
            "parameter_format": "NAMED" if named else "POSITIONAL",
            "components": payload.dicts(item.get("components")),
        },
    )


def _word(value: Any, most: int) -> str | None:
    return (payload.as_text(value, most) or "").strip().upper() or None


def _mark_vanished(waba_id: str, started: datetime) -> int:
    """Those that the complete list did not show: deleted there; one that we handed over and whose
    fate was unknown was never made, and is a draft again."""
    gone = (
        MetaTemplate.waba_id == waba_id,
        MetaTemplate.deleted_at.is_(None),
        func.coalesce(MetaTemplate.last_synced_at < started, True),
    )
    vanished = db.session.execute(
        update(MetaTemplate)
        .where(
            *gone,
            MetaTemplate.updated_at < started,
            MetaTemplate.status.not_in((DELETED, DRAFT, SUBMITTING)),
        )
        .values(status=DELETED, last_synced_at=now(), updated_at=now())
        .returning(MetaTemplate.id, MetaTemplate.status)
        .execution_options(synchronize_session=False)
    ).all()
    lost = db.session.execute(
        update(MetaTemplate)
        .where(*gone, MetaTemplate.status == SUBMITTING, MetaTemplate.updated_at < started - LOST_AFTER)
        .values(status=DRAFT, updated_at=now())
        .returning(MetaTemplate.id, MetaTemplate.status)
        .execution_options(synchronize_session=False)
    ).all()
    for template_id, status in (*vanished, *lost):
        publish(MetaTemplateChanged(current_organization_id(), template_id, waba_id, status))
    return len(vanished)


def _end(waba_id: str, error: dict | None = None, **counts) -> None:
    good = {} if error else {"succeeded_at": now()}
    state = "failed" if error else "done"
    requests.touch(waba_id, state=state, error=error, finished_at=now(), **good, **counts)
    db.session.commit()
    if error:
        log.warning("template_sync_failed", code=error["code"])
