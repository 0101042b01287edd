"""Background work: how a job gets its tenant, and which events start which job.

Jobs are hints. The truth about pending work is a row in PostgreSQL, so a job that is lost with Redis
is made again by a sweeper (`schedule.py`). Each job may run twice.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from cloudchat import events
from cloudchat.extensions import redis
from cloudchat.patience import statements_within
from cloudchat.services import organizations
from cloudchat.tenancy import acting_as, all_organizations

log = structlog.get_logger(__name__)

QUEUES = ("messages", "default")  # a worker takes from them in turns
COURTESIES = "courtesies"  # what nobody waits for: only when both are empty, by workers of "default"
# How long a queued job keeps the same one from being queued, at most. A worker that dies with a job in
# its hand leaves the flag up, and the next sweep must not wait long for that.
FLAG_SECONDS = 5
QUEUED_SECONDS = 60  # a job of "messages" that waited longer is dropped: the sweepers have asked again;
# so is a courtesy: it would come too late to be one
DELIVERY_TIMEOUT = 300  # seconds; a large file may be on its way for a while

_app_context: Callable[[], AbstractContextManager] | None = None
_statement_seconds = 0


def bind(app_context: Callable[[], AbstractContextManager], statement_seconds: int) -> None:
    """Give jobs the app's context factory, so that they need no Flask, and say how long a statement of
    theirs may take; `create_app` does it."""
    global _app_context, _statement_seconds
    _app_context, _statement_seconds = app_context, statement_seconds


def tenant_job(function: Callable | None = None, *, also_inactive: bool = False) -> Callable:
    """A job for one organization: called with its id first, runs inside it, then tells the events.

    For one that is switched off nothing is done (unless the job says so). The rows stay, and the
    sweepers find them later.
    """
    if function is None:
        return functools.partial(tenant_job, also_inactive=also_inactive)

    @functools.wraps(function)
    def run(organization_id: int, *args, **kwargs):
        _begun(function, (organization_id, *args))
        with _context(), acting_as(organization_id), _logged(function, organization_id):
            if not also_inactive and not organizations.is_active(organization_id):
                return log.info("job_skipped", reason="the organization is switched off")
            try:
                return function(organization_id, *args, **kwargs)
            finally:
                events.drain()  # also what was committed before a failure

    run.is_job = "tenant"
    return run


def system_job(reason: str) -> Callable[[Callable], Callable]:
    """A job that looks across organizations, for a stated reason, and starts tenant jobs."""

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def run(*args, **kwargs):
            with _context(), _logged(function, None), all_organizations(reason):
                return function(*args, **kwargs)

        run.is_job = "system"
        return run

    return decorate


@contextmanager
def _context() -> Iterator[None]:
    if _app_context is None:
        raise RuntimeError("jobs run in a process that made the app first (`flask worker`)")
    with _app_context(), statements_within(_statement_seconds):
        yield


def _logged(function: Callable, organization_id: int | None) -> AbstractContextManager:
    return structlog.contextvars.bound_contextvars(job=function.__name__, organization_id=organization_id)


def queue(name: str = "default") -> Queue:
    return Queue(name, connection=redis.client, serializer=JSONSerializer)


def enqueue(function: Callable, *args, queue_name: str = "default", timeout: int = 120) -> bool:
    """Put a job into its queue. With Redis away it is left to the sweeper; answers whether it is in."""
    if not hasattr(function, "is_job"):
        raise TypeError(f"{function.__name__} is no job: it would run without a tenant")
    try:
        queue(queue_name).enqueue(
            function,
            *args,
            job_timeout=timeout,
            result_ttl=0,
            failure_ttl=86_400,
            ttl=None if queue_name == "default" else QUEUED_SECONDS,
        )
    except RedisError as error:
        log.warning("job_not_queued", job=function.__name__, error=str(error))
        return False
    return True


def enqueue_once(function: Callable, *args, queue_name: str = "default", timeout: int = 120) -> None:
    """The same, unless it is queued with these arguments and has not begun: nothing piles up while
    no worker runs. A flag in Redis says so; the job takes it down when it begins."""
    flag = _flag(function, args)
    try:
        if not redis.client.set(flag, 1, nx=True, ex=FLAG_SECONDS):
            return
        if not enqueue(function, *args, queue_name=queue_name, timeout=timeout):
            redis.client.delete(flag)
    except RedisError as error:
        log.warning("job_not_queued", job=function.__name__, error=str(error))


def enqueue_rarely(function: Callable, *args, every: int = 3600) -> None:
    """Queue a job unless the same one was queued within the time: a line that comes and goes is one news."""
    flag = _flag(function, args) + ":rarely"
    try:
        if redis.client.set(flag, 1, nx=True, ex=every):
            enqueue(function, *args)
    except RedisError as error:
        log.warning("job_not_queued", job=function.__name__, error=str(error))


def enqueue_delivery(organization_id: int, device_id: int) -> None:
    """Wake the sender of a device."""
    from cloudchat.jobs import outbound

    enqueue_once(
        outbound.deliver, organization_id, device_id, queue_name="messages", timeout=DELIVERY_TIMEOUT
    )


def _flag(function: Callable, args: tuple) -> str:
    return ":".join(["cloudchat", "queued", function.__module__, function.__name__, *map(str, args)])


def _begun(function: Callable, args: tuple) -> None:
    try:
        redis.client.delete(_flag(function, args))
    except RedisError as error:  # the flag will expire
        log.warning("flag_not_lowered", job=function.__name__, error=str(error))


def start_subscriptions() -> None:
    """Which event starts which job, and who writes in the transaction of an event."""
    from cloudchat.jobs import (
        bots,
        broadcasts,
        contacts,
        data,
        devices,
        inbound,
        mails,
        media,
        notifications,
        ongkir,
        outbound,
        pipelines,
        queueing,
        templates,
        webhooks,
    )
    from cloudchat.services.webhooks import recording

    def on_queued(event: events.MessageQueued) -> None:
        enqueue_delivery(event.organization_id, event.device_id)

    def on_stored(event: events.EventStored) -> None:
        enqueue(inbound.process, event.organization_id, event.event_id, queue_name="messages")

    def on_attachment(event: events.AttachmentPending) -> None:
        enqueue(media.fetch, event.organization_id, event.attachment_id)

    def on_read(event: events.ConversationRead) -> None:
        customer = event.audience.external_user_id
        ids = event.audience.organization_id, event.device_id
        enqueue(outbound.mark_read, *ids, event.external_id, customer, queue_name=COURTESIES)

    def on_tap(event: events.TapNoticed) -> None:
        enqueue(outbound.acknowledge, event.organization_id, event.device_id, event.details)

    def on_device(event: events.DeviceChanged) -> None:
        if event.status != "connected" and event.error:
            enqueue_rarely(devices.tell_admins, event.organization_id, event.device_id)

    def on_unnamed(event: events.ContactUnnamed) -> None:
        enqueue(devices.name_contact, event.organization_id, event.device_id, event.external_user_id)

    def on_sentences(event: events.SentencesWanted) -> None:
        enqueue_once(bots.read_sentences, event.organization_id, event.bot_id)

    def on_choice(event: events.ChoiceDue) -> None:
        # A customer waits for it: not behind an export
        enqueue(bots.choose, event.organization_id, event.conversation_id, queue_name="messages")

    events.subscribe(events.ChoiceDue, on_choice)

    def on_import(event: events.ContactImportDue) -> None:
        enqueue(
            contacts.work_on_import,
            event.organization_id,
            event.import_id,
            timeout=contacts.IMPORT_TIMEOUT,
        )

    def on_push_test(event: events.PushTestWanted) -> None:
        enqueue(notifications.send_test, event.organization_id, event.user_id)

    events.subscribe(events.PushTestWanted, on_push_test)

    def on_runs_due(event: events.PipelineRunsDue) -> None:
        enqueue_once(pipelines.run_due, event.organization_id)

    def on_mail(event: events.MailQueued) -> None:
        enqueue_once(mails.deliver, event.organization_id)

    events.subscribe(events.MailQueued, on_mail)

    def on_ongkir(event: events.OngkirDue) -> None:
        enqueue(ongkir.answer, event.organization_id, event.conversation_id)

    events.subscribe(events.OngkirDue, on_ongkir)
    events.subscribe(events.MessageQueued, on_queued)
    events.subscribe(events.EventStored, on_stored)
    events.subscribe(events.AttachmentPending, on_attachment)
    events.subscribe(events.ConversationRead, on_read)
    events.subscribe(events.DeviceChanged, on_device)
    events.subscribe(events.TapNoticed, on_tap)
    events.subscribe(events.SentencesWanted, on_sentences)
    events.subscribe(events.ContactUnnamed, on_unnamed)
    events.subscribe(events.ContactImportDue, on_import)
    events.subscribe(events.QueueDue, queueing.on_due)
    events.subscribe(events.DivisionClosing, queueing.on_closing)
    events.subscribe(events.AgentFree, queueing.on_agent_free)
    events.subscribe(events.AgentLeft, queueing.on_agent_left)
    events.subscribe(events.AgentPresence, queueing.on_presence)
    events.subscribe(events.MenusOwed, queueing.on_menus_owed)
    events.subscribe(events.PipelineRunsDue, on_runs_due)
    events.subscribe(events.BroadcastDue, broadcasts.on_due)
    events.subscribe(events.TemplateSyncDue, templates.on_sync_due)
    events.subscribe(events.WebhooksDue, webhooks.on_due)
    events.subscribe(events.ContactsErased, data.on_erased)
    events.subscribe(events.ExportDue, data.on_export_due)
    events.record(recording.record)
