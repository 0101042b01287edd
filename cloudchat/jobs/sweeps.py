"""Periodic jobs that find what a crash, a lost queue or an absent Redis left behind."""

import time
from datetime import timedelta

from sqlalchemy import delete, select

from cloudchat.extensions import db, now
from cloudchat.jobs import (
    bots,
    contacts,
    devices,
    enqueue,
    enqueue_delivery,
    enqueue_once,
    inbound,
    mails,
    media,
    notifications,
    ongkir,
    outbound,
    pipelines,
    ratings,
    system_job,
    tenant_job,
    webhooks,
)
from cloudchat.models import (
    ChatbotTalk,
    Conversation,
    Device,
    IdempotencyKey,
    Organization,
    WebhookEvent,
)
from cloudchat.services import (
    bot_analytics,
    bot_choices,
    clock_set_back,
    contact_import,
    conversations,
    delivery,
    facebook_connect,
    files,
    mailing,
    notification_list,
    push,
    push_browsers,
    settling,
    stored_events,
)
from cloudchat.services import media as media_service
from cloudchat.services import ratings as rating_service
from cloudchat.services.accounts import resets
from cloudchat.services.data import exporting
from cloudchat.services.ongkir import lookups, talks
from cloudchat.services.pipelines.automation import running
from cloudchat.services.webhooks import log as webhook_log
from cloudchat.services.webhooks import sending

EVENTS_KEPT = timedelta(days=10)  # Meta repeats for up to 7 days; repeats must still be known
DEAD_KEPT = timedelta(days=90)  # time enough for an admin to replay them
KEYS_KEPT = timedelta(days=2)
ORPHAN_AGE = 86_400  # seconds
SUMMING_TIMEOUT = 1800  # seconds; a broken-off run is taken up by the next
DELETED_AT_ONCE = 5000  # rows; one statement for millions would hold everybody else up


@system_job("the sweeper finds unprocessed events of every organization")
def unprocessed_events() -> None:
    for organization_id in stored_events.organizations_behind():
        enqueue_once(inbound.catch_up, organization_id, queue_name="messages")


@system_job("the sweeper finds due outbox rows of every organization")
def due_outbox() -> None:
    for organization_id in settling.organizations_with_lost():
        enqueue_once(outbound.settle_lost, organization_id, queue_name="messages")
    for organization_id, device_id in delivery.due_devices():
        enqueue_delivery(organization_id, device_id)


@system_job("the sweeper finds what a clock that was set back has put off, of every organization")
def times_ahead() -> None:
    for organization_id in clock_set_back.organizations_ahead():
        enqueue_once(outbound.put_times_right, organization_id, queue_name="messages")


@system_job("the sweeper finds files to fetch of every organization")
def pending_media() -> None:
    for organization_id, attachment_id in media_service.due():
        enqueue_once(media.fetch, organization_id, attachment_id)


@system_job("the accounts of every organization are looked after")
def connections() -> None:
    rows = select(Device.organization_id, Device.id).where(
        Device.deleted_at.is_(None), Device.is_active, Device.type != "webchat"
    )
    for organization_id, device_id in db.session.execute(rows).all():
        enqueue_once(devices.look_after, organization_id, device_id)


@system_job("snoozed conversations wake in every organization")
def snoozed() -> None:
    for organization_id in db.session.scalars(
        select(Conversation.organization_id)
        .where(Conversation.status == "snoozed", Conversation.snoozed_until <= now())
        .distinct()
    ):
        enqueue_once(wake_snoozed, organization_id)


@tenant_job
def wake_snoozed(organization_id: int) -> None:
    while conversations.wake_snoozed():
        pass


@system_job("stage automation is due in every organization")
def due_automation() -> None:
    for organization_id in running.organizations_with_due():
        enqueue_once(pipelines.run_due, organization_id)


@system_job("ratings of bots are due in every organization")
def due_ratings() -> None:
    due = select(ChatbotTalk.organization_id).where(ChatbotTalk.rating_due_at <= now()).distinct()
    for organization_id in db.session.scalars(due):
        enqueue_once(bots.ask_ratings, organization_id)


@system_job("ratings of agents are due in every organization")
def due_desk_ratings() -> None:
    for organization_id in rating_service.organizations_due():
        enqueue_once(ratings.ask, organization_id)


@system_job("bots of every organization have their hours summed")
def bot_hours_past() -> None:
    for organization_id in bot_analytics.with_bots():
        enqueue_once(bots.aggregate_recent, organization_id, timeout=SUMMING_TIMEOUT)


@system_job("bots of every organization have all their sums looked over")
def bot_history() -> None:
    for organization_id in bot_analytics.with_bots():
        enqueue_once(bots.aggregate_all, organization_id, timeout=SUMMING_TIMEOUT)


@system_job("contact imports whose worker died go on in every organization")
def stalled_imports() -> None:
    for organization_id, import_id in contact_import.stalled():
        enqueue(contacts.work_on_import, organization_id, import_id, timeout=contacts.IMPORT_TIMEOUT)


@system_job("the sweeper finds unanswered questions for shipping costs of every organization")
def late_ongkir() -> None:
    for organization_id, conversation_id in talks.late():
        enqueue_once(ongkir.answer, organization_id, conversation_id)


@system_job("the sweeper finds questions of every organization that a language model did not settle")
def late_choices() -> None:
    for organization_id, conversation_id in bot_choices.late():
        enqueue_once(bots.choose, organization_id, conversation_id, queue_name="messages")


@system_job("the sweeper finds pushes to send of every organization")
def due_pushes() -> None:
    for organization_id in push.organizations_due():
        enqueue_once(notifications.deliver, organization_id)


@system_job("webhooks have something to send in every organization")
def due_webhooks() -> None:
    for organization_id in sending.organizations_due():
        enqueue_once(webhooks.deliver, organization_id)


@system_job("the sweeper finds mails to send of every organization")
def due_mails() -> None:
    for organization_id in mailing.organizations_due():
        enqueue_once(mails.deliver, organization_id)


@system_job("old bookkeeping is removed in every organization")
def old_rows() -> None:
    for organization_id in db.session.scalars(select(Organization.id)):
        enqueue_once(clean, organization_id)


@tenant_job
def clean(organization_id: int) -> None:
    """Remove handled events, answered idempotency keys and files that no row names."""
    old = select(WebhookEvent.id).where(
        WebhookEvent.received_at < now() - EVENTS_KEPT, WebhookEvent.processed_at.is_not(None)
    )
    while _deleted(WebhookEvent, old.limit(DELETED_AT_ONCE)):
        db.session.commit()
    dead = select(WebhookEvent.id).where(WebhookEvent.dead_at < now() - DEAD_KEPT)
    while _deleted(WebhookEvent, dead.limit(DELETED_AT_ONCE)):
        db.session.commit()
    db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEYS_KEPT))
    db.session.commit()
    contact_import.drop_old_drafts()
    lookups.drop_old()
    facebook_connect.clean()
    while notification_list.drop_old():
        pass
    push_browsers.forget_dead()
    while webhook_log.drop_old():
        pass
    exporting.drop_old()
    mailing.drop_old()
    resets.drop_old()
    for path in files.orphans(organization_id, time.time() - ORPHAN_AGE):
        path.unlink(missing_ok=True)


def _deleted(model, ids) -> int:
    return db.session.execute(
        delete(model).where(model.id.in_(ids)).execution_options(synchronize_session=False)
    ).rowcount
