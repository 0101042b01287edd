"""Creating, editing and deleting templates at Meta.

Meta is asked while nothing is held: first a row says what is being done, then the call is made, then
its outcome is kept. Whoever dies between leaves a row `SUBMITTING`, which the next fetching settles.
A call whose outcome is not known is never made again before Meta was asked what became of it.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from cloudchat.channels.base import DeviceAccount
from cloudchat.clients.meta_graph import graph, waba_of
from cloudchat.errors import AppError, Conflict, Invalid, ProviderError, TooMany, Unavailable
from cloudchat.events import MetaTemplateChanged, publish
from cloudchat.extensions import db, now
from cloudchat.models import Device, MetaTemplate
from cloudchat.models.templates import APPROVED, DELETED, DRAFT, SUBMITTING
from cloudchat.services import audit, devices, wabas
from cloudchat.services.meta_templates import catalog, requests, rules
from cloudchat.services.meta_templates.rules import Draft, normal_language
from cloudchat.services.meta_templates.syncing import listed

EDITABLE = ("REJECTED", "PAUSED", DRAFT)
REFUSED = "provider_refused"


def create(device_id: int, given: dict, author_id: int | None) -> MetaTemplate:
    """Hand a new template to Meta. Raises Invalid (also where Meta refuses), Conflict, Unavailable.

    Where Meta's answer was lost the template comes back as `SUBMITTING`.
    """
    device = catalog.waba_device(device_id)
    draft = rules.checked(given)
    row = _claim(device, draft, author_id)
    account = devices.account(device)
    db.session.rollback()
    return _submit(row.id, account, draft)


def _claim(device: Device, draft: Draft, author_id: int | None) -> MetaTemplate:
    """The row that says what is being done; nobody else can do the same beside us."""
    row = MetaTemplate(
        device_id=device.id,
        waba_id=waba_of(device),
        name=draft.name,
        language=draft.language,
        category=draft.category,
        requested_category=draft.category,
        parameter_format=draft.parameter_format,
        components=draft.components,
        status=SUBMITTING,
        created_by=author_id,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        raise Conflict(
            "template_exists", code="template_exists", fields={"name": ["template_exists"]}
        ) from None
    audit.record("meta_template.created", row, name=draft.name, language=draft.language)
    _tell(row)
    db.session.commit()
    return row


def _submit(template_id: int, account: DeviceAccount, draft: Draft, keep: bool = False) -> MetaTemplate:
    """Create it at Meta. A refusal takes the row away again, unless it is to be kept as a draft."""
    try:
        answer = graph().create(account, draft.body())
    except ProviderError as error:
        answer = _look_up(account, draft.name, draft.language) if error.unknown_outcome else None
        if error.unknown_outcome and answer is None:
            return _unknown(template_id)
        if answer is None:
            _take_back(template_id, keep)
            raise refusal(account.id, error) from error
    _settle(template_id, answer)
    wabas.confirm(account.id, opened=True)  # the review's outcome comes as news of the WABA
    return catalog.get(template_id)


def _look_up(account: DeviceAccount, name: str, language: str) -> dict | None:
    """What Meta has under this name and language; None as well where it cannot be asked."""
    try:
        return graph().find(account, name, lambda item: normal_language(item.get("language")) == language)
    except ProviderError:
        return None


def _unknown(template_id: int) -> MetaTemplate:
    row = catalog.get(template_id, lock=True)
    requests.ask(row.waba_id)
    db.session.commit()
    return row


def _settle(template_id: int, answer: dict[str, Any]) -> MetaTemplate:
    """Keep what Meta said of a template that it took."""
    row = catalog.get(template_id, lock=True)
    if row.status == SUBMITTING:  # else a webhook was here before us
        told = listed({"name": row.name, "language": row.language, **answer})
        facts = told[2] if told else {}
        row.status = str(answer.get("status") or "PENDING").upper()[:30]
        row.category = facts["category"] if answer.get("category") else row.category
        row.meta_id = facts.get("meta_id", row.meta_id)
    else:
        row.meta_id = row.meta_id or str(answer.get("id"))
    row.updated_at = now()
    db.session.flush()
    _tell(row)
    db.session.commit()
    return row


def _take_back(template_id: int, keep: bool) -> None:
    row = db.session.get(MetaTemplate, template_id, with_for_update=True, populate_existing=True)
    if row is None or row.status != SUBMITTING:
        db.session.rollback()
        return
    if keep:
        row.status = DRAFT
    else:
        db.session.delete(row)
    _tell(row)
    db.session.commit()


def change(template_id: int, given: dict) -> MetaTemplate:
    """Change category and components of a refused, paused or unsent one; name and language stay.

    Raises Conflict where its status allows no change, Invalid, Unavailable.
    """
    row = catalog.get(template_id, lock=True)
    check_editable(row)
    kept = {"components": row.components, "category": row.category, "parameter_format": row.parameter_format}
    if "components" in given and "parameter_format" not in given:
        kept.pop("parameter_format")
    draft = rules.checked({**kept, **given, "name": row.name, "language": row.language})
    device = _device_of(row)
    was_draft, meta_id = row.status == DRAFT or not row.meta_id, row.meta_id
    if was_draft:
        row.status = SUBMITTING
        _apply(row, draft)
    audit.record("meta_template.changed", row, name=row.name, language=row.language)
    account = devices.account(device)
    db.session.commit()
    if not was_draft:
        return _edit(template_id, account, str(meta_id), draft)
    known = _look_up(account, draft.name, draft.language)  # an earlier try may have worked after all
    return _settle(template_id, known) if known else _submit(template_id, account, draft, keep=True)


def check_editable(row: MetaTemplate) -> None:
    """Raises Conflict that says why not, and what to do."""
    if row.status == APPROVED:
        raise Conflict("template_approved", code="template_approved")
    if row.status in ("PENDING", SUBMITTING):
        raise Conflict("template_pending", code="template_pending")
    if row.status not in EDITABLE:
        raise Conflict("template_not_editable", code="template_not_editable")


def _apply(row: MetaTemplate, draft: Draft) -> None:
    row.components, row.parameter_format = draft.components, draft.parameter_format
    row.category = row.requested_category = draft.category


def _edit(template_id: int, account: DeviceAccount, meta_id: str, draft: Draft) -> MetaTemplate:
    body = {key: value for key, value in draft.body().items() if key in ("category", "components")}
    try:
        graph().edit(account, meta_id, body)
    except ProviderError as error:
        if not error.unknown_outcome:
            raise refusal(account.id, error) from error
        return _unknown(template_id)  # the list will say which text it has
    row = catalog.get(template_id, lock=True)
    _apply(row, draft)
    if row.status in EDITABLE:
        row.status, row.rejected_reason, row.rejection_details = "PENDING", None, None
    db.session.flush()
    _tell(row)
    db.session.commit()
    return row


def delete(template_id: int, confirmed: bool = False) -> None:
    """Delete one language at Meta, then here. An approved one is in use, perhaps, so it is asked for
    twice. Raises Conflict, Invalid, Unavailable."""
    row = catalog.get(template_id)
    if row.status == APPROVED and not confirmed:
        raise Conflict("template_in_use", code="template_in_use")
    if row.status == SUBMITTING:
        raise Conflict("template_pending", code="template_pending")
    if row.meta_id and row.status != DELETED:
        account = devices.account(_device_of(row))
        name, language, meta_id = row.name, row.language, row.meta_id
        db.session.rollback()
        _delete_there(account, name, language, meta_id)
    row = catalog.get(template_id, lock=True)
    row.deleted_at = now()
    audit.record("meta_template.deleted", row, name=row.name, language=row.language)
    db.session.flush()
    publish(MetaTemplateChanged(row.organization_id, row.id, row.waba_id, DELETED))
    db.session.commit()


def _delete_there(account: DeviceAccount, name: str, language: str, meta_id: str) -> None:
    try:
        graph().delete(account, meta_id, name)
    except ProviderError as error:
        raise refusal(account.id, error) from error


def _device_of(row: MetaTemplate) -> Device:
    """The device whose token is used: the template's own, else another one of the WABA."""
    statement = (
        select(Device)
        .where(
            Device.type == "wa_official",
            Device.config["waba_id"].astext == row.waba_id,
            Device.deleted_at.is_(None),
        )
        .order_by(Device.id != (row.device_id or 0), Device.status != "connected", Device.id)
    )
    device = db.session.scalar(statement.limit(1))
    if device is None:
        raise Conflict("template_without_device", code="template_without_device")
    return device


def refusal(device_id: int, error: ProviderError) -> AppError:
    """What the caller is told of a call that failed."""
    if error.reauth:
        devices.mark(device_id, "needs_reauth", {"code": error.code, "message": error.message})
        db.session.commit()
    if error.permanent:
        words = error.message or error.details or ""
        told = {"provider_code": getattr(error, "subcode", None) or error.code, "details": error.details}
        return Invalid(words, code=REFUSED, extra={key: value for key, value in told.items() if value})
    if error.everyone and error.retry_after:
        return TooMany(code="provider_busy", retry_after=error.retry_after)
    return Unavailable(code="provider_away")


def _tell(row: MetaTemplate) -> None:
    publish(MetaTemplateChanged(row.organization_id, row.id, row.waba_id, row.status))
