"""What Meta tells of templates by webhook. A hint: the list that is fetched is the truth."""

from datetime import timedelta

from sqlalchemy import select

from cloudchat.channels.base import TemplateUpdate
from cloudchat.events import MetaTemplateChanged, publish
from cloudchat.extensions import db
from cloudchat.models import MetaTemplate
from cloudchat.models.templates import APPROVED
from cloudchat.services.meta_templates import requests
from cloudchat.services.meta_templates.rules import normal_language

# Meta's times are whole seconds, and its clock is not ours.
SLACK = timedelta(seconds=30)


def apply(updates: list[TemplateUpdate]) -> None:
    """Note the news; part of the caller's transaction. Rows are locked in one order."""
    for update in sorted(updates, key=lambda item: (item.account, item.name, item.language)):
        _apply(update)


def _apply(update: TemplateUpdate) -> None:
    row = db.session.scalar(
        select(MetaTemplate)
        .where(
            MetaTemplate.waba_id == update.account,
            MetaTemplate.name == update.name,
            MetaTemplate.language == normal_language(update.language),
            MetaTemplate.deleted_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:  # made in Meta's own pages
        requests.ask(update.account)
        return
    if (row.meta_id and update.external_id and row.meta_id != update.external_id) or _is_old(row, update):
        return
    if update.status:
        row.status = update.status
        refused = update.status != APPROVED and update.reason not in (None, "NONE")
        row.rejected_reason = update.reason if refused else None
        row.rejection_details = update.details if update.status != APPROVED else None
    row.meta_id = row.meta_id or update.external_id
    row.quality = update.quality or row.quality
    row.category = update.category or row.category
    row.event_at = update.occurred_at or row.event_at
    db.session.flush()
    publish(MetaTemplateChanged(row.organization_id, row.id, row.waba_id, row.status))


def _is_old(row: MetaTemplate, update: TemplateUpdate) -> bool:
    """Did something later speak already: other news, or the list itself?"""
    if update.occurred_at is None:
        return False
    if row.event_at and update.occurred_at < row.event_at:
        return True
    return bool(row.last_synced_at and update.occurred_at < row.last_synced_at - SLACK)
